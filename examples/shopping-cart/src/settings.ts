import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import SQLiteStore from '@woltage/store-sqlite';
import {MemoryBroker, type WoltageConfig} from 'woltage';

/** What the shop runs on. */
export type Adapters = Pick<WoltageConfig, 'eventStore' | 'messageBroker'> & {readonly store: WoltageConfig['internalStore']};

/** By environment variables: POSTGRES_URL (or DATABASE_URL) and KAFKA_BROKERS; otherwise SQLite files in DATA_FOLDER, and a broker in this process. */
export async function adaptersOf(env: NodeJS.ProcessEnv): Promise<Adapters> {
    const url = env['POSTGRES_URL'] ?? env['DATABASE_URL'];
    return {...url === undefined ? sqlite(dataFolderOf(env)) : await postgres(url), messageBroker: await brokerOf(env)};
}

export function dataFolderOf(env: NodeJS.ProcessEnv): string {
    const folder = env['DATA_FOLDER'] ?? join(import.meta.dirname, '../data');
    mkdirSync(folder, {recursive: true});
    return folder;
}

const sqlite = (folder: string) => ({
    eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]},
    store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]}
});

async function postgres(connectionString: string) {
    const [{PostgresEventStore}, {PostgresStore}] = await Promise.all([import('@woltage/eventstore-postgres'), import('@woltage/store-postgres')]);
    return {eventStore: {adapter: PostgresEventStore, args: [{connectionString}]}, store: {adapter: PostgresStore, args: [{connectionString}]}};
}

async function brokerOf(env: NodeJS.ProcessEnv): Promise<Adapters['messageBroker']> {
    const brokers = env['KAFKA_BROKERS'];
    if (brokers === undefined)
        return {adapter: MemoryBroker};
    const {KafkaBroker} = await import('@woltage/kafka');
    return {adapter: KafkaBroker, args: [{brokers: brokers.split(','), clientId: 'shop'}]};
}
