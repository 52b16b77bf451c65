// A suite as a user writes it, in plain JavaScript: it runs under Vitest, Jest and node:test alike.
import {Action, Aggregate, defineEvent, onEvent, Projector, WoltageError, z} from 'woltage';
import {createTestWoltage, given} from '@woltage/testing';

const Opened = defineEvent('Opened', {schema: z.object({owner: z.string()})});
const Deposited = defineEvent('Deposited', {schema: z.object({amount: z.bigint(), at: z.date()})});

const account = Aggregate.create('account', {$init: () => ({isOpen: false})}).on(Opened, () => ({isOpen: true}));
const deposit = account.registerCommand(Deposited.schema, function deposit({isOpen}, payload) {
    if (!isOpen)
        throw new WoltageError('There is no such account.', 404, {code: 'NO_ACCOUNT'});
    return new Deposited({payload});
});

class AccountProjector extends Projector {
    static schema = {accounts: {key: z.object({id: z.string()}), schema: z.object({balance: z.bigint()})}};
    static version = 1;

    async [Opened.identity]({aggregateId: id}) {
        await this.store.tables.accounts.set({id, balance: 0n});
    }

    async [Deposited.identity]({aggregateId: id, payload: {amount}}) {
        const {balance} = await this.store.tables.accounts.get({id});
        await this.store.tables.accounts.set({id, balance: balance + amount});
    }
}

const noticed = Action.create('notice', {
    on: onEvent(Deposited), retry: {maxAttempts: 2},
    async handler({amount}, {event, run, services}) {
        if (amount < 0n)
            return;
        await run(deposit, event.aggregateId, {amount: -amount, at});
        services.check(amount);
    }
});

const at = new Date('2026-01-01T00:00:00Z');
const opened = () => new Opened({aggregateId: 'a-1', payload: {owner: 'Ann'}});
const deposited = amount => new Deposited({aggregateId: 'a-1', payload: {amount, at}});

export function passing({describe, it}) {
    describe('an account', () => {
        it('takes deposits', () => given([opened()]).when(deposit, {amount: 5n, at}).then([deposited(5n)]));
        it('must be there', () => given([]).when(deposit, {amount: 5n, at}).then('NO_ACCOUNT'));
        it('has a row', () => given([opened(), deposited(5n)]).expectRows(AccountProjector, {accounts: [{id: 'a-1', balance: 5n}]}));
        it('is seen to by an action, which is tried again', async () => {
            let calls = 0;
            const check = () => {
                if (++calls === 1)
                    throw new Error('Again');
            };
            await given([opened()], {aggregates: [account], services: {check}}).when(noticed, deposited(5n)).then([deposited(-5n)]);
        });
        it('works on a test runtime', async () => {
            const {woltage, clock, settled, events, stop} = await createTestWoltage({aggregates: [account], projectorClasses: [AccountProjector]});
            await woltage.executeCommand(account, 'a-1', 'deposit', {amount: 5n, at}).then(() => {
                throw new Error('This can\'t be.');
            }, () => undefined);
            await clock.advance(1000);
            await settled();
            const list = await events();
            await stop();
            if (list.length !== 0)
                throw new Error('There should be nothing.');
        });
    });
}

export function failing({describe, it}) {
    describe('expectations that fail', () => {
        it('of events', () => given([opened()]).when(deposit, {amount: 5n, at}).then([deposited(6n)]));
        it('of actions', () => given([opened()], {aggregates: [account], services: {check: () => undefined}}).when(noticed, deposited(5n)).then([deposited(-6n)]));
        it('of rows', () => given([opened(), deposited(5n)]).expectRows(AccountProjector, {accounts: [{id: 'a-1', balance: 6n}]}));
    });
}
