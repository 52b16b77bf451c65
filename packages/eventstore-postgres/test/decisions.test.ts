import {randomBytes} from 'node:crypto';
import {afterAll, beforeAll, beforeEach} from 'vitest';
import {decisionSuite} from '../../../test/decisions/decision-suite.ts';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresEventStore} from '../src/index.ts';

const found = await findServer(postgres, 'decisions on PostgreSQL');
let database: TestDatabase;
let schema = '';
beforeAll(async () => {
    if ('url' in found)
        database = await createDatabase(urlOf(found));
});
beforeEach(() => {
    schema = `decisions_${randomBytes(6).toString('hex')}`;
});
afterAll(() => database?.drop());

decisionSuite({
    describe: describeWith.bind(undefined, found), place: 'PostgreSQL', adapter: () => ({adapter: PostgresEventStore, args: [{connectionString: database.url, schema}]}),
    child: {script: new URL('./support/decision-child.ts', import.meta.url), args: () => [database.url, schema]}
});
