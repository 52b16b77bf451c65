import {describe, expect, it} from 'vitest';
import {Aggregate, defineEvent, DuplicateAggregateError, Event, NotFoundError, ReadModel, ValidationError, z} from 'woltage';
import {createGiven, DEFAULT_AGGREGATE_ID, eventLike, given} from '@woltage/testing';
import {account, clear, deposit, InsufficientFunds, open, withdraw} from './bank/account.ts';
import {AccountOpened, Deposited, Withdrawn} from './bank/events.ts';
import {AccountProjector} from './bank/projectors.ts';

const annsAccount = () => [new AccountOpened({payload: {owner: 'Ann'}}), new Deposited({payload: {amount: 50}})];

describe('a command on what is given', () => {
    it('comes to events', async () => {
        await given([new AccountOpened({payload: {owner: 'Ann'}}), new Deposited({payload: {amount: 50}})])
            .when(withdraw, {amount: 10})
            .then([new Withdrawn({payload: {amount: 10}})]);
    });

    it('comes to an error', async () => {
        await given(annsAccount()).when(withdraw, {amount: 60}).then(InsufficientFunds);
        await given(annsAccount()).when(withdraw, {amount: 60}).then('INSUFFICIENT_FUNDS');
        await given(annsAccount()).when(withdraw, {amount: 60}).then(/10 too few/);
        await given(annsAccount()).when(withdraw, {amount: 60}).then(error => error instanceof InsufficientFunds && error.code === 'INSUFFICIENT_FUNDS');
        await given(annsAccount()).when(withdraw, {amount: 60}).then(error => expect(error).toMatchObject({details: {missing: 10}}));
        await given(annsAccount()).when(withdraw, {amount: 60}).then(new InsufficientFunds(10));
        await given().when(withdraw, {amount: 60}).then(NotFoundError);
    });

    it('comes to nothing', async () => {
        await given([new AccountOpened({payload: {owner: 'Ann'}})]).when(clear, {}).thenNothing();
        await given(annsAccount()).when(clear, undefined).then(new Withdrawn({payload: {amount: 50}}));
    });

    it('comes to a state', async () => {
        await given(annsAccount()).when(withdraw, {amount: 10}).thenState({owner: 'Ann', balance: 40});
        await given(annsAccount()).when(withdraw, {amount: 10}).thenState<{balance: number}>(({balance}) => balance === 40);
    });

    it('is executed once, however much is expected of it', async () => {
        let runs = 0;
        const counter = Aggregate.create('counter');
        const count = counter.registerCommand(function count() {
            runs++;
            return new Deposited({payload: {amount: 1}});
        });
        const counted = given().when(count, undefined);
        expect(runs).toBe(0);
        await counted.then([Deposited]);
        await counted.thenState({});
        expect(runs).toBe(1);
    });

    it('may be named by the aggregate and its own name', async () => {
        await given().when(account, 'open', {owner: 'Ann'}).then([new AccountOpened({payload: {owner: 'Ann'}})]);
    });

    it('is validated', async () => {
        await given(annsAccount()).when(deposit, {amount: -1}).then(ValidationError);
        await given(annsAccount()).when(deposit, {amount: -1}).then('VALIDATION_FAILED');
    });

    it('is told its context, of which `aggregateId` says which aggregate is meant', async () => {
        await given([new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}}), new AccountOpened({aggregateId: 'a-2', payload: {owner: 'Bob'}}), new Deposited({aggregateId: 'a-2', payload: {amount: 5}})])
            .when(withdraw, {amount: 5}, {aggregateId: 'a-2', bookedBy: 'clerk'})
            .then([new Withdrawn({aggregateId: 'a-2', payload: {amount: 5}, meta: {bookedBy: 'clerk'}})]);
        await given([new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}})]).when(open, {owner: 'Ann'}, {aggregateId: 'a-2'}).then([AccountOpened]);
    });

    it('is for the aggregate of the given events, or a default one', async () => {
        await given([new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}})]).when(open, {owner: 'Ann'}).then(DuplicateAggregateError);
        await given().when(deposit, {amount: 1}).then(error => expect(error.message).toContain(DEFAULT_AGGREGATE_ID));
        await given().when(open, {owner: 'Ann'}).then([new AccountOpened({aggregateId: DEFAULT_AGGREGATE_ID, payload: {owner: 'Ann'}})]);
    });

    it('compares bigint and Date, and meta and ids only where they are given', async () => {
        const booked = defineEvent('Booked', {schema: z.object({cents: z.bigint(), at: z.date()})});
        const ledger = Aggregate.create('ledger');
        const book = ledger.registerCommand(z.object({cents: z.bigint(), at: z.date()}), function book(_state, payload) {
            return new booked({payload, meta: {by: 'x'}});
        });
        const payload = {cents: 12345678901234567890n, at: new Date(5)};
        await given().when(book, payload).then([new booked({payload})]);
        await given().when(book, payload).then([new booked({id: 'other', timestamp: 3, payload, meta: {by: 'x'}})]);
        await expect(given().when(book, payload).then([new booked({payload: {...payload, at: new Date(6)}})])).rejects.toThrow(/payload.at: expected 1970-01-01T00:00:00.006Z, got 1970-01-01T00:00:00.005Z/);
        await expect(given().when(book, payload).then([new booked({payload: {...payload, cents: 1n}})])).rejects.toThrow(/payload.cents: expected 1n, got 12345678901234567890n/);
        await expect(given().when(book, payload).then([new booked({payload, meta: {by: 'y'}})])).rejects.toThrow(/meta.by: expected 'y', got 'x'/);
    });

    it('leaves room for what can\'t be known', async () => {
        const numbered = z.object({number: z.uuid(), total: z.number()});
        class Numbered extends Event<typeof numbered> {
            static schema = numbered;
            static version = 1;
        }
        const invoice = Aggregate.create('invoice');
        const number = invoice.registerCommand(function number() {
            return new Numbered({payload: {number: crypto.randomUUID(), total: 9}});
        });
        await given().when(number, undefined).then([Numbered]);
        await given().when(number, undefined).then([eventLike(Numbered, {number: expect.any(String), total: 9})]);
        await expect(given().when(number, undefined).then([eventLike(Numbered, {number: expect.any(Number), total: 9})])).rejects.toThrow(/payload.number: expected Any/);
    });
});

