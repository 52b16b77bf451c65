import {beforeEach, describe, expect, it} from 'vitest';
import {emit, Projector, sideEffect, z} from 'woltage';
import {DEFAULT_AGGREGATE_ID, given, ran} from '@woltage/testing';
import {AccountOpened, Deposited, WelcomeSent, Withdrawn} from './bank/events.ts';
import {AccountProjector, outbox, sendWelcome, tellOwner} from './bank/projectors.ts';
import {AccountProjectorV2} from './bank/projectors-v2.ts';

const id = 'a-1';
const history = () => [
    new AccountOpened({aggregateId: id, payload: {owner: 'Ann'}}),
    new Deposited({aggregateId: id, payload: {amount: 50}}),
    new Withdrawn({aggregateId: id, payload: {amount: 10}})
];
const rows = {accounts: [{id, owner: 'Ann', balance: 40}], owners: [{owner: 'Ann', accounts: 1}]};

beforeEach(() => {
    outbox.mails = [];
    outbox.failures = 0;
});

describe('a projector', () => {
    it('comes to rows', async () => {
        await given([new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}}), new Deposited({aggregateId: 'a-1', payload: {amount: 50}})])
            .expectRows(AccountProjector, {accounts: [{id: 'a-1', owner: 'Ann', balance: 50}]});
    });

    it('comes to rows whose order doesn\'t matter, in the tables that are named', async () => {
        const two = () => [...history(), new AccountOpened({aggregateId: 'a-0', payload: {owner: 'Bob'}})];
        await given(two()).expectRows(AccountProjector, {accounts: [{id, owner: 'Ann', balance: 40}, {id: 'a-0', owner: 'Bob', balance: 0}]});
        await given(two()).expectRows(AccountProjector, {accounts: [{id: 'a-0', owner: 'Bob', balance: 0}, {id, owner: 'Ann', balance: 40}]});
        await given(two()).expectRows(AccountProjector, {owners: [{owner: expect.stringMatching(/Ann/) as string, accounts: 1}, {owner: 'Bob', accounts: expect.any(Number) as number}]});
        await given().expectRows(AccountProjector, {accounts: [], owners: []});
    });

    it('handles events that say no aggregate as those of one', async () => {
        await given([new AccountOpened({payload: {owner: 'Ann'}})]).expectRows(AccountProjector, {accounts: [{id: DEFAULT_AGGREGATE_ID, owner: 'Ann', balance: 0}]});
    });

    it('has side effects for what is new, and emits', async () => {
        const projected = given([new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}}), new Deposited({aggregateId: 'a-1', payload: {amount: 50}})])
            .project(AccountProjector);
        await projected.expectEffects([ran(tellOwner, 'Ann', 50), ran(sendWelcome, {to: 'Ann'})]);
        await projected.expectEmitted([new WelcomeSent({payload: {to: 'Ann'}})]);
        await projected.expectRows({accounts: [{id: 'a-1', owner: 'Ann', balance: 50}]});
        expect(outbox.mails.sort()).toEqual(['Ann', 'Ann: 50']);
    });

    it('has none in a replay', async () => {
        const replayed = given([new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}}), new Deposited({aggregateId: 'a-1', payload: {amount: 50}})])
            .replay(AccountProjector);
        await replayed.expectRows({accounts: [{id: 'a-1', owner: 'Ann', balance: 50}]});
        await replayed.expectEffects([]);
        await replayed.expectEmitted([]);
        expect(outbox.mails).toEqual([]);
    });

    it('takes over from another version while events come, and loses no effect', async () => {
        for (const after of [undefined, 0, 1, 2, 3]) {
            outbox.mails = [];
            const switched = given(history()).switch(AccountProjector, AccountProjectorV2, {after});
            await switched.expectRows({accounts: [{id, owner: 'Ann', balance: 4000}], owners: [{owner: 'Ann', accounts: 1}]});
            await switched.expectEmitted([new WelcomeSent({aggregateId: id, payload: {to: 'Ann'}})]);
            const {effects} = await switched.outcome();
            expect(effects.map(({name}) => name).sort()).toEqual(['bank-send-welcome', 'tellOwner', 'tellOwner']);
            expect(effects.filter(({name}) => name === 'tellOwner').map(({args}) => args[1])).toEqual([after === 3 || after === 2 ? 50 : expect.any(Number), after === 3 ? 40 : expect.any(Number)]);
        }
    });

    it('takes over from a class of another name, and of the same version', async () => {
        class BankProjector extends AccountProjector {}
        await given(history()).switch(AccountProjector, BankProjector).expectRows(rows);
    });

    it('waits out the retries of a durable effect, on the clock', async () => {
        outbox.failures = 2;
        const began = performance.now();
        const projected = given([new AccountOpened({payload: {owner: 'Ann'}})]).project(AccountProjector);
        await projected.expectEffects([ran('bank-send-welcome', {to: 'Ann'})]);
        expect(outbox.mails).toEqual(['Ann']);
        expect((await projected.outcome()).effects.map(({attempt}) => attempt)).toEqual([1, 2, 3]);
        expect(performance.now() - began).toBeLessThan(900);
    });

    it('records what a side effect brings about by commands and in other effects', async () => {
        const schema = {t: {key: z.object({id: z.string()})}};
        const inner = sideEffect(async (text: string) => {
            await emit('note', new WelcomeSent({aggregateId: 'n', payload: {to: text}}));
        });
        const outer = sideEffect(async (text: string) => inner(`${text}!`));
        class NoteProjector extends Projector<typeof schema> {
            static schema = schema;
            static version = 1;

            async [AccountOpened.identity]({payload}: AccountOpened) {
                await outer(payload.owner);
            }
        }
        const projected = given([new AccountOpened({payload: {owner: 'Ann'}})]).project(NoteProjector);
        await projected.expectEffects([ran(outer, 'Ann'), ran(inner, 'Ann!')]);
        await projected.expectEmitted(new WelcomeSent({aggregateId: 'n', payload: {to: 'Ann!'}}));
    });
});
