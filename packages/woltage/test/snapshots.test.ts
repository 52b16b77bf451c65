import fc from 'fast-check';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {
    Aggregate, createWoltage, Erased, Event, MemoryEventStore, MemoryStore, MemoryStoreData, personal, TombstoneEvent, z, type AggregateOptions, type WoltageConfig
} from 'woltage';
import {createWallets, folded, walletData, type WalletApp, type WalletData} from './support/wallet.ts';

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

const NO_CACHE = {aggregateCacheBytes: 0};

/** How many events a load folds. */
async function foldedBy(load: () => Promise<unknown>): Promise<number> {
    const before = folded.events;
    await load();
    return folded.events - before;
}

async function deposits({woltage, deposit}: WalletApp, count: number, id = 'w'): Promise<void> {
    for (let i = 0; i < count; i++)
        await woltage.executeCommand(deposit, id, {amount: 1});
}

/** Stops it, so that whatever was to be written is written, and starts another one. */
async function restart(app: WalletApp, ...args: Parameters<typeof createWallets>): Promise<WalletApp> {
    await app.woltage.stop();
    return create(...args);
}

describe('the cache of states', () => {
    it('lets a command on a hot aggregate read only what is new', async () => {
        const app = await create();
        await deposits(app, 20);
        expect(await foldedBy(() => deposits(app, 1))).toBe(1);
        expect(app.versions).toEqual(Array.from({length: 21}, (_, i) => i));
    });

    it('is not harmed by what handlers do to their states, nor by those who ask for one', async () => {
        const app = await create();
        await deposits(app, 2);
        const state = await app.woltage.stateOf(app.wallet, 'w');
        state.balance = 1000;
        expect(await app.woltage.stateOf(app.wallet, 'w')).toEqual({balance: 2, moves: 2});
    });

    it('sees what other instances append, so that nothing fails but real conflicts', async () => {
        const data = walletData();
        const [a, b] = [await create(data), await create(data)];
        for (let i = 0; i < 10; i++)
            await deposits(i % 2 === 0 ? a : b, 1);
        expect((await a.woltage.stateOf(a.wallet, 'w')).balance).toBe(10);
    });

    it('gets over an event store that was set back', async () => {
        const data = walletData();
        const app = await create(data, {snapshots: {every: 2}});
        await deposits(app, 5);
        await new Promise(resolve => setTimeout(resolve, 20));
        data.events.truncate(3);
        await deposits(app, 1);
        expect(await app.woltage.stateOf(app.wallet, 'w')).toEqual({balance: 4, moves: 4});
    });
});

