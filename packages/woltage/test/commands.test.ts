import {afterEach, describe, expect, it} from 'vitest';
import {MemoryEventStore, MemoryEventStoreData, MemoryStore, TombstoneEvent, type IStore} from 'woltage';
import {createWallets, Deposited, walletData, type WalletApp} from './support/wallet.ts';

const apps: WalletApp[] = [];
async function create(...args: Parameters<typeof createWallets>): Promise<WalletApp> {
    const app = await createWallets(...args);
    apps.push(app);
    return app;
}
afterEach(async () => {
    for (const {woltage} of apps.splice(0))
        await woltage.stop();
});

const count = <R>(results: readonly PromiseSettledResult<R>[], status: 'fulfilled' | 'rejected'): number => results.filter(result => result.status === status).length;
const balanceOf = async ({woltage, wallet}: WalletApp, id = 'w'): Promise<number> => (await woltage.stateOf(wallet, id)).balance;

/** An event store without appends to several streams, as some databases are. */
class SingleStreamEventStore extends MemoryEventStore {
    override readonly supports = {multiStreamAppend: false} as never;
    override readonly appendAll = undefined as never;
}

describe('commands at the same time', () => {
    it('conflict when they are optimistic, and are decided anew as often as is allowed', async () => {
        const strict = await create();
        const results = await Promise.allSettled(Array.from({length: 10}, () => strict.woltage.executeCommand(strict.slow, 'w', {amount: 1, ms: 1})));
        expect(count(results, 'fulfilled')).toBe(1);
        expect(results.find(({status}) => status === 'rejected')).toMatchObject({reason: {code: 'REVISION_CONFLICT', status: 409}});

        const patient = await create(walletData(), {retryOnConflict: 50});
        await Promise.all(Array.from({length: 10}, () => patient.woltage.executeCommand(patient.slow, 'w', {amount: 1, ms: 1})));
        expect(await balanceOf(patient)).toBe(10);
    });

    it('are decided anew on the state that there is then', async () => {
        const app = await create(walletData(), {retryOnConflict: 50});
        await app.woltage.executeCommand(app.deposit, 'w', {amount: 10});
        const results = await Promise.allSettled(Array.from({length: 30}, () => app.woltage.executeCommand(app.withdraw, 'w', {amount: 1})));
        expect(count(results, 'fulfilled')).toBe(10);
        expect(results.filter(result => result.status === 'rejected').every(({reason}) => (reason as {code: string}).code === 'NOT_ENOUGH')).toBe(true);
        expect(await balanceOf(app)).toBe(0);
    });

    it('wait for each other where the aggregate is serialized, in their order, and others don\'t wait', async () => {
        const app = await create(walletData(), {concurrency: 'serialized'});
        const order: string[] = [];
        const run = (id: string, amount: number, ms: number): Promise<unknown> => app.woltage.executeCommand(app.slow, id, {amount, ms}).then(() => order.push(`${id}${amount}`));
        await Promise.all([run('a', 1, 30), run('a', 2, 1), run('b', 1, 1), run('a', 3, 1)]);
        expect(order).toEqual(['b1', 'a1', 'a2', 'a3']);
        const results = await Promise.allSettled(Array.from({length: 200}, () => app.woltage.executeCommand(app.deposit, 'w', {amount: 1})));
        expect(count(results, 'fulfilled')).toBe(200);
        expect(app.versions).toEqual(Array.from({length: 200}, (_, i) => i));
    });

    it('of a serialized aggregate go on behind one that fails, and refuse to wait for themselves', async () => {
        const app = await create(walletData(), {concurrency: 'serialized'});
        const selfish = app.wallet.registerCommand(async function selfish() {
            await app.woltage.executeCommand(app.deposit, 'w', {amount: 1});
        });
        const [failed, after, reentered] = await Promise.allSettled([
            app.woltage.executeCommand(app.withdraw, 'w', {amount: 1}), app.woltage.executeCommand(app.deposit, 'w', {amount: 1}), app.woltage.executeCommand(selfish, 'w', undefined)
        ]);
        expect(failed).toMatchObject({reason: {code: 'NOT_ENOUGH'}});
        expect(after.status).toBe('fulfilled');
        expect(reentered).toMatchObject({reason: {code: 'COMMAND_REENTERED'}});
        await app.woltage.executeCommand(selfish, 'another', undefined);
        expect(await balanceOf(app)).toBe(2);
        const detour = app.wallet.registerCommand(async function detour() {
            await app.woltage.executeCommand(selfish, 'between', undefined);
        });
        await expect(app.woltage.executeCommand(detour, 'w', undefined)).rejects.toMatchObject({code: 'COMMAND_REENTERED'});
    });

    it('that are decided anew get their payload as it came', async () => {
        const app = await create(walletData(), {retryOnConflict: 50});
        const greedy = app.wallet.registerCommand(async function greedy(_state, payload: {amounts: number[]}) {
            await new Promise(resolve => setTimeout(resolve, 1));
            return new Deposited({payload: {amount: payload.amounts.pop() as number}});
        });
        await Promise.all(Array.from({length: 10}, () => app.woltage.executeCommand(greedy, 'w', {amounts: [1, 2]})));
        expect(await balanceOf(app)).toBe(20);
    });

    it('that force their events never conflict', async () => {
        const app = await create();
        await Promise.all(Array.from({length: 10}, () => app.woltage.executeCommand(app.force, 'w', {amount: 1})));
        expect((await app.woltage.stateOf(app.wallet, 'w')).moves).toBe(20);
    });

    it.each<[string, object]>([
        ['an unknown option', {retry: 3}], ['a concurrency that there isn\'t', {concurrency: 'parallel'}], ['half a retry', {retryOnConflict: 0.5}], ['a projector version below 0', {projectorVersion: -1}]
    ])('are refused with options that make no sense: %s', async (_name, options) => {
        await expect(create(walletData(), options)).rejects.toMatchObject({code: 'AGGREGATE_INVALID'});
    });
});

