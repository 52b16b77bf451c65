import type {Collection, Db, MongoClient} from 'mongodb';
import type {TableDefinitionMap, TableEntry} from 'woltage';

/** What native access gets, see `MongoDBStore.native`. */
export interface MongoDBNative<T extends TableDefinitionMap> {
    readonly client: MongoClient;
    readonly database: Db;
    /** The collection of a table. The `_id` of a row is its key as JSON text. */
    readonly collection: <N extends keyof T & string>(table: N) => Collection<TableEntry<T[N]> & {_id: string}>;
}
