import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {STATE_NEW, type RecordedEvent} from 'woltage';
import type {TestServer} from '../../../test/servers/server.ts';
import {KurrentDBEventStore} from '../src/index.ts';
import {eventsOf, follow, readAll} from './support/events.ts';
import {ownPrefix, startKurrentDB, whereStarted} from './support/kurrentdb.ts';

const OUTAGE_MS = Number(process.env['WOLTAGE_OUTAGE_MS'] ?? 1500);

let server: TestServer;
beforeAll(async () => {
    server = await startKurrentDB();
}, 120_000);
afterAll(() => server.stop());

async function outage(): Promise<void> {
    await server.kill();
    await new Promise(resolve => setTimeout(resolve, OUTAGE_MS));
    await server.start();
}

describe(`A KurrentDBEventStore whose server is away for a while (${whereStarted})`, () => {
    let streamPrefix = '';
    let store: KurrentDBEventStore;
    const warn = vi.fn();
    const logger = {debug: () => undefined, info: () => undefined, warn, error: () => undefined};
    const connected = async (timeoutMs = 20_000 + OUTAGE_MS): Promise<KurrentDBEventStore> => {
        const one = new KurrentDBEventStore({connectionString: server.url, streamPrefix, timeoutMs, logger});
        await one.connect();
        return one;
    };
    beforeEach(async () => {
        streamPrefix = ownPrefix();
        store = await connected();
    });
    afterEach(() => store.close());

    it('goes on with appends and reads, each done once', async () => {
        await store.append('order', 'old', eventsOf(3), STATE_NEW);
        const away = outage();
        const results = await Promise.all([
            store.append('order', 'new', eventsOf(2), STATE_NEW), store.append('order', 'old', eventsOf(1), 2n), store.append('order', 'any', eventsOf(1)),
            store.getLatestPosition(), readAll(store, 'order', 'old')
        ]);
        await away;
        expect(results.slice(0, 3)).toMatchObject([{revision: 1n}, {revision: 3n}, {revision: 0n}]);
        for (const [id, count] of [['new', 2], ['old', 4], ['any', 1]] as const)
            expect(await readAll(store, 'order', id)).toHaveLength(count);
    }, 60_000 + OUTAGE_MS);

    it('gives every one of many appends an end, and their repetition makes no copies', async () => {
        const impatient = await connected(1000);
        const appends = Array.from({length: 200}, (_, i) => ({id: String(i), events: eventsOf(1 + i % 3), revision: i % 2 === 0 ? STATE_NEW : undefined} as const));
        const settled = Promise.allSettled(appends.map(async ({id, events, revision}, i) => {
            await new Promise(resolve => setTimeout(resolve, i));
            return impatient.append('order', id, events, revision);
        }));
        await new Promise(resolve => setTimeout(resolve, 60));
        await outage();
        const failed = (await settled).filter(result => result.status === 'rejected');
        expect(failed.length).toBeGreaterThan(0);
        for (const {reason} of failed)
            expect(reason).toMatchObject({code: 'KURRENTDB_UNAVAILABLE', message: expect.stringContaining(server.url.replace(/\?.*/, '')) as string});
        await impatient.close();
        const results = await Promise.all(appends.map(({id, events, revision}) => store.append('order', id, events, revision)));
        for (const [i, {id, events}] of appends.entries()) {
            const records = await readAll(store, 'order', id);
            expect(records.map(record => record.id)).toEqual(events.map(event => event.id));
            expect(results[i]).toEqual({revision: records.at(-1)?.revision, position: records.at(-1)?.position});
        }
    }, 60_000 + OUTAGE_MS);

    it('goes on with subscriptions, which miss nothing and double nothing', async () => {
        await store.append('order', '0', eventsOf(3000));
        const seen: RecordedEvent[] = [];
        const filtered: RecordedEvent[] = [];
        const ended = Promise.all([
            follow(store, {batchSize: 7}, (records, {events}) => seen.push(...events) > 0 && records.length >= 3300),
            follow(store, {filter: {types: ['rare']}}, (records, {events}) => filtered.push(...events) >= 0 && records.length >= 30)
        ]);
        await vi.waitFor(() => expect(seen.length).toBeGreaterThan(200), {interval: 1, timeout: 10_000});
        const before = seen.length;
        await outage();
        expect(before).toBeLessThan(3000);
        for (let i = 0; i < 30; i++)
            await store.append('order', String(i), [...eventsOf(9), ...eventsOf(1, {type: 'rare'})]);
        await vi.waitFor(() => expect(seen.length).toBe(3300), {timeout: 20_000 + OUTAGE_MS});
        await ended;
        const {records} = await follow(store, {});
        expect(seen.map(({id}) => id)).toEqual(records.map(({id}) => id));
        expect(filtered.map(({id}) => id)).toEqual(records.filter(({type}) => type === 'rare').map(({id}) => id));
    }, 90_000 + 2 * OUTAGE_MS);

    it('wakes a subscription that waits when it is back, and logs that the connection was lost', async () => {
        await store.append('order', '1', eventsOf(1));
        const following = follow(store, {}, records => records.length === 3);
        await vi.waitFor(async () => expect((await follow(store, {})).records).toHaveLength(1));
        warn.mockClear();
        await outage();
        const other = await connected();
        await other.append('order', '1', eventsOf(2));
        expect((await following).records.map(({revision}) => revision)).toEqual([0n, 1n, 2n]);
        expect(warn).toHaveBeenCalledWith(expect.objectContaining({server: server.url.replace(/\?.*/, '')}), expect.any(String));
        await other.close();
    }, 60_000 + OUTAGE_MS);

    it('can be closed meanwhile, and connects only when the server is there', async () => {
        const subscription = follow(store, {}, () => false);
        await server.kill();
        try {
            await store.close();
            expect((await subscription).records).toEqual([]);
            const url = server.url.replace('://', '://someone:s3cret@');
            const start = performance.now();
            const error = await new KurrentDBEventStore({connectionString: url, timeoutMs: 1000}).connect().catch((reason: unknown) => reason as Error);
            expect(performance.now() - start).toBeLessThan(4000);
            expect(error).toMatchObject({code: 'KURRENTDB_UNAVAILABLE', message: expect.stringContaining(server.url.replace(/\?.*/, '')) as string});
            expect((error as Error).message).not.toContain('s3cret');
        } finally {
            await server.start();
        }
        await store.connect();
        await store.append('order', '1', eventsOf(1));
    }, 60_000);
});