describe('snapshots', () => {
    it('spare a cold load the events before them, also when a command writes several events', async () => {
        const data = walletData();
        const options = {snapshots: {every: 10}};
        const first = await create(data, options);
        await deposits(first, 9);
        await first.woltage.executeCommand(first.force, 'w', {amount: 1});
        const second = await restart(first, data, options);
        expect(await foldedBy(() => deposits(second, 1))).toBe(0);
        expect(await second.woltage.stateOf(second.wallet, 'w')).toEqual({balance: 10, moves: 12});
        const third = await restart(second, data, options);
        expect(await foldedBy(() => third.woltage.stateOf(third.wallet, 'w'))).toBe(1);
    });

    it('are not taken where nobody asks for them, and not used where they are switched off', async () => {
        const data = walletData();
        const first = await create(data);
        await deposits(first, 50);
        const second = await restart(first, data, {snapshots: {every: 10}});
        expect(await foldedBy(() => deposits(second, 1))).toBe(50);
        const third = await restart(second, data, {snapshots: false}, {snapshots: {every: 10}});
        expect(await foldedBy(() => third.woltage.stateOf(third.wallet, 'w'))).toBe(51);
        const fourth = await restart(third, data, {}, {snapshots: {every: 10}});
        expect(await foldedBy(() => fourth.woltage.stateOf(fourth.wallet, 'w'))).toBe(0);
    });

    it.each<[string, AggregateOptions['snapshots'], WoltageConfig['snapshots'], number]>([
        ['the aggregate\'s own number', {every: 5}, {every: 1000}, 0],
        ['the config\'s number beside a setting of its own', {afterMs: 10_000}, {every: 5}, 0],
        ['a number that the aggregate has switched off', {every: false}, {every: 5}, 30],
        ['the time of loading', {afterMs: 0}, undefined, 0]
    ])('are merged from config and aggregate: %s', async (_name, own, global, expected) => {
        const data = walletData();
        const first = await create(data, {snapshots: own}, {...NO_CACHE, snapshots: global});
        await deposits(first, 30);
        const second = await restart(first, data, {snapshots: own}, {...NO_CACHE, snapshots: global});
        const events = await foldedBy(() => second.woltage.stateOf(second.wallet, 'w'));
        expect(events).toBeGreaterThanOrEqual(expected);
        expect(events).toBeLessThanOrEqual(expected === 0 ? 5 : expected);
    });

    it('of another version of the projector are as if there were none, and the old version finds its own again or does without', async () => {
        const data = walletData();
        const first = await create(data, {projectorVersion: 1, snapshots: {every: 5}});
        await deposits(first, 10);
        const twice = (state: {balance: number; moves: number}, amount: number): void => {
            state.balance += amount * 2;
            state.moves++;
        };
        const second = await restart(first, data, {projectorVersion: 2, snapshots: {every: 5}}, {}, twice);
        expect(await second.woltage.stateOf(second.wallet, 'w')).toEqual({balance: 20, moves: 10});
        await deposits(second, 5);
        const third = await restart(second, data, {projectorVersion: 1, snapshots: {every: 5}});
        expect(await third.woltage.stateOf(third.wallet, 'w')).toEqual({balance: 15, moves: 15});
    });

    it('that can\'t be read are as if there were none, and that is logged', async () => {
        const data = walletData();
        const warn = vi.fn();
        const logger = {debug: () => undefined, info: () => undefined, error: () => undefined, warn};
        const records = new MemoryStoreData();
        const store = {adapter: MemoryStore, args: [records]};
        const first = await create(data, {snapshots: {every: 5, store}});
        await deposits(first, 10);
        const second = await restart(first, data, {snapshots: {every: 5, store}}, {logger});
        const scope = new MemoryStore(records).scope({namespace: '_snapshots', tables: {}});
        await scope.connect();
        const [snapshot] = await scope.listRecords('');
        await scope.commit({records: [{key: snapshot?.key as string, value: '{"projectorVersion":0,"rev', token: 'x'}]});
        expect(await second.woltage.stateOf(second.wallet, 'w')).toEqual({balance: 10, moves: 10});
        expect(warn).toHaveBeenCalledWith(expect.objectContaining({aggregateId: 'w'}), expect.stringContaining('snapshot'));
    });

    it('that the reducers can\'t go on from are done without', async () => {
        const data = walletData();
        const first = await create(data, {snapshots: {every: 5}});
        await deposits(first, 6);
        const picky = (state: {balance: number; moves: number; seen?: number[]}, amount: number): void => {
            (state.seen ??= []).push(amount);
            if (state.seen.length !== state.moves + 1)
                throw new Error('not my state');
            state.balance += amount;
            state.moves++;
        };
        const second = await restart(first, data, {snapshots: {every: 5}}, {}, picky);
        await deposits(second, 1);
        expect((await second.woltage.stateOf(second.wallet, 'w')).moves).toBe(7);
    });

    it('are kept in the store that is named, and refused in one that isn\'t there', async () => {
        const records = new MemoryStoreData();
        const stores = {fast: {adapter: MemoryStore, args: [records]}};
        const app = await create(walletData(), {snapshots: {every: 5, store: 'fast'}}, {stores});
        await deposits(app, 5);
        await app.woltage.stop();
        const store = new MemoryStore(records);
        await store.connect();
        expect(await store.scope({namespace: '_snapshots', tables: {}}).listRecords('')).toHaveLength(1);
        await expect(create(walletData(), {snapshots: {every: 5, store: 'nowhere'}}, {stores})).rejects.toMatchObject({code: 'SNAPSHOT_STORE_UNKNOWN'});
    });

    it.each<[string, unknown]>([
        ['no object', 5], ['an unknown setting', {evry: 5}], ['a number of events below 1', {every: 0}], ['half an event', {every: 1.5}], ['a negative time', {afterMs: -1}], ['a store that is none', {store: {adapter: 1}}]
    ])('are refused with settings that make no sense: %s', async (_name, snapshots) => {
        await expect(create(walletData(), {}, {snapshots: snapshots as never})).rejects.toMatchObject({name: 'ConfigError'});
        await expect(create(walletData(), {snapshots: snapshots as never})).rejects.toMatchObject({name: 'ConfigError'});
    });

    it('are done without, and that is logged once, where states aren\'t plain data', async () => {
        const data = walletData();
        const warn = vi.fn();
        const logger = {debug: () => undefined, info: () => undefined, error: () => undefined, warn};
        const withMap = (state: {balance: number; moves: number; seen?: Map<number, number>}, amount: number): void => {
            (state.seen ??= new Map()).set(amount, 1);
            state.balance += amount;
            state.moves++;
        };
        const app = await create(data, {snapshots: {every: 2}}, {logger}, withMap);
        await deposits(app, 10);
        await new Promise(resolve => setTimeout(resolve, 20));
        await deposits(app, 10);
        expect(warn).toHaveBeenCalledTimes(1);
        expect((await app.woltage.stateOf(app.wallet, 'w')).balance).toBe(20);
    });

    it('are taken in batches', async () => {
        const data = walletData();
        const first = await create(data);
        for (const id of ['a', 'b', 'c'])
            await deposits(first, 20, id);
        await deposits(first, 5, 'few');
        const second = await restart(first, data, {snapshots: {every: 10}});
        const batch = await second.woltage.takeSnapshots({aggregate: second.wallet, limit: 2});
        expect(batch).toMatchObject({taken: 2, caughtUp: false});
        expect(await second.woltage.takeSnapshots({aggregate: second.wallet, limit: 2, after: batch.position})).toMatchObject({taken: 1, caughtUp: true});
        expect(await second.woltage.takeSnapshots({aggregate: 'wallet', limit: 2})).toMatchObject({taken: 0, caughtUp: true});
        const third = await restart(second, data, {snapshots: {every: 10}});
        expect(await foldedBy(() => third.woltage.stateOf(third.wallet, 'b'))).toBe(0);
        expect(await foldedBy(() => third.woltage.stateOf(third.wallet, 'few'))).toBe(5);
        const without = await create(data);
        await expect(without.woltage.takeSnapshots({aggregate: without.wallet})).rejects.toMatchObject({code: 'SNAPSHOTS_OFF'});
    });

    it('never change a state, whatever mix of commands, caches, snapshots and restarts', async () => {
        const step = fc.oneof(
            fc.record({do: fc.constant('deposit' as const), id: fc.constantFrom('a', 'b'), amount: fc.integer({min: 1, max: 9})}),
            fc.record({do: fc.constant('force' as const), id: fc.constantFrom('a', 'b'), amount: fc.integer({min: 1, max: 9})}),
            fc.record({do: fc.constant('restart' as const), every: fc.integer({min: 1, max: 4}), cache: fc.boolean()}),
            fc.constant({do: 'wait' as const})
        );
        await fc.assert(fc.asyncProperty(fc.array(step, {maxLength: 25}), async steps => {
            const data: WalletData = walletData();
            const model: Record<string, {balance: number; moves: number}> = {a: {balance: 0, moves: 0}, b: {balance: 0, moves: 0}};
            let app = await createWallets(data, {snapshots: {every: 2}});
            for (const action of steps) {
                if (action.do === 'restart') {
                    await app.woltage.stop();
                    app = await createWallets(data, {snapshots: {every: action.every}}, action.cache ? {} : NO_CACHE);
                } else if (action.do === 'wait')
                    await new Promise(resolve => setTimeout(resolve));
                else {
                    await app.woltage.executeCommand(action.do === 'deposit' ? app.deposit : app.force, action.id, {amount: action.amount});
                    const expected = model[action.id] as {balance: number; moves: number};
                    expected.balance += action.do === 'deposit' ? action.amount : 0;
                    expected.moves += action.do === 'deposit' ? 1 : 2;
                }
                for (const id of ['a', 'b'])
                    expect(await app.woltage.stateOf(app.wallet, id)).toEqual(model[id]);
            }
            await app.woltage.stop();
        }), {numRuns: 60});
    });
});

