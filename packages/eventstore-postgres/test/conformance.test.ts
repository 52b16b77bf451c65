import {randomBytes} from 'node:crypto';
import {eventStoreConformance} from '@woltage/testing';
import pg from 'pg';
import {afterAll, beforeAll, it} from 'vitest';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresEventStore} from '../src/index.ts';

const found = await findServer(postgres, 'PostgresEventStore');
let database: TestDatabase;
beforeAll(async () => {
    if ('url' in found)
        database = await createDatabase(urlOf(found));
});
afterAll(() => database?.drop());

eventStoreConformance({describe: (name, suite) => describeWith(found, name, suite), it}, 'PostgresEventStore', async () => {
    const schema = `events_${randomBytes(6).toString('hex')}`;
    const create = (): PostgresEventStore => new PostgresEventStore({connectionString: database.url, schema});
    return {eventStore: create(), second: create, cleanup: () => dropSchema(schema)};
});

async function dropSchema(schema: string): Promise<void> {
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await client.end();
}
