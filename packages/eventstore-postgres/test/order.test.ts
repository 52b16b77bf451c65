import {randomBytes} from 'node:crypto';
import pg from 'pg';
import {afterAll, afterEach, beforeAll, beforeEach, expect, it} from 'vitest';
import {STATE_NEW} from 'woltage';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresEventStore} from '../src/index.ts';
import {eventData, eventsOf, follow, readAll} from './support/events.ts';

const found = await findServer(postgres, 'the order of events in PostgreSQL');
let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresEventStore;
let schema = '';

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
    const late = Symbol('late');
    return await Promise.race([promise, pause(100).then(() => late)]) !== late;
};

/** Runs `work` in a transaction that is committed only after a while. */
async function withDelayedCommit(ms: number, work: (client: pg.PoolClient) => Promise<unknown>): Promise<void> {
    const client = await pool.connect();
    await client.query('BEGIN');
    await work(client);
    await pause(ms);
    await client.query('COMMIT');
    client.release();
}

describeWith(found, 'Events in PostgreSQL', () => {
    beforeAll(async () => {
        database = await createDatabase(urlOf(found));
        pool = new pg.Pool({connectionString: database.url, max: 30});
        pool.on('error', () => undefined);
    });
    beforeEach(async () => {
        schema = `order_${randomBytes(6).toString('hex')}`;
        store = new PostgresEventStore({connectionString: database.url, schema, pollIntervalMs: 5});
        await store.connect();
    });
    afterEach(() => store.close());
    afterAll(async () => {
        await pool.end();
        await database.drop();
    });

    it('are seen by every reader in one order without gaps, however late they are committed (READ COMMITTED)', async () => {
        expect((await pool.query<{level: string}>('SELECT current_setting(\'transaction_isolation\') AS level')).rows).toEqual([{level: 'read committed'}]);
        const other = new PostgresEventStore({pool, schema});
        await other.connect();
        const total = 25 * 12;
        // Each reader begins somewhere else, and takes other bites.
        const readers = Array.from({length: 8}, (_, i) => follow(i % 2 === 0 ? store : other, {batchSize: 1 + 3 * i, after: BigInt(i * 10)}, records => records.length >= total - i * 10));
        await Promise.all(Array.from({length: 25}, async (_, writer) => {
            for (let n = 0; n < 6; n++) {
                await withDelayedCommit(Math.random() * 8, client => store.withTransaction(client).append('late', String(writer), eventsOf(1)));
                await (writer % 2 === 0 ? store : other).append('soon', String(writer % 3), eventsOf(1));
            }
        }));
        for (const [i, reader] of readers.entries())
            expect((await reader).map(({position}) => Number(position))).toEqual(Array.from({length: total - i * 10}, (_, n) => n + i * 10 + 1));
        await other.close();
    }, 60_000);

    it('would be skipped by such readers without the lock: this test sees it happen with a sequence', async () => {
        await pool.query(`CREATE TABLE ${schema}.naive (position bigserial PRIMARY KEY)`);
        const seen: number[] = [];
        const read = async (): Promise<void> => {
            const {rows} = await pool.query<{position: string}>(`SELECT position FROM ${schema}.naive WHERE position > $1 ORDER BY position`, [seen.at(-1) ?? 0]);
            seen.push(...rows.map(({position}) => Number(position)));
        };
        const late = withDelayedCommit(100, client => client.query(`INSERT INTO ${schema}.naive DEFAULT VALUES`));
        while ((await pool.query<{n: string}>(`SELECT last_value AS n FROM ${schema}.naive_position_seq WHERE is_called`)).rows.length === 0)
            await pause(1);
        await pool.query(`INSERT INTO ${schema}.naive DEFAULT VALUES`);
        await read();
        await late;
        await read();
        expect(seen).toEqual([2]);
    });

    it('wait for a transaction that has appended and is not committed yet, and go on when it is rolled back or its connection is lost', async () => {
        for (const end of ['COMMIT', 'ROLLBACK', 'lost'] as const) {
            const before = await store.getLatestPosition() ?? 0n;
            const client = await pool.connect();
            client.on('error', () => undefined);
            await client.query('BEGIN');
            const {position} = await store.withTransaction(client).append('order', end, eventsOf(2));
            expect(position).toBe(before + 2n);
            const waiting = store.append('order', `behind ${end}`, eventsOf(1));
            expect(await isSettled(waiting)).toBe(false);
            expect(await store.getLatestPosition() ?? 0n).toBe(before);
            if (end === 'lost')
                client.release(true);
            else
                await client.query(end).then(() => client.release());
            expect((await waiting).position).toBe(end === 'COMMIT' ? before + 3n : before + 1n);
            expect(await readAll(store, 'order', end)).toHaveLength(end === 'COMMIT' ? 2 : 0);
        }
    });

    it('are appended in a user\'s transaction together with other tables, or not at all', async () => {
        await pool.query(`CREATE TABLE ${schema}.orders (id text PRIMARY KEY)`);
        const client = await pool.connect();
        const woken = follow(store, {}, records => records.length === 3);
        for (const end of ['ROLLBACK', 'COMMIT']) {
            await client.query('BEGIN');
            await client.query(`INSERT INTO ${schema}.orders VALUES ('1')`);
            const outbox = store.withTransaction(client);
            const events = eventsOf(2);
            const first = await outbox.append('order', '1', events, STATE_NEW);
            // A conflict is told, and leaves the transaction usable; a repetition is recognised.
            await expect(outbox.append('order', '1', eventsOf(1), STATE_NEW)).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
            await expect(outbox.append('order', '2', [events[0] ?? eventData()])).rejects.toMatchObject({code: 'EVENT_ID_EXISTS'});
            expect(await outbox.append('order', '1', events, STATE_NEW)).toEqual(first);
            expect((await outbox.appendAll([{aggregateName: 'order', aggregateId: '1', events: eventsOf(1), revision: 1n}]))[0]?.revision).toBe(2n);
            await client.query(end);
        }
        client.release();
        expect((await woken).map(({revision}) => revision)).toEqual([0n, 1n, 2n]);
        expect((await pool.query(`SELECT FROM ${schema}.orders`)).rowCount).toBe(1);
    });

    it('are refused in a transaction that sees the past only, rather than put at a wrong place', async () => {
        const client = await pool.connect();
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await client.query('SELECT 1');
        await store.append('order', '1', eventsOf(1));
        await expect(store.withTransaction(client).append('order', '1', eventsOf(1))).rejects.toMatchObject({code: 'POSTGRES_UNAVAILABLE'});
        await client.query('ROLLBACK');
        client.release();
        expect(await readAll(store, 'order', '1')).toHaveLength(1);
    });
});