describe('a unit of work', () => {
    it('appends the events of all its commands in one write, and later ones see those of earlier ones', async () => {
        const app = await create();
        const {woltage, deposit, withdraw} = app;
        const outcomes = await woltage.executeCommands([
            {command: deposit, aggregateId: 'a', payload: {amount: 10}},
            {command: withdraw, aggregateId: 'a', payload: {amount: 4}},
            {aggregate: 'wallet', command: 'depositTo', aggregateId: 'b', payload: {amount: 4}},
            {command: withdraw, aggregateId: 'a', payload: {amount: 6}}
        ], {atomic: true});
        expect(outcomes.map(({revision, events}) => [revision, events.length])).toEqual([[0n, 1], [1n, 1], [0n, 1], [2n, 1]]);
        expect(outcomes[1]?.events[0]).toMatchObject({type: 'withdrawn', revision: 1n, aggregateId: 'a'});
        expect(outcomes[0]?.position).toBe(outcomes[3]?.position);
        expect([await balanceOf(app, 'a'), await balanceOf(app, 'b')]).toEqual([0, 4]);
    });

    it('appends nothing when one of them fails', async () => {
        const app = await create();
        const {woltage, deposit, withdraw} = app;
        await expect(woltage.executeCommands([{command: deposit, aggregateId: 'a', payload: {amount: 1}}, {command: withdraw, aggregateId: 'b', payload: {amount: 1}}])).rejects.toMatchObject({code: 'NOT_ENOUGH'});
        await expect(woltage.executeCommands([{command: deposit, aggregateId: 'a', payload: {amount: 1}}, {command: deposit, aggregateId: 'b', payload: {amount: 'x'}}] as never)).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
        expect(app.versions).toEqual([0]);
        await expect(woltage.executeCommands([])).rejects.toMatchObject({code: 'INVALID_COMMANDS'});
        await expect(woltage.executeCommands([{command: 'nope', aggregate: 'wallet', aggregateId: 'a'}])).rejects.toMatchObject({code: 'UNKNOWN_COMMAND'});
        await expect(woltage.executeCommands([{command: deposit, aggregateId: ''}])).rejects.toMatchObject({code: 'INVALID_AGGREGATE_ID'});
        expect([await balanceOf(app, 'a'), await balanceOf(app, 'b')]).toEqual([0, 0]);
    });

    it('is refused before any handler runs where the event store can\'t, but for one aggregate', async () => {
        const app = await create(walletData(), {}, {eventStore: {adapter: SingleStreamEventStore, args: [new MemoryEventStoreData()]}});
        const {woltage, deposit} = app;
        const both = [{command: deposit, aggregateId: 'a', payload: {amount: 1}}, {command: deposit, aggregateId: 'b', payload: {amount: 1}}];
        await expect(woltage.executeCommands(both, {atomic: true})).rejects.toMatchObject({code: 'ATOMIC_UNSUPPORTED'});
        expect(app.versions).toEqual([]);
        await woltage.executeCommands(both, {atomic: false});
        await woltage.executeCommands([both[0], both[0]] as never, {atomic: true});
        expect([await balanceOf(app, 'a'), await balanceOf(app, 'b')]).toEqual([3, 1]);
    });

    it('that isn\'t atomic appends nothing twice when a part of it conflicts, and takes no idempotency key', async () => {
        const app = await create(walletData(), {}, {});
        const {woltage, deposit, wallet} = app;
        const meddling = wallet.registerCommand(async function meddling(_state, _payload, {aggregateId}) {
            await woltage.executeCommand(deposit, aggregateId, {amount: 100});
            return new Deposited({payload: {amount: 1}});
        });
        const unit = [{command: deposit, aggregateId: 'a', payload: {amount: 1}}, {command: meddling, aggregateId: 'b'}];
        await expect(woltage.executeCommands(unit, {atomic: false, retryOnConflict: 5})).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
        expect(await balanceOf(app, 'a')).toBe(1);
        await expect(woltage.executeCommands(unit, {atomic: false, idempotencyKey: 'k'})).rejects.toMatchObject({code: 'ATOMIC_REQUIRED'});
    });

    it('forces events only where all that an aggregate gets is forced', async () => {
        const app = await create();
        const {woltage, deposit, force, wallet} = app;
        const meddling = wallet.registerCommand(async function meddling(_state, _payload, {aggregateId}) {
            await woltage.executeCommand(deposit, aggregateId, {amount: 100});
            return {force: true, event: new Deposited({payload: {amount: 1}})};
        });
        await woltage.executeCommands([{command: meddling, aggregateId: 'a'}, {command: force, aggregateId: 'a', payload: {amount: 1}}]);
        await expect(woltage.executeCommands([{command: meddling, aggregateId: 'a'}, {command: deposit, aggregateId: 'a', payload: {amount: 1}}])).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
    });

    it('keeps its rules whatever runs beside it', async () => {
        const app = await create(walletData(), {retryOnConflict: 100});
        const {woltage, deposit, withdraw} = app;
        const ids = ['a', 'b', 'c', 'd'];
        await Promise.all(ids.map(aggregateId => woltage.executeCommand(deposit, aggregateId, {amount: 100})));
        const transfer = (i: number): Promise<unknown> => woltage.executeCommands([
            {command: withdraw, aggregateId: ids[i % 4] as string, payload: {amount: 7}}, {command: deposit, aggregateId: ids[(i * 3 + 1) % 4] as string, payload: {amount: 7}}
        ], {retryOnConflict: 100});
        await Promise.allSettled(Array.from({length: 100}, (_, i) => transfer(i)));
        const balances = await Promise.all(ids.map(id => balanceOf(app, id)));
        expect(balances.reduce((sum, balance) => sum + balance)).toBe(400);
        expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
    });

    it('waits for the mailboxes of all its aggregates, two of them never for each other', async () => {
        const app = await create(walletData(), {concurrency: 'serialized'});
        const {woltage, deposit} = app;
        const unit = (...ids: string[]): Promise<unknown> => woltage.executeCommands(ids.map(aggregateId => ({command: deposit, aggregateId, payload: {amount: 1}})));
        await Promise.all(Array.from({length: 50}, (_, i) => i % 2 === 0 ? unit('a', 'b') : unit('b', 'a', 'b')));
        expect([await balanceOf(app, 'a'), await balanceOf(app, 'b')]).toEqual([50, 75]);
    });
});

