import {randomBytes} from 'node:crypto';
import pg from 'pg';
import {afterAll, afterEach, beforeAll, beforeEach, expect, it} from 'vitest';
import {uuidV7, type EventData, type EventQuery} from 'woltage';
import {schemaScript} from '@woltage/postgres';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresEventStore} from '../src/index.ts';
import {schemaPlan} from '../src/schema.ts';

const event = (type: string, ...tags: string[]): EventData => {
    const id = uuidV7();
    return {id, type, version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags};
};

const found = await findServer(postgres, 'queries of PostgreSQL');
describeWith(found, 'Queries of PostgreSQL', () => {
    let database: TestDatabase;
    let client: pg.Client;
    let store: PostgresEventStore;
    let schema = '';
    beforeAll(async () => {
        if ('url' in found)
            database = await createDatabase(urlOf(found));
    });
    beforeEach(async () => {
        schema = `queries_${randomBytes(6).toString('hex')}`;
        store = new PostgresEventStore({connectionString: database.url, schema});
        client = new pg.Client(database.url);
        await client.connect();
    });
    afterEach(async () => {
        await store.close();
        await client.end();
    });
    afterAll(() => database?.drop());

    const positions = async (query: EventQuery, after?: bigint): Promise<number[]> => {
        const all: number[] = [];
        for await (const page of store.query(query, {after}))
            all.push(...page.map(({position}) => Number(position)));
        return all;
    };
    /** Writes like the release before queries, which knows of no tags. */
    const insert = (from: number, to: number): Promise<unknown> => client.query(`
        INSERT INTO ${schema}.events (position, aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload, meta, correlation_id, causation_id, tags)
        SELECT n, 'cart', n::text, 0, n::text, CASE n % 2 WHEN 0 THEN 'even' ELSE 'odd' END, 1, 1, '{}', '{}', 'c', NULL, CASE n % 3 WHEN 0 THEN ARRAY['third:1', 'n:' || n, 'third:1'] END
        FROM generate_series($1::integer, $2::integer) n`, [from, to]);

    it('find what the release before queries has written, also what it still writes through an open connection', async () => {
        const plan = schemaPlan(schema);
        await client.query(schemaScript({...plan, migrations: plan.migrations.slice(0, 1)}));
        await insert(1, 300);
        await client.query(`UPDATE ${schema}.events_head SET position = 300`);
        await store.connect();
        expect(await positions([{tags: ['third:1']}])).toEqual(Array.from({length: 100}, (_, i) => (i + 1) * 3));
        expect(await positions([{types: ['even'], tags: ['third:1']}], 290n)).toEqual([294, 300]);
        expect(await positions([{types: ['even'], tags: ['n:6', 'third:1']}])).toEqual([6]);
        await insert(301, 303);
        await client.query(`UPDATE ${schema}.events_head SET position = 303`);
        expect(await positions([{tags: ['third:1']}], 297n)).toEqual([300, 303]);
        await expect(store.appendAll([{aggregateName: 'cart', aggregateId: 'x', events: [event('odd')]}], {query: [{tags: ['third:1']}], after: 300n}))
            .rejects.toMatchObject({code: 'CONDITION_FAILED'});
        await client.query(`DELETE FROM ${schema}.events WHERE position <= 300`);
        expect((await client.query({text: `SELECT tag, position::integer FROM ${schema}.event_tags ORDER BY tag`, rowMode: 'array'})).rows).toEqual([['n:303', 303], ['third:1', 303]]);
    });

    it('go by an index, whatever they ask for, with fresh statistics and without', async () => {
        await store.connect();
        await client.query(`INSERT INTO ${schema}.events (position, aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload, meta, correlation_id, causation_id, tags)
            SELECT n, 'thing', n::text, 0, n::text, CASE n % 5000 WHEN 0 THEN 'rare' ELSE 'common' END, 1, 1, '{}', '{}', 'c', NULL, ARRAY['hot:1', 'hot:2', 'one:' || n] FROM generate_series(1, 50000) n`);
        await client.query(`UPDATE ${schema}.events_head SET position = 50000`);
        await store.append('thing', 'last', [event('common', 'hot:1', 'late:1')]);
        const milliseconds = async (query: EventQuery, after?: bigint): Promise<number> => {
            let best = Infinity;
            // More than five, from where on the server may keep a plan that fits no values in particular.
            for (let i = 0; i < 20; i++) {
                const began = performance.now();
                expect((await positions(query, after)).length).toBeLessThanOrEqual(10);
                best = Math.min(best, performance.now() - began);
            }
            return best;
        };
        for (const statement of ['SELECT', 'ANALYZE']) {
            await client.query(statement);
            // Going through all of it takes some 20 ms and more.
            expect(await milliseconds([{tags: ['hot:1', 'one:303']}])).toBeLessThan(8);
            expect(await milliseconds([{types: ['common'], tags: ['late:1', 'hot:2', 'hot:1']}])).toBeLessThan(8);
            expect(await milliseconds([{tags: ['hot:1']}], 50_000n)).toBeLessThan(8);
            expect(await milliseconds([{types: ['common'], tags: ['hot:1']}], 50_000n)).toBeLessThan(8);
            expect(await milliseconds([{types: ['common']}], 50_000n)).toBeLessThan(8);
            expect(await milliseconds([{types: ['rare'], tags: ['hot:2', 'hot:1']}])).toBeLessThan(8);
            expect(await milliseconds([{types: ['rare']}])).toBeLessThan(8);
        }
    });

    it('and conditions go with appends in a transaction of your own', async () => {
        await store.connect();
        await store.append('thing', '1', [event('a', 'x:1')]);
        await client.query('BEGIN');
        const inside = store.withTransaction(client);
        await expect(inside.appendAll([{aggregateName: 'thing', aggregateId: '2', events: [event('a', 'x:1')]}], {query: [{tags: ['x:1']}]})).rejects.toMatchObject({code: 'CONDITION_FAILED'});
        await inside.appendAll([{aggregateName: 'thing', aggregateId: '2', events: [event('a', 'x:1')]}], {query: [{tags: ['x:1']}], after: 1n});
        await expect(inside.appendAll([{aggregateName: 'thing', aggregateId: '3', events: [event('a', 'x:1')]}], {query: [{tags: ['x:1']}], after: 1n})).rejects.toMatchObject({code: 'CONDITION_FAILED'});
        await client.query('COMMIT');
        expect(await positions([{tags: ['x:1']}])).toEqual([1, 2]);
    });
});
