import {randomBytes} from 'node:crypto';
import {afterAll, beforeAll, beforeEach} from 'vitest';
import {eventStoreProcesses} from '../../../test/processes/event-store-processes.ts';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresEventStore} from '../src/index.ts';

const found = await findServer(postgres, 'processes that share an event store in PostgreSQL');
let database: TestDatabase;
let schema = '';
beforeAll(async () => {
    if ('url' in found)
        database = await createDatabase(urlOf(found));
});
beforeEach(() => {
    schema = `processes_${randomBytes(6).toString('hex')}`;
});
afterAll(() => database?.drop());

eventStoreProcesses({
    describe: describeWith.bind(undefined, found), place: 'an event store in PostgreSQL', child: new URL('./support/child.ts', import.meta.url),
    args: () => [database.url, schema], open: () => new PostgresEventStore({connectionString: database.url, schema})
});