describe('an idempotency key', () => {
    it('has a repetition answered as the first was, also after a restart', async () => {
        const data = walletData();
        const first = await create(data);
        const outcome = await first.woltage.executeCommand(first.deposit, 'w', {amount: 5}, {}, {idempotencyKey: 'k1'});
        await first.woltage.executeCommand(first.deposit, 'w', {amount: 1});
        await first.woltage.stop();
        const second = await create(data);
        const repeated = await second.woltage.executeCommand('wallet', 'w', 'depositTo', {amount: 5}, {idempotencyKey: 'k1'});
        expect(repeated).toEqual(outcome);
        expect(repeated.events[0]).toMatchObject({type: 'deposited', revision: 0n, payload: {amount: 5}});
        expect(await balanceOf(second)).toBe(6);
    });

    it('has all that come while the first is running wait for it, in this and in other instances', async () => {
        const data = walletData();
        const instances = [await create(data), await create(data), await create(data)];
        const outcomes = await Promise.all(Array.from({length: 30}, (_, i) => {
            const {woltage, slow} = instances[i % 3] as WalletApp;
            return woltage.executeCommand(slow, 'w', {amount: 1, ms: 30}, undefined, {idempotencyKey: 'same'});
        }));
        expect(new Set(outcomes.map(({events}) => events[0]?.id)).size).toBe(1);
        expect(await balanceOf(instances[0] as WalletApp)).toBe(1);
    });

    it('may be used again when nothing was appended, but not for another request', async () => {
        const app = await create();
        const {woltage, deposit, withdraw} = app;
        const options = {idempotencyKey: 'k'};
        await expect(woltage.executeCommand(withdraw, 'w', {amount: 1}, {}, options)).rejects.toMatchObject({code: 'NOT_ENOUGH'});
        await woltage.executeCommand(deposit, 'w', {amount: 1});
        await woltage.executeCommand(withdraw, 'w', {amount: 1}, {}, options);
        await woltage.executeCommand(withdraw, 'w', {amount: 1}, {}, options);
        expect(await balanceOf(app)).toBe(0);
        await expect(woltage.executeCommand(withdraw, 'w', {amount: 2}, {}, options)).rejects.toMatchObject({code: 'IDEMPOTENCY_KEY_REUSED', status: 409});
        await expect(woltage.executeCommand(withdraw, 'v', {amount: 1}, {}, options)).rejects.toMatchObject({code: 'IDEMPOTENCY_KEY_REUSED'});
        for (const idempotencyKey of ['', 'x'.repeat(257), 5 as never])
            await expect(woltage.executeCommand(deposit, 'w', {amount: 1}, {}, {idempotencyKey})).rejects.toMatchObject({code: 'INVALID_IDEMPOTENCY_KEY'});
    });

    it('has the end of an aggregate answered again, and what was done before it', async () => {
        const app = await create();
        const end = app.wallet.registerCommand(function end() {
            return new TombstoneEvent();
        });
        const {woltage, deposit} = app;
        await woltage.executeCommand(deposit, 'w', {amount: 1}, {}, {idempotencyKey: 'before'});
        const first = await woltage.executeCommand(end, 'w', undefined, {}, {idempotencyKey: 'end'});
        expect(await woltage.executeCommand(end, 'w', undefined, {}, {idempotencyKey: 'end'})).toEqual(first);
        expect(await woltage.executeCommand(deposit, 'w', {amount: 1}, {}, {idempotencyKey: 'before'})).toMatchObject({revision: 0n, events: []});
        await expect(woltage.executeCommand(deposit, 'w', {amount: 1}, {}, {idempotencyKey: 'after'})).rejects.toMatchObject({status: 410});
    });

    it('holds for a unit of work as a whole', async () => {
        const data = walletData();
        const [one, two] = [await create(data), await create(data)];
        const unit = ({woltage, deposit}: WalletApp) => woltage.executeCommands([
            {command: deposit, aggregateId: 'a', payload: {amount: 1}}, {command: deposit, aggregateId: 'a', payload: {amount: 2}}, {command: deposit, aggregateId: 'b', payload: {amount: 3}}
        ], {idempotencyKey: 'unit'});
        const [first, second] = await Promise.all([unit(one), unit(two)]);
        expect(second).toEqual(first);
        expect([await balanceOf(one, 'a'), await balanceOf(one, 'b')]).toEqual([3, 3]);
    });

    it.each(['before', 'after'])('finds what was appended by somebody who died %s the answer was kept', async when => {
        const data = walletData();
        const app = await create(data, {}, {internalStore: {adapter: ForgetfulStore, args: [data.records, when]}});
        const {woltage, deposit} = app;
        const run = ({woltage: instance, deposit: command}: WalletApp) => instance.executeCommands([
            {command, aggregateId: 'a', payload: {amount: 1}}, {command, aggregateId: 'a', payload: {amount: 2}}, {command, aggregateId: 'b', payload: {amount: 3}}
        ], {idempotencyKey: 'k'});
        const first = await run(app);
        await woltage.executeCommand(deposit, 'a', {amount: 100});
        const other = await create(data);
        if (when === 'before')
            await disown(data);
        const second = await run(other);
        expect(second.map(({revision, events}) => [revision, events.map(({id}) => id)])).toEqual(first.map(({revision, events}) => [revision, events.map(({id}) => id)]));
        expect([await balanceOf(other, 'a'), await balanceOf(other, 'b')]).toEqual([103, 3]);
    });
});

