import type {StoreQuery} from './query.ts';
import type {Row, TableDefinitionMap} from './table-definition.ts';
import type {TableAccess, TableSpec} from './table-access.ts';
import type {TableMap} from './table.ts';

/** A write of one row, by the id that `rowId` makes of its key. */
export interface RowWrite {
    readonly table: string;
    readonly id: string;
    /** The whole row, or null to remove it. */
    readonly row: Row | null;
}

/** A small piece of bookkeeping (a checkpoint, a lease, a registry entry) in a scope, changed by compare-and-set. */
export interface StoreRecord {
    /** Text, opaque to the store. */
    readonly value: string;
    /** Changes with every write; unique for all time, so that no late writer can mistake one state for another. */
    readonly token: string;
}

export interface RecordWrite {
    readonly key: string;
    /** The new value, or null to remove the record. */
    readonly value: string | null;
    /** The record's token after this write. */
    readonly token: string;
    /** The token that the record must have now; null: it must not exist; left out: whatever it is. */
    readonly expected?: string | null | undefined;
}

export interface ListRecordsOptions {
    /** Lists the records with keys greater than this one only. */
    readonly after?: string | undefined;
    /** The greatest number of records to list; all by default. */
    readonly limit?: number | undefined;
}

/** What is written together: all of it or nothing. At most one write per row and per record. */
export interface CommitBatch {
    readonly writes?: readonly RowWrite[];
    readonly records?: readonly RecordWrite[];
}

/** What native calls of a batch run in, together with what is written at its end: all of it takes effect, or nothing. One call at a time. */
export interface StoreTransaction extends Pick<IStore, 'getRows' | 'findRows' | 'countRows'> {
    /** Writes rows, which nobody else sees until the end. */
    write(writes: readonly RowWrite[]): Promise<void>;
    /**
     * Writes what is left, and ends it.
     *
     * @throws StaleRecordError when a record's token is not the expected one; nothing that was done in the transaction takes effect then, nor after any other error
     */
    commit(batch: CommitBatch): Promise<void>;
    /** Ends it and takes everything back. Does nothing when it has ended. Never rejects. */
    rollback(): Promise<void>;
}

export interface ScopeOptions<T extends TableDefinitionMap> {
    /** Names the owner, for example `user@1`. Any text; scopes with different names never meet. */
    readonly namespace: string;
    readonly tables: T;
    /** How the scope's `tables` reach the data. @default straight to the store */
    readonly access?: ((store: IStore) => TableAccess) | undefined;
}

/**
 * The port of a store. An adapter object is a connection; `scope` gives a view of the same class that holds the tables and
 * records of one owner. Calls on a scope work between `connect` and `close` of the adapter. What `storeConformance` of
 * `@woltage/testing` checks is the whole contract.
 */
export interface IStore<T extends TableDefinitionMap = TableDefinitionMap> {
    /** The portable tables of this scope, with the driver's own methods beside them where the adapter's type declares them. */
    readonly tables: TableMap<T>;

    /** Opens connections. Repeated calls do nothing; works again after `close`. */
    connect(): Promise<void>;
    /** Lets calls under way finish, and closes every handle. Repeated calls do nothing. */
    close(): Promise<void>;

    /** A view on this store for one owner. Makes no call to the database. */
    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): IStore<S>;

    /** Creates the scope's tables and declared indexes where they are missing. */
    createTables(): Promise<void>;
    /** Where indexes are built faster at the end of a bulk load: creates the tables without the declared indexes, which `createTables` adds later. */
    createBareTables?(): Promise<void>;
    /** Removes the scope's tables, rows and records. */
    dropTables(): Promise<void>;

    /** The rows with these ids, in their order; `undefined` where there is none. */
    getRows(table: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]>;
    findRows(table: TableSpec, query: StoreQuery): Promise<readonly Row[]>;
    countRows(table: TableSpec, where: StoreQuery['where']): Promise<number>;

    /** The records with these keys, in their order. */
    getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]>;
    /** The records whose keys start with the prefix, in the order of their keys (by code points). */
    listRecords(prefix: string, options?: ListRecordsOptions): Promise<readonly (StoreRecord & {readonly key: string})[]>;

    /**
     * Where the store can push: calls the listener soon after records of this scope have changed, whoever changed them. It may be
     * called once too often, and is called when changes may have been missed.
     *
     * @returns A function that ends it
     */
    watchRecords?(listener: () => void): Promise<() => void>;

    /**
     * Writes rows and records of this scope, atomically and durably.
     *
     * @throws StaleRecordError when a record's token is not the expected one; nothing is written then
     */
    commit(batch: CommitBatch): Promise<void>;

    /** Where native calls can be part of a commit: opens a transaction on this scope. */
    begin?(): Promise<StoreTransaction>;
}
