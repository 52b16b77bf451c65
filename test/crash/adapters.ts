import {basename, join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import type {AdapterConfig, IEventStore, IStore} from 'woltage';
import {SingleKeySQLiteStore, type BeforeWrite} from '../../packages/woltage/test/support/single-key-sqlite-store.ts';

export interface CrashAdapters {
    readonly eventStore: AdapterConfig<IEventStore>;
    /** Of the projections, and the internal one. */
    readonly store: AdapterConfig<IStore>;
}

/**
 * @param folder What belongs together has one: files of a database, or the name of one on a server
 * @param beforeWrite For stores that write a commit in several steps: called before each of them
 */
type OpenAdapters = (folder: string, beforeWrite?: BeforeWrite) => CrashAdapters | Promise<CrashAdapters>;

/** Where the server of a suite is that needs one; see `suites.ts`. */
const server = (): string => process.env['WOLTAGE_CRASH_SERVER'] as string;
const eventStore = (folder: string): AdapterConfig<IEventStore> => ({adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]});

async function onMongoDB(folder: string): Promise<CrashAdapters> {
    const {MongoDBStore} = await import('@woltage/store-mongodb');
    return {eventStore: eventStore(folder), store: {adapter: MongoDBStore, args: [{url: server(), database: basename(folder)}]}};
}

/** What the crash suites run on, by name. A driver is loaded where it is needed: it takes time in which a process can't be killed in the middle of something. */
export const adapters: Readonly<Record<string, OpenAdapters>> = {
    'sqlite': folder => ({eventStore: eventStore(folder), store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]}}),
    // Offers single-key writes only: commits go through the redo record.
    'single-key': (folder, beforeWrite) => ({eventStore: eventStore(folder), store: {adapter: SingleKeySQLiteStore, args: [{path: join(folder, 'store.db'), beforeWrite}]}}),
    'redis': async folder => {
        const {RedisStore} = await import('@woltage/store-redis');
        return {eventStore: eventStore(folder), store: {adapter: RedisStore, args: [{url: server(), keyPrefix: basename(folder)}]}};
    },
    'postgres': async folder => {
        const [{PostgresEventStore}, {PostgresStore}] = await Promise.all([import('@woltage/eventstore-postgres'), import('@woltage/store-postgres')]);
        const args = [{connectionString: server(), schema: basename(folder)}];
        return {eventStore: {adapter: PostgresEventStore, args}, store: {adapter: PostgresStore, args}};
    },
    'mongodb': onMongoDB,
    // On one server without transactions: commits go through the redo record.
    'mongodb-standalone': onMongoDB
};