/** Loses the answers for idempotency keys, as a process does that dies behind an append. */
class ForgetfulStore extends MemoryStore {
    readonly #when: string;

    constructor(data: never, when: string, ...rest: never[]) {
        super(data, ...rest);
        this.#when = when;
    }

    override scope(options: never): never {
        const scope = super.scope(options) as unknown as IStore;
        if ((options as {namespace: string}).namespace !== '_idempotency' || this.#when === 'after')
            return scope as never;
        const commit = scope.commit.bind(scope);
        scope.commit = batch => batch.records?.some(({value}) => value?.includes('"answer"')) === true ? Promise.reject(new Error('gone')) : commit(batch);
        return scope as never;
    }
}

/** Beyond all process ids. */
const NO_PROCESS = 2 ** 30;

async function disown(data: ReturnType<typeof walletData>): Promise<void> {
    const store = new MemoryStore(data.records);
    await store.connect();
    const scope = store.scope({namespace: '_idempotency', tables: {}});
    for (const {key, value} of await scope.listRecords('')) {
        const entry = JSON.parse(value) as {readonly owner: object};
        await scope.commit({records: [{key, value: JSON.stringify({...entry, owner: {...entry.owner, id: 'gone', pid: NO_PROCESS}}), token: 'disowned'}]});
    }
}
