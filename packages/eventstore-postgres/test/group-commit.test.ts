import {randomBytes} from 'node:crypto';
import pg from 'pg';
import {afterAll, afterEach, beforeAll, beforeEach, expect, it, vi} from 'vitest';
import {STATE_EXISTS, STATE_NEW, type SubscriptionBatch} from 'woltage';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresEventStore} from '../src/index.ts';
import {eventData, eventsOf, follow, readAll} from './support/events.ts';

const found = await findServer(postgres, 'group commits in PostgreSQL');
let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresEventStore;
let schema = '';
const codesOf = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
    results.map(result => result.status === 'fulfilled' ? 'done' : (result.reason as {code?: unknown}).code);
const transactions = async (): Promise<number> =>
    Number((await pool.query<{n: string}>(`SELECT count(DISTINCT xmin::text) AS n FROM ${schema}.events`)).rows[0]?.n);

describeWith(found, 'A PostgresEventStore', () => {
    beforeAll(async () => {
        database = await createDatabase(urlOf(found));
        pool = new pg.Pool({connectionString: database.url});
        pool.on('error', () => undefined);
    });
    beforeEach(async () => {
        schema = `group_${randomBytes(6).toString('hex')}`;
        store = new PostgresEventStore({connectionString: database.url, schema});
        await store.connect();
    });
    afterEach(() => store.close());
    afterAll(async () => {
        await pool.end();
        await database.drop();
    });

    it('commits together what is appended at the same time', async () => {
        await Promise.all(Array.from({length: 64}, async (_, worker) => {
            for (let n = 0; n < 10; n++)
                await store.append('order', String(worker), eventsOf(1), n === 0 ? STATE_NEW : BigInt(n - 1));
        }));
        expect(await store.getLatestPosition()).toBe(640n);
        expect(await transactions()).toBeLessThan(640 / 20);
    });

    it('refuses in a group what is refused, and that alone', async () => {
        const taken = eventData();
        await store.append('order', 'taken', [taken]);
        const results = await Promise.allSettled([
            store.append('order', '1', eventsOf(1), STATE_NEW), store.append('order', '1', eventsOf(1), STATE_NEW), store.append('order', '2', [eventData(), taken]),
            store.append('order', '1', eventsOf(1), 0n), store.append('order', 'none', eventsOf(1), STATE_EXISTS),
            store.append('order', '3', eventsOf(1, {payload: 'x'.repeat(10)})), store.append('x'.repeat(9000) + randomBytes(6000).toString('base64'), '3', eventsOf(1)),
            store.append('order', '4', eventsOf(1, {version: 1.5})), store.append('order', '4', eventsOf(1, {timestamp: NaN})), store.append('order', '4', eventsOf(1, {payload: 1n as never})),
            store.append('order', '5', eventsOf(1, {type: undefined as never})), store.append('order', '1', eventsOf(2), 1n)
        ]);
        expect(codesOf(results)).toEqual([
            'done', 'REVISION_CONFLICT', 'EVENT_ID_EXISTS', 'done', 'REVISION_CONFLICT', 'done', 'INVALID_EVENT', 'INVALID_EVENT', 'INVALID_EVENT', 'NOT_ENCODABLE', 'INVALID_EVENT', 'done'
        ]);
        expect((await readAll(store, 'order', '1')).map(({revision}) => revision)).toEqual([0n, 1n, 2n, 3n]);
    });

    it('outruns, or waits for, other processes that append to the same streams', async () => {
        const others = [0, 1, 2].map(() => new PostgresEventStore({connectionString: database.url, schema}));
        await Promise.all(others.map(other => other.connect()));
        await Promise.all([store, ...others].flatMap(one => Array.from({length: 8}, async (_, worker) => {
            for (let n = 0; n < 25; n++)
                await one.append('order', String(worker % 2), eventsOf(1));
        })));
        for (const id of ['0', '1'])
            expect((await readAll(store, 'order', id)).map(({revision}) => Number(revision))).toEqual(Array.from({length: 400}, (_, i) => i));
        await Promise.all(others.map(other => other.close()));
    });

    it('wakes subscriptions by notification, and finds by looking what no notification tells of', async () => {
        const deaf = new PostgresEventStore({connectionString: database.url, poolOptions: {max: 1}, schema, pollIntervalMs: 20});
        const hearing = new PostgresEventStore({connectionString: database.url, schema, pollIntervalMs: 1_000_000});
        await Promise.all([deaf.connect(), hearing.connect()]);
        for (const reader of [deaf, hearing]) {
            const batches: SubscriptionBatch[] = [];
            const following = follow(reader, {after: await store.getLatestPosition() ?? undefined}, (records, batch) => {
                batches.push(batch);
                return records.length === 3;
            });
            for (let n = 0; n < 3; n++) {
                await vi.waitFor(() => expect(batches.filter(({events}) => events.length > 0)).toHaveLength(n));
                await new Promise(resolve => setTimeout(resolve, 50));
                await store.append('order', '1', eventsOf(1));
            }
            expect(await following).toHaveLength(3);
        }
        await Promise.all([deaf.close(), hearing.close()]);
    });

    it('looks through a long store in steps when a filter matches little, and finds what is far away', async () => {
        const first = await store.append('order', 'first', eventsOf(1, {type: 'rare'}));
        await pool.query(`INSERT INTO ${schema}.events SELECT n, 'order', 'many', n - 2, 'e' || n, 'common', 1, 1, '{}', '{}', '', NULL, NULL FROM generate_series(2, 120000) n`);
        await pool.query(`UPDATE ${schema}.events_head SET position = 120000`);
        const last = await store.append('order', 'last', eventsOf(1, {type: 'rare'}));
        expect(last.position).toBe(120_001n);
        const batches: SubscriptionBatch[] = [];
        const records = await follow(store, {after: first.position, filter: {types: ['rare']}}, (_, batch) => batches.push(batch) > 0 && batch.caughtUp);
        expect(records.map(({position}) => position)).toEqual([last.position]);
        expect(batches.map(({caughtUp, events}) => [caughtUp, events.length])).toEqual([[false, 0], [false, 0], [true, 1]]);
        await store.append('order', 'other', eventsOf(1));
        expect(await store.getLatestPosition({types: ['rare', 'unknown']})).toBe(last.position);
        expect(await store.getLatestPosition({types: ['unknown']})).toBeNull();
    });

    it('keeps tags where SQL finds them by an index', async () => {
        await store.append('order', '1', [eventData({tags: ['user:1', 'a "quoted", {odd} \\ tag']}), eventData({tags: ['user:2']}), eventData()]);
        const {rows} = await pool.query<{revision: string}>(`SELECT revision FROM ${schema}.events WHERE tags @> ARRAY['user:1', 'a "quoted", {odd} \\ tag']`);
        expect(rows).toEqual([{revision: '0'}]);
        expect((await readAll(store, 'order', '1')).map(({tags}) => tags)).toEqual([['user:1', 'a "quoted", {odd} \\ tag'], ['user:2'], []]);
        const client = await pool.connect();
        await client.query('SET enable_seqscan = off');
        const {rows: plan} = await client.query(`EXPLAIN SELECT revision FROM ${schema}.event_tags JOIN ${schema}.events USING (position) WHERE tag = 'user:1'`);
        client.release();
        expect(JSON.stringify(plan)).toContain('event_tags_pkey');
    });
});
