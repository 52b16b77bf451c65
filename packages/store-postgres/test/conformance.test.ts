import {randomBytes} from 'node:crypto';
import {storeConformance} from '@woltage/testing';
import pg from 'pg';
import {afterAll, beforeAll, it} from 'vitest';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresStore} from '../src/index.ts';

const found = await findServer(postgres, 'PostgresStore');
let database: TestDatabase;
beforeAll(async () => {
    if ('url' in found)
        database = await createDatabase(urlOf(found));
});
afterAll(() => database?.drop());

storeConformance({describe: (name, suite) => describeWith(found, name, suite), it}, 'PostgresStore', async () => {
    const schema = `store_${randomBytes(6).toString('hex')}`;
    const create = (): PostgresStore => new PostgresStore({connectionString: database.url, schema});
    return {store: create(), second: create, cleanup: () => dropSchema(schema)};
});

async function dropSchema(schema: string): Promise<void> {
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await client.end();
}
