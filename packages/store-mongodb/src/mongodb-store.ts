import {
    compileTables, directAccess, type CommitBatch, type IStore, type ListRecordsOptions, type Row, type ScopeOptions, type StoreQuery, type StoreRecord, type TableAccess, type TableDefinitionMap,
    type TableEntry, type TableSpec
} from 'woltage';
import type {Collection} from 'mongodb';
import {Connection, type Link} from './connection.ts';
import {NativeTable, type MongoDBTableMap} from './mongodb-table.ts';
import {Names} from './names.ts';
import type {MongoDBNative} from './native.ts';
import type {MongoDBStoreOptions} from './options.ts';
import {ScopeData} from './scope-data.ts';

/**
 * A store in MongoDB: a collection for each table, a document for each row. Any number of processes may use the same servers.
 *
 * @example
 * {adapter: MongoDBStore, args: ['mongodb://localhost:27017/shop']}
 */
export class MongoDBStore<T extends TableDefinitionMap = TableDefinitionMap> implements IStore<T> {
    /** The portable tables, with methods of the driver's collection beside them. */
    readonly tables: MongoDBTableMap<T>;
    readonly #connection: Connection;
    readonly #names: Names;
    readonly #specs: ReadonlyMap<string, TableSpec>;
    readonly #access: TableAccess;
    #data: {readonly link: Link; readonly scope: ScopeData} | undefined;

    /** @throws ConfigError `MONGODB_OPTIONS` */
    constructor(source: string | MongoDBStoreOptions);
    /** @internal A scope of a store. */
    constructor(connection: Connection, scope: ScopeOptions<T>);
    constructor(source: string | MongoDBStoreOptions | Connection, {namespace = '', tables, access}: Partial<ScopeOptions<T>> = {}) {
        this.#connection = source instanceof Connection ? source : new Connection(source);
        this.#names = new Names(this.#connection.prefix, namespace);
        this.#specs = compileTables(tables ?? {}, `'${namespace}'`);
        this.#access = access?.(this) ?? directAccess(this);
        const native = (spec: TableSpec): NativeTable => new NativeTable(spec, this.#access, ({name}, run) =>
            this.#connection.useNatively(link => run(this.#scopeOf(link).collections.table(name), link.hasTransactions)));
        this.tables = Object.fromEntries(Array.from(this.#specs, ([name, spec]) => [name, native(spec)])) as unknown as MongoDBTableMap<T>;
    }

    /**
     * @throws ConfigError `MONGODB_CREDENTIALS` when the server refuses them, `MONGODB_OPTIONS`
     * @throws UnavailableError `MONGODB_UNAVAILABLE` when it can't be reached within `timeoutMs`
     */
    connect(): Promise<void> {
        return this.#connection.connect();
    }

    close(): Promise<void> {
        return this.#connection.close();
    }

    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): MongoDBStore<S> {
        return new MongoDBStore<S>(this.#connection, options);
    }

    /**
     * Direct access to the driver, for what the tables' own methods can't say. In a projector, what the batch has written so far is in MongoDB first, and rows
     * are no longer cached; what is written here is not taken back when the handler fails. Errors are the driver's own.
     *
     * @example
     * await this.store.native(({collection}) => collection('orders').findOne({total: {$mod: [10, 0]}}));
     */
    async native<R>(run: (native: MongoDBNative<T>) => R | Promise<R>): Promise<R> {
        for (const spec of this.#specs.values())
            await this.#access.beforeNative(spec);
        return this.#connection.useNatively(link => {
            const {collections} = this.#scopeOf(link);
            const collection = <N extends keyof T & string>(table: N) => collections.table(table) as unknown as Collection<TableEntry<T[N]> & {_id: string}>;
            return run({client: link.client, database: link.database, collection});
        });
    }

    /** @throws ConfigError `MONGODB_INDEX` when the rows that are there can't be indexed as declared */
    createTables(): Promise<void> {
        return this.#use(scope => scope.create(this.#specs.values()));
    }

    dropTables(): Promise<void> {
        return this.#use(scope => scope.drop(this.#specs.values()));
    }

    getRows(table: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        return this.#useBriefly(scope => scope.get(table, ids));
    }

    findRows(table: TableSpec, query: StoreQuery): Promise<readonly Row[]> {
        return this.#use(scope => scope.find(table, query));
    }

    countRows(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        return this.#use(scope => scope.finder(table).count(where));
    }

    getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        return this.#useBriefly(scope => scope.getRecords(keys));
    }

    listRecords(prefix: string, options: ListRecordsOptions = {}): Promise<readonly (StoreRecord & {readonly key: string})[]> {
        return this.#useBriefly(scope => scope.listRecords(prefix, options));
    }

    /** @throws BadRequestError `ROW_TOO_LARGE`, `NOT_ENCODABLE`; nothing is written then */
    commit(batch: CommitBatch): Promise<void> {
        return this.#useBriefly(scope => scope.commit(batch));
    }

    #use<R>(work: (scope: ScopeData) => Promise<R>): Promise<R> {
        return this.#connection.use(link => work(this.#scopeOf(link)));
    }

    #useBriefly<R>(work: (scope: ScopeData) => Promise<R>): Promise<R> {
        return this.#connection.useBriefly(link => work(this.#scopeOf(link)));
    }

    #scopeOf(link: Link): ScopeData {
        if (this.#data?.link !== link)
            this.#data = {link, scope: new ScopeData(link, this.#names, this.#connection.timeoutMs)};
        return this.#data.scope;
    }
}
