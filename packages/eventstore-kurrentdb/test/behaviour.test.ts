import {binaryEvent, jsonEvent, KurrentDBClient} from '@kurrent/kurrentdb-client';
import {afterAll, afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {STATE_EXISTS, STATE_NEW, type EventData} from 'woltage';
import {KurrentDBEventStore} from '../src/index.ts';
import {eventData, eventsOf, follow, readAll} from './support/events.ts';
import {findKurrentDB, ownPrefix} from './support/kurrentdb.ts';

const server = await findKurrentDB('what KurrentDB has beyond the port');
const client = KurrentDBClient.connectionString(server.url);
afterAll(async () => {
    await client.dispose();
    await server.stop();
});

let prefix = '';
let store: KurrentDBEventStore;
beforeEach(async () => {
    prefix = ownPrefix();
    store = new KurrentDBEventStore({client, streamPrefix: prefix});
    await store.connect();
});
afterEach(() => store.close());

/** What other clients see of a stream. */
async function seenByOthers(stream: string) {
    const events = [];
    for await (const {event} of client.readStream(stream)) {
        if (event !== undefined)
            events.push(event);
    }
    return events;
}

describe('An event in KurrentDB', () => {
    it('reads naturally to other clients: its stream, type, data and metadata', async () => {
        const bare = eventData({type: 'order.placed', payload: {total: 3}});
        const full = eventData({type: 'order.paid', payload: {total: 3}, version: 2, meta: {user: 'me'}, causationId: bare.id, correlationId: bare.id, tags: ['customer:7']});
        await store.append('order', '1', [bare, full], STATE_NEW);
        const [first, second] = await seenByOthers(`${prefix}order-1`);
        expect(first).toMatchObject({
            id: bare.id, type: 'order.placed', isJson: true, data: {total: 3}, revision: 0n,
            metadata: {$correlationId: bare.id, woltage: {version: 1, timestamp: 1_700_000_000_000}}
        });
        expect(Object.keys(first?.metadata as object)).toEqual(['$correlationId', 'woltage']);
        expect(second).toMatchObject({
            metadata: {$correlationId: bare.id, $causationId: bare.id, woltage: {version: 2, tags: ['customer:7']}, meta: {user: 'me'}}
        });
    });

    it('comes with defaults where another client wrote it', async () => {
        await client.appendToStream(`${prefix}order-1`, [
            jsonEvent({id: '7d4b9cbb-0c1e-4b9a-8f5e-0d8a1a6f4c01', type: 'order.placed', data: {total: 3}}),
            jsonEvent({type: 'order.paid', data: [1], metadata: {$correlationId: 'a', $causationId: 'b', who: 'else'}}),
            jsonEvent({type: 'order.sent', data: 'text', metadata: {woltage: 'not ours', version: 7}})
        ]);
        const records = await readAll(store, 'order', '1');
        expect(records).toMatchObject([
            {id: '7d4b9cbb-0c1e-4b9a-8f5e-0d8a1a6f4c01', type: 'order.placed', payload: {total: 3}, version: 1, meta: {}, tags: [], correlationId: '7d4b9cbb-0c1e-4b9a-8f5e-0d8a1a6f4c01', causationId: null, revision: 0n},
            {type: 'order.paid', payload: [1], correlationId: 'a', causationId: 'b', meta: {who: 'else'}},
            {type: 'order.sent', payload: 'text', version: 1, meta: {woltage: 'not ours', version: 7}}
        ]);
        for (const {timestamp} of records)
            expect(Math.abs(timestamp - Date.now())).toBeLessThan(60_000);
        expect((await follow(store, {filter: {types: ['order.paid']}})).records).toEqual([records[1]]);
    });

    it('comes as base64 where it isn\'t JSON', async () => {
        await client.appendToStream(`${prefix}order-1`, binaryEvent({type: 'blob', data: Buffer.from([1, 2, 255]), metadata: Buffer.from([0xff, 0xfe])}));
        expect(await readAll(store, 'order', '1')).toMatchObject([{type: 'blob', payload: Buffer.from([1, 2, 255]).toString('base64'), meta: {}, version: 1}]);
    });
});

describe('What is no aggregate\'s', () => {
    it('never reaches a subscription: links, events of KurrentDB\'s own kind, streams without a dash', async () => {
        const {position} = await store.append('order', '1', eventsOf(2), STATE_NEW);
        await client.appendToStream(`${prefix}links-1`, jsonEvent({type: '$>', data: `0@${prefix}order-1` as never}));
        await client.appendToStream(`${prefix}plain`, jsonEvent({type: 'thing.happened', data: {}}));
        await client.appendToStream(`${prefix}odd%2D-1`, jsonEvent({type: 'thing.happened', data: {}}));
        await client.appendToStream(`${prefix}odd-%41`, jsonEvent({type: 'thing.happened', data: {}}));
        await client.setStreamMetadata(`${prefix}order-1`, {maxCount: 100});
        for (const filter of [undefined, {types: ['thing.happened', '$>']}]) {
            const {records} = await follow(store, {filter});
            expect(records.map(({aggregateName, aggregateId}) => `${aggregateName} ${aggregateId}`)).toEqual(['order 1', 'order 1', 'odd- 1']);
        }
        expect(await store.getLatestPosition({types: ['$>']})).toBeNull();
        expect(await store.getLatestPosition()).toBeGreaterThan(position);
    });

    it('is what other prefixes have', async () => {
        const other = new KurrentDBEventStore({client, streamPrefix: `${prefix}b.`});
        await other.connect();
        await other.append('order', '1', eventsOf(1), STATE_NEW);
        const mine = await store.append('order', '1', eventsOf(1), STATE_NEW);
        expect((await follow(other, {})).records).toHaveLength(1);
        expect(await other.getLatestPosition()).toBeLessThan(mine.position);
        await other.close();
    });
});

describe('A deleted stream', () => {
    it('can be begun anew where it was deleted softly; its revisions go on', async () => {
        await store.append('order', '1', eventsOf(3), STATE_NEW);
        await client.deleteStream(`${prefix}order-1`);
        expect(await readAll(store, 'order', '1')).toEqual([]);
        const fresh = new KurrentDBEventStore({client, streamPrefix: prefix});
        await fresh.connect();
        await expect(fresh.append('order', '1', eventsOf(1), STATE_EXISTS)).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
        const events = eventsOf(2);
        const appended = await fresh.append('order', '1', events, STATE_NEW);
        expect(appended.revision).toBe(4n);
        expect(await fresh.append('order', '1', events, STATE_NEW)).toEqual(appended);
        expect((await readAll(fresh, 'order', '1')).map(({revision}) => revision)).toEqual([3n, 4n]);
        expect((await fresh.append('order', '1', eventsOf(1))).revision).toBe(5n);
        await fresh.close();
    });

    it('is gone for good behind a tombstone', async () => {
        await store.append('order', '1', eventsOf(3), STATE_NEW);
        await expect(store.tombstone('order', '1', 1n)).rejects.toMatchObject({code: 'REVISION_CONFLICT', details: {current: '2', expected: '1'}});
        await store.tombstone('order', '1', 2n);
        await expect(readAll(store, 'order', '1')).rejects.toMatchObject({code: 'GONE', message: expect.stringContaining('order/1') as string});
        for (const revision of [STATE_NEW, STATE_EXISTS, 2n, undefined] as const)
            await expect(store.append('order', '1', eventsOf(1), revision)).rejects.toMatchObject({code: 'GONE'});
        await expect(store.appendAll?.([{aggregateName: 'order', aggregateId: '2', events: eventsOf(1)}, {aggregateName: 'order', aggregateId: '1', events: eventsOf(1), revision: 2n}]) ?? store.append('order', '1', eventsOf(1)))
            .rejects.toMatchObject({code: 'GONE'});
        expect(await readAll(store, 'order', '2')).toEqual([]);
        await expect(store.tombstone('order', '1')).rejects.toMatchObject({code: 'GONE'});
    });
});

describe('A type filter', () => {
    const types = ['a.b', 'a.b.c', 'a_b', 'axb', 'a', '(a|b)', '^a$', 'a\\.b', 'a\n', 'a+', '[a]', 'ä{1}', 'A'];

    it('takes whole types, whatever characters they have', async () => {
        await store.append('order', '1', types.map(type => eventData({type})), STATE_NEW);
        for (const type of types) {
            expect((await follow(store, {filter: {types: [type]}})).records.map(record => record.type)).toEqual([type]);
            expect(await store.getLatestPosition({types: [type]})).toBe((await follow(store, {filter: {types: [type]}})).records[0]?.position);
        }
    });

    it('takes whole types where the server itself applies it, which it does for a store without a prefix', async () => {
        const whole = new KurrentDBEventStore({client});
        await whole.connect();
        const after = await whole.getLatestPosition() ?? undefined;
        const own = types.map(type => `${type}${prefix}${type}`);
        await whole.append(`${prefix}order`, '1', [...own, ...own.map(type => `${type}x`), ...own.map(type => `x${type}`)].map(type => eventData({type})), STATE_NEW);
        for (const type of own) {
            const {records, batches} = await follow(whole, {after, filter: {types: [type]}});
            expect(records.map(record => record.type)).toEqual([type]);
            expect(await whole.getLatestPosition({types: [type]})).toBe(records[0]?.position);
            expect(batches.at(-1)?.position).toBeGreaterThan(records[0]?.position ?? 0n);
        }
        expect((await follow(whole, {after, filter: {types: own}})).records.map(({type}) => type)).toEqual(own);
        await whole.close();
    });

    it('may have thousands of them', async () => {
        await store.append('order', '1', ['wanted', 'unwanted'].map(type => eventData({type})), STATE_NEW);
        const many = Array.from({length: 5000}, (_, i) => `some.type.${i}`);
        expect((await follow(store, {filter: {types: [...many, 'wanted']}})).records.map(({type}) => type)).toEqual(['wanted']);
        expect((await follow(store, {filter: {types: many}})).records).toEqual([]);
    });
});

describe('A subscription that begins', () => {
    it('learns of what was appended while it looked where the end is', async () => {
        const slow = KurrentDBClient.connectionString(server.url);
        const fresh = new KurrentDBEventStore({client: slow, streamPrefix: prefix});
        await fresh.connect();
        const read = slow.readAll.bind(slow);
        vi.spyOn(slow, 'readAll').mockImplementationOnce((options => (async function* () {
            const events = [];
            for await (const event of read(options))
                events.push(event);
            // The answer is out of date when it comes, and the event that it lacks has been delivered.
            await store.append('order', '1', eventsOf(1, {type: 'unwanted'}), STATE_NEW);
            await follow(store, {}, records => records.length > 0);
            await new Promise(resolve => setTimeout(resolve, 100));
            yield* events;
        })()) as typeof slow.readAll);
        const {batches} = await follow(fresh, {filter: {types: ['wanted']}}, (_, {position}) => position !== undefined);
        expect(batches.at(-1)).toEqual({events: [], position: await store.getLatestPosition(), caughtUp: true});
        expect((await follow(fresh, {})).records).toHaveLength(1);
        await fresh.close();
        await slow.dispose();
    });
});

describe('A consumer that is far behind', () => {
    it('gets all that it asks for, in order, and stretches without it are passed', async () => {
        for (const streamPrefix of [prefix, '']) {
            const one = new KurrentDBEventStore({client, streamPrefix});
            await one.connect();
            const after = await one.getLatestPosition() ?? undefined;
            const wanted = `${prefix}wanted${streamPrefix.length}`;
            for (let i = 0; i < 40; i++)
                await one.append(`${prefix}far`, String(i), [eventData({type: i % 20 === 3 ? wanted : `${wanted}.not`, payload: 'x'.repeat(900_000)})], STATE_NEW);
            const {records, batches} = await follow(one, {after, filter: {types: [wanted]}});
            expect(records.map(({aggregateId, type}) => [aggregateId, type])).toEqual([['3', wanted], ['23', wanted]]);
            expect(batches.at(-1)?.position).toBeGreaterThanOrEqual(await one.getLatestPosition({types: [`${wanted}.not`]}) ?? 0n);
            await one.close();
        }
    }, 60_000);
});

describe('A repeated append', () => {
    it('is recognised by another instance, wherever it stands in the stream', async () => {
        const events = eventsOf(3);
        const first = await store.append('order', '1', events);
        await store.append('order', '1', eventsOf(1200));
        const other = new KurrentDBEventStore({client, streamPrefix: prefix});
        await other.connect();
        expect(await other.append('order', '1', events)).toEqual(first);
        expect(await other.append('order', '1', events, STATE_EXISTS)).toEqual(first);
        await expect(other.append('order', '1', [eventData(), events[0] ?? eventData()], first.revision + 1200n)).rejects.toMatchObject({code: 'EVENT_ID_EXISTS'});
        expect(await readAll(other, 'order', '1')).toHaveLength(1203);
        await other.close();
    });

    it('is recognised by ids that hold no time', async () => {
        const event = eventData({id: '3f2c8d3e-6b0a-4b53-9f1c-0c9d2c0a7a11'});
        const first = await store.append('order', '1', [event]);
        await store.append('order', '1', eventsOf(1200));
        const other = new KurrentDBEventStore({client, streamPrefix: prefix});
        await other.connect();
        expect(await other.append('order', '1', [event])).toEqual(first);
        await other.close();
    });

    it('made by many instances at once stands there once, and others are where they belong', async () => {
        const others = await Promise.all(Array.from({length: 4}, async () => {
            const other = new KurrentDBEventStore({client, streamPrefix: prefix});
            await other.connect();
            return other;
        }));
        const shared = eventsOf(2);
        const results = await Promise.all(others.flatMap(other => [...eventsOf(10).map(event => other.append('order', '1', [event])), other.append('order', '1', shared)]));
        expect(await readAll(store, 'order', '1')).toHaveLength(42);
        expect(new Set(results.map(({revision}) => revision)).size).toBe(41);
        await Promise.all(others.map(other => other.close()));
    });
});

describe('Appends to several streams', () => {
    const stream = (aggregateId: string, count: number, revision?: bigint | typeof STATE_NEW | typeof STATE_EXISTS) => ({aggregateName: 'order', aggregateId, events: eventsOf(count), revision});
    const appendAll = (...streams: Parameters<NonNullable<KurrentDBEventStore['appendAll']>>[0]) => store.appendAll?.(streams) ?? Promise.reject(new Error('This server doesn\'t offer it.'));

    it('may name one twice: what comes later sees what came before', async () => {
        const results = await appendAll(stream('1', 2, STATE_NEW), stream('2', 1), stream('1', 3, 1n), stream('1', 1, STATE_EXISTS));
        expect(results.map(({revision}) => revision)).toEqual([1n, 0n, 4n, 5n]);
        const records = await readAll(store, 'order', '1');
        expect(results.map(({position}) => position)).toEqual([records[1]?.position, (await readAll(store, 'order', '2'))[0]?.position, records[4]?.position, records[5]?.position]);
        await expect(appendAll(stream('3', 2, STATE_NEW), stream('3', 1, STATE_NEW))).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
        await expect(appendAll(stream('3', 2, STATE_NEW), stream('3', 1, 0n))).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
        expect(await readAll(store, 'order', '3')).toEqual([]);
    });

    it('keep all of an event', async () => {
        const text = 'ä😀 \ud800 "\u0000';
        const event = eventData({payload: {[text]: text}, meta: {[text]: [1, null]}, tags: [text], causationId: 'c', version: 3, timestamp: 5});
        await appendAll({aggregateName: 'order', aggregateId: '1', events: [event]}, stream('2', 1));
        expect(await readAll(store, 'order', '1')).toMatchObject([event]);
        const plain = eventData({meta: 'text', correlationId: text, causationId: '\udc00'});
        await appendAll({aggregateName: 'order', aggregateId: '3', events: [plain]}, stream('4', 1));
        expect(await readAll(store, 'order', '3')).toMatchObject([plain]);
    });

    it('are made in part where another part was made before', async () => {
        const [first, second] = [stream('1', 2), stream('2', 2)];
        const before = await store.append('order', '1', first.events);
        const results = await appendAll(first, second);
        expect(results).toEqual([before, {revision: 1n, position: (await readAll(store, 'order', '2')).at(-1)?.position}]);
        expect(await readAll(store, 'order', '1')).toHaveLength(2);
    });

    it('refuse what the server\'s call can\'t take, by name', async () => {
        await expect(appendAll({...stream('1', 1), events: [eventData({type: 'Ordered!'})]}, stream('2', 1))).rejects.toMatchObject({code: 'INVALID_EVENT', message: expect.stringContaining('Ordered!') as string});
        await expect(appendAll(stream('a', 1), stream('A', 1))).rejects.toMatchObject({code: 'INVALID_AGGREGATE_ID'});
        expect(await appendAll()).toEqual([]);
        expect(await store.getLatestPosition()).toBeNull();
    });
});

describe('What can\'t be kept', () => {
    it('is refused by name before anything is sent', async () => {
        const cyclic: unknown[] = [];
        cyclic.push(cyclic);
        for (const [payload, message] of [[{a: {b: 1n}}, /'payload.a.b' is a bigint/], [undefined, /'payload' is undefined/], [[1, undefined], /'payload.1'/], [NaN, /NaN/], [{d: new Date()}, /'payload.d' is an instance of Date/], [cyclic, /cyclic/], [() => 1, /function/]] as const)
            await expect(store.append('order', '1', [eventData({payload: payload as never})])).rejects.toMatchObject({code: 'NOT_ENCODABLE', message: expect.stringMatching(message) as string});
        for (const overrides of [{id: 'no-uuid'}, {type: ''}, {type: '$own'}, {type: 'half \ud800'}])
            await expect(store.append('order', '1', [eventData(overrides)])).rejects.toMatchObject({code: 'INVALID_EVENT'});
        for (const [name, id] of [['order', '\ud800'], ['\udc00', '1']] as const) {
            await expect(store.append(name, id, eventsOf(1))).rejects.toMatchObject({code: 'INVALID_AGGREGATE_ID'});
            await expect(readAll(store, name, id)).rejects.toMatchObject({code: 'INVALID_AGGREGATE_ID'});
        }
        expect(await store.getLatestPosition()).toBeNull();
    });
});

describe('An erased stream', () => {
    const tombstoneOf = (overrides: Partial<EventData> = {}): EventData => eventData({type: 'tombstone', ...overrides});

    it('is truncated before its tombstone, which keeps what else the stream\'s metadata says, but for ages and counts', async () => {
        await store.append('order', '1', eventsOf(3), STATE_NEW);
        await client.setStreamMetadata(`${prefix}order-1`, {maxCount: 100, acl: {readRoles: ['$all']}, custom: 1} as never);
        const {revision} = await store.erase('order', '1', tombstoneOf());
        expect(revision).toBe(3n);
        const {metadata} = await client.getStreamMetadata(`${prefix}order-1`);
        expect(metadata).toMatchObject({truncateBefore: 3, custom: 1, acl: {readRoles: ['$all']}});
        expect(metadata).not.toHaveProperty('maxCount');
        const raw: number[] = [];
        for await (const {event} of client.readStream(`${prefix}order-1`))
            raw.push(Number(event?.revision));
        expect(raw).toEqual([3]);
    });

    it('is gone from the tombstone on, and whoever reads it completes what was cut short', async () => {
        await store.append('order', '1', eventsOf(3), STATE_NEW);
        const end = tombstoneOf();
        // The process dies between its two calls.
        const append = client.appendToStream.bind(client);
        const spy = vi.spyOn(client, 'appendToStream').mockImplementation((async (stream: string, ...rest: readonly [never]) => {
            if (stream.startsWith('$$'))
                throw Object.assign(new Error('died'), {type: 'access-denied'});
            return append(stream, ...rest);
        }) as never);
        await expect(store.erase('order', '1', end)).rejects.toMatchObject({code: 'KURRENTDB_CREDENTIALS'});
        spy.mockRestore();
        const fresh = new KurrentDBEventStore({client, streamPrefix: prefix});
        await fresh.connect();
        await expect(readAll(fresh, 'order', '1')).rejects.toMatchObject({code: 'GONE'});
        expect((await client.getStreamMetadata(`${prefix}order-1`)).metadata?.truncateBefore).toBe(3);
        await expect(fresh.append('order', '1', eventsOf(1))).rejects.toMatchObject({code: 'GONE'});
        expect((await fresh.erase('order', '1', end)).revision).toBe(3n);
        await fresh.close();
    });
});