describe('what is given', () => {
    const v1 = z.object({total: z.number()});
    const v2 = z.object({total: z.number(), currency: z.string()});
    class PricedV1 extends Event<typeof v1> {
        static type = 'priced';
        static schema = v1;
        static version = 1;
    }
    class PricedV2 extends Event<typeof v2> {
        static type = 'priced';
        static schema = v2;
        static version = 2;

        static upcast(payload: z.infer<typeof v1>) {
            return {...payload, currency: 'EUR'};
        }
    }
    const priced = Aggregate.create('price', {$init: () => ({last: ''})}).on(PricedV2, (_state, {payload}) => ({last: `${payload.total} ${payload.currency}`}));
    const reprice = priced.registerCommand(v2, function reprice(_state, payload) {
        return new PricedV2({payload});
    });

    it('is upcast on the way to the state', async () => {
        await given([new PricedV1({payload: {total: 3}})], {eventClasses: [PricedV1, PricedV2]}).when(reprice, {total: 4, currency: 'USD'}).then([new PricedV2({payload: {total: 4, currency: 'USD'}})]);
        const silent = priced.registerCommand(function look() {
            return [];
        });
        await given([new PricedV1({payload: {total: 3}})], {eventClasses: [PricedV1, PricedV2]}).when(silent, undefined).thenState({last: '3 EUR'});
    });

    it('is told apart by version', async () => {
        await expect(given().when(reprice, {total: 4, currency: 'USD'}).then([new PricedV1({payload: {total: 4}})])).rejects.toThrow(/version: expected 1, got 2/);
    });

    it('may belong to several aggregates, also of other kinds, that a command asks', async () => {
        const limits = Aggregate.create('limit', {$init: () => ({total: 0})}).on(PricedV1, (_state, {payload}) => payload);
        let seen: unknown;
        const asking = Aggregate.create('asking').on(Deposited, () => undefined);
        const ask = asking.registerCommand(async function ask() {
            seen = await Accounts.get().balanceOf('a-9');
            return [];
        });
        const ours = createGiven({aggregates: [account, limits], projectorClasses: [AccountProjector], readModelClasses: [Accounts], eventClasses: [AccountOpened, Deposited, Withdrawn, PricedV1]});
        await ours([new PricedV1({aggregateId: 'l-1', payload: {total: 3}})])
            .and(account, 'a-9', [new AccountOpened({payload: {owner: 'Ann'}}), new Deposited({payload: {amount: 7}})])
            .when(ask, undefined)
            .thenNothing();
        expect(seen).toBe(7);
    });

    it('is history: no side effect runs for it', async () => {
        const counting = createGiven({projectorClasses: [AccountProjector]});
        await counting(annsAccount()).when(deposit, {amount: 1}).then([new Deposited({payload: {amount: 1}})]);
        const {outbox} = await import('./bank/projectors.ts');
        expect(outbox.mails).not.toContain('Ann');
    });

    it('is stamped by the clock, unless it says its id or its time', async () => {
        const [first, second] = [new AccountOpened({payload: {owner: 'Ann'}}), new Deposited({payload: {amount: 1}})];
        const dated = new Deposited({timestamp: 5, payload: {amount: 1}});
        const named = new Deposited({id: 'my-id', payload: {amount: 1}});
        given([first, second, dated, named]);
        expect([first.id, second.id, first.timestamp]).toEqual(['019b76da-a800-7000-8000-000000000001', '019b76da-a800-7000-8000-000000000002', Date.UTC(2026, 0, 1)]);
        expect([dated.timestamp, named.id]).toEqual([5, 'my-id']);
        expect(first.correlationId).toBe(first.id);
    });
});

class Accounts extends ReadModel<AccountProjector> {
    projectionName = 'account';

    async balanceOf(id: string) {
        return (await this.store.tables.accounts.get({id}))?.balance;
    }
}
