import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {PostgresEventStore} from '@woltage/eventstore-postgres';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import {PostgresStore} from '@woltage/store-postgres';
import SQLiteStore from '@woltage/store-sqlite';
import {MemoryBroker, MemoryBrokerData} from 'woltage';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {endToEndSuite} from './end-to-end.ts';

const found = await findServer(postgres, 'The shopping cart');

function memoryBroker() {
    const data = new MemoryBrokerData();
    return {messageBroker: {adapter: MemoryBroker, args: [data]}, outside: new MemoryBroker(data)};
}

endToEndSuite('SQLite and a broker in memory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-cart-'));
    const {messageBroker, outside} = memoryBroker();
    return {
        adapters: {
            eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]},
            store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]},
            messageBroker
        },
        outside,
        stop: () => rm(folder, {recursive: true})
    };
});

describeWith(found, 'With PostgreSQL', () => {
    endToEndSuite('PostgreSQL and a broker in memory', async () => {
        const {url, drop} = await createDatabase(urlOf(found));
        const {messageBroker, outside} = memoryBroker();
        return {
            adapters: {
                eventStore: {adapter: PostgresEventStore, args: [{connectionString: url}]},
                store: {adapter: PostgresStore, args: [{connectionString: url}]},
                messageBroker
            },
            outside,
            stop: drop
        };
    });
});
