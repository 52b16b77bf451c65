import {randomBytes} from 'node:crypto';
import {PostgresStore} from '@woltage/store-postgres';
import pg from 'pg';
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest';
import {uuidV7} from 'woltage';
import {personalDataSuite} from '../../../test/personal/personal-data-suite.ts';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresEventStore} from '../src/index.ts';

const found = await findServer(postgres, 'personal data and erasure in PostgreSQL');
let database: TestDatabase;
let schema = '';
beforeAll(async () => {
    if ('url' in found)
        database = await createDatabase(urlOf(found));
});
beforeEach(() => {
    schema = `personal_${randomBytes(6).toString('hex')}`;
});
afterAll(() => database?.drop());

/** Every event's row as text. */
async function rowsOf(): Promise<string> {
    const client = new pg.Client(database.url);
    await client.connect();
    const {rows} = await client.query<{text: string}>(`SELECT e::text AS text FROM "${schema}".events e`);
    await client.end();
    return rows.map(({text}) => text).join('\n');
}

personalDataSuite({
    describe: describeWith.bind(undefined, found), name: 'PostgreSQL', bytes: rowsOf,
    adapters: () => {
        const options = {connectionString: database.url, schema};
        return {eventStore: {adapter: PostgresEventStore, args: [options]}, store: {adapter: PostgresStore, args: [options]}};
    },
    child: {script: new URL('./support/people-child.ts', import.meta.url), args: () => [database.url, schema]}
});

describeWith(found, 'An erased stream in PostgreSQL', () => {
    it('leaves no row but the tombstone\'s', async () => {
        const store = new PostgresEventStore({connectionString: database.url, schema});
        await store.connect();
        const event = (secret: string) => {
            const id = uuidV7();
            return {id, type: 'thing.happened', version: 1, timestamp: 1, payload: {secret}, meta: {}, correlationId: id, causationId: null, tags: ['a:1']};
        };
        await store.append('account', 'a\u0000"', Array.from({length: 50}, () => event('top-secret')));
        await store.append('account', 'b', [event('well-known')]);
        await store.erase('account', 'a\u0000"', event('end'));
        const rows = await rowsOf();
        expect(rows.split('\n')).toHaveLength(2);
        expect(rows).not.toContain('top-secret');
        await expect(store.append('account', 'a\u0000"', [event('more')])).rejects.toMatchObject({code: 'GONE', message: 'Aggregate \'account/a\u0000"\' was erased.'});
        await store.close();
    });
});
