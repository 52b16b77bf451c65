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
type OpenAdapters = (folder: string, beforeWrite?: BeforeWrite) => CrashAdapters;

const eventStore = (folder: string): AdapterConfig<IEventStore> => ({adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]});

/** A server that outlives the processes that are killed. */
const mongodbUrl = process.env['WOLTAGE_TEST_MONGODB_URL'];
// Loading a driver takes a process some time, in which it can't be killed in the middle of something.
const mongodb = mongodbUrl === undefined ? undefined : await import('@woltage/store-mongodb');

/** What the crash suites run on, by name. A further store is a further line. */
export const adapters: Readonly<Record<string, OpenAdapters>> = {
    'sqlite': folder => ({eventStore: eventStore(folder), store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]}}),
    // Offers single-key writes only: commits go through the redo record.
    'single-key': (folder, beforeWrite) => ({eventStore: eventStore(folder), store: {adapter: SingleKeySQLiteStore, args: [{path: join(folder, 'store.db'), beforeWrite}]}}),
    // In a database of the folder's name, which stays behind.
    ...mongodb && {'mongodb': (folder: string) => ({eventStore: eventStore(folder), store: {adapter: mongodb.MongoDBStore, args: [{url: mongodbUrl, database: basename(folder)}]}})}
};