describe('snapshots of personal data', () => {
    const named = z.object({name: personal(z.string())});
    class Named extends Event<typeof named> {
        static schema = named;
        static version = 1;
    }

    it('go when somebody is forgotten, in all instances, and with them what is cached', async () => {
        const data = walletData();
        const start = async () => {
            const person = Aggregate.create('person', {$init: () => ({names: [] as unknown[]})}, {snapshots: {every: 1}})
                .on(Named, (state, {payload}) => {
                    state.names.push(payload.name);
                });
            const rename = person.registerCommand(named, function rename(_state, payload) {
                return new Named({payload});
            });
            const woltage = await createWoltage({
                eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.records]},
                eventClasses: [Named], aggregates: [person], projectorClasses: []
            });
            return {woltage, person, rename};
        };
        const [one, two] = [await start(), await start()];
        for (const name of ['Ann', 'Anna']) {
            await one.woltage.executeCommand(one.rename, 'p', {name});
            expect((await two.woltage.stateOf(two.person, 'p')).names).toContain(name);
        }
        const store = new MemoryStore(data.records);
        await store.connect();
        const snapshots = store.scope({namespace: '_snapshots', tables: {}});
        await vi.waitFor(async () => expect(await snapshots.listRecords('')).toHaveLength(1));
        await one.woltage.forget('p');
        expect(await snapshots.listRecords('')).toEqual([]);
        expect((await one.woltage.stateOf(one.person, 'p')).names).toEqual([Erased, Erased]);
        await vi.waitFor(async () => expect((await two.woltage.stateOf(two.person, 'p')).names).toEqual([Erased, Erased]));
        expect(JSON.stringify((await snapshots.listRecords('')).map(({value}) => value))).not.toContain('Ann');
        await Promise.all([one.woltage.stop(), two.woltage.stop()]);
    });

    it('never hand out what is cached, also where a state isn\'t plain data any more', async () => {
        class Odd {
            readonly amount = 1;
        }
        const odd = (state: {balance: number; moves: number; odd?: Odd}, amount: number): void => {
            state.balance += amount;
            if (++state.moves === 3)
                state.odd = new Odd();
        };
        const app = await create(walletData(), {}, {}, odd);
        await deposits(app, 4);
        const state = await app.woltage.stateOf(app.wallet, 'w');
        state.balance = 1000;
        expect((await app.woltage.stateOf(app.wallet, 'w')).balance).toBe(4);
    });

    it('are taken in batches of what there is, whatever was erased or can\'t be read', async () => {
        const data = walletData();
        const app = await create(data, {snapshots: {every: 1000}});
        const end = app.wallet.registerCommand(function end() {
            return new TombstoneEvent();
        });
        for (const id of ['a', 'b', 'c'])
            await deposits(app, 20, id);
        const store = new MemoryStore(data.records);
        await store.connect();
        await store.scope({namespace: '_snapshots', tables: {}}).commit({records: [{key: JSON.stringify(['wallet', 'c']), value: '{"rev', token: 'x'}]});
        await app.woltage.executeCommand(end, 'a', undefined);
        expect(await app.woltage.takeSnapshots({aggregate: 'wallet', every: 10})).toMatchObject({taken: 2, caughtUp: true});
    });

    it('go when their aggregate is erased', async () => {
        const data = walletData();
        const app = await create(data, {snapshots: {every: 1}});
        const end = app.wallet.registerCommand(function end() {
            return new TombstoneEvent();
        });
        await deposits(app, 3);
        const store = new MemoryStore(data.records);
        await store.connect();
        const snapshots = store.scope({namespace: '_snapshots', tables: {}});
        await vi.waitFor(async () => expect(await snapshots.listRecords('')).toHaveLength(1));
        await app.woltage.executeCommand(end, 'w', undefined);
        expect(await snapshots.listRecords('')).toEqual([]);
        await expect(deposits(app, 1)).rejects.toMatchObject({status: 410});
        await expect(app.woltage.stateOf(app.wallet, 'w')).rejects.toMatchObject({status: 410});
        await expect(app.woltage.executeCommands([{command: end, aggregateId: 'v'}, {command: app.deposit, aggregateId: 'u', payload: {amount: 1}}])).rejects.toMatchObject({code: 'TOMBSTONE_NOT_ALONE'});
    });
});

describe('states of the past', () => {
    it('end at a revision, a position or a time', async () => {
        const data = walletData();
        const app = await create(data, {snapshots: {every: 3}});
        await deposits(app, 4);
        await new Promise(resolve => setTimeout(resolve, 5));
        const time = Date.now();
        await new Promise(resolve => setTimeout(resolve, 5));
        await deposits(app, 6);
        const {woltage, wallet} = app;
        for (const revision of [0n, 2n, 3, 9n])
            expect((await woltage.stateAt(wallet, 'w', {revision})).balance).toBe(Number(revision) + 1);
        expect((await woltage.stateAt(wallet, 'w', {revision: 100n})).balance).toBe(10);
        expect((await woltage.stateAt(wallet, 'w', {position: 5n})).balance).toBe(6);
        expect((await woltage.stateAt(wallet, 'w', {time})).balance).toBe(4);
        expect((await woltage.stateAt(wallet, 'w', {time: new Date(time), revision: 1})).balance).toBe(2);
        expect((await woltage.stateAt(wallet, 'w', {time, revision: 9})).balance).toBe(4);
        expect((await woltage.stateAt(wallet, 'w', {position: 1n, revision: 9})).balance).toBe(2);
        expect(await woltage.stateAt(wallet, 'nobody', {time})).toEqual({balance: 0, moves: 0});
        for (const wrong of [{}, {revision: 1.5}, {time: new Date(NaN)}, {position: 5 as never}, undefined as never])
            await expect(woltage.stateAt(wallet, 'w', wrong)).rejects.toMatchObject({code: 'INVALID_LIMIT'});
    });
});
