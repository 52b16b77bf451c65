import type {OpenOptions, SQLiteDatabase} from '@woltage/sqlite';
import {
    compileTables, ConfigError, decodeJson, directAccess, encodeJson, PortableTable, type CommitBatch, type IStore, type ListRecordsOptions, type Row, type RowWrite,
    type ScopeOptions, type StoreQuery, type StoreRecord, type TableAccess, type TableDefinitionMap, type TableMap, type TableSpec
} from 'woltage';
import {Connection} from './connection.ts';
import {countRows, findRows} from './find-rows.ts';
import {quote} from './naming.ts';
import {Records} from './records.ts';
import {creationSql, physicalTable, type PhysicalTable} from './table.ts';
import {toText} from './text.ts';

/** Where the rows of a store's tables are kept. */
export type SQLiteStoreOptions = OpenOptions;

/** What native access gets, see {@link SQLiteStore.native}. */
export interface SQLiteNative<T extends TableDefinitionMap> {
    readonly database: SQLiteDatabase;
    /**
     * The quoted name of a table in the database. Its columns are `id` (the key as JSON) and `data` (the row as JSON, in which a Date
     * is `{"$date": ms}` and a bigint `{"$bigint": "digits"}`).
     */
    table(name: keyof T & string): string;
}

/**
 * A store in a SQLite file. Several processes may open the same file.
 *
 * @example
 * {adapter: SQLiteStore, args: [{path: 'data/store.db'}]}
 */
export class SQLiteStore<T extends TableDefinitionMap = TableDefinitionMap> implements IStore<T> {
    readonly tables: TableMap<T>;
    readonly #connection: Connection;
    readonly #namespace: string;
    readonly #specs: ReadonlyMap<string, TableSpec>;
    readonly #physical = new Map<string, PhysicalTable>();
    readonly #records: Records;
    readonly #access: TableAccess;

    /** @throws ConfigError `SQLITE_OPTIONS` */
    constructor(options: SQLiteStoreOptions);
    /** @internal A scope of a store. */
    constructor(connection: Connection, scope: ScopeOptions<T>);
    constructor(source: SQLiteStoreOptions | Connection, {namespace, tables, access}: Partial<ScopeOptions<T>> = {}) {
        this.#connection = source instanceof Connection ? source : new Connection(checked(source));
        this.#namespace = namespace ?? '';
        this.#records = new Records(this.#connection, this.#namespace);
        this.#specs = compileTables(tables ?? {}, `'${this.#namespace}'`);
        this.#access = access?.(this) ?? directAccess(this);
        this.tables = Object.fromEntries(Array.from(this.#specs, ([name, spec]) => [name, new PortableTable(spec, this.#access)])) as unknown as TableMap<T>;
    }

    /**
     * @throws ConfigError `SQLITE_OPEN` (with the path, when the file can't be opened or is no database), `SQLITE_OPTIONS`,
     * `SQLITE_DRIVER`, `SCHEMA_TOO_NEW`
     * @throws UnavailableError `SQLITE_BUSY`, `SQLITE_FAILED`
     */
    connect(): Promise<void> {
        return this.#connection.connect();
    }

    close(): Promise<void> {
        return this.#connection.close();
    }

    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): SQLiteStore<S> {
        return new SQLiteStore<S>(this.#connection, options);
    }

    /**
     * Direct access to the database, for what the portable methods can't say. In a projector, what the batch has written so far is
     * in the database first, and rows are no longer cached; what is written here is not taken back when the handler fails.
     * The database is shared: leave no transaction open when you await something, and don't close it, nor the store, in here.
     *
     * @example
     * await this.store.native(({database, table}) => database.prepare(`SELECT count(*) AS n FROM ${table('orders')}`).get());
     */
    async native<R>(run: (native: SQLiteNative<T>) => R | Promise<R>): Promise<R> {
        for (const spec of this.#specs.values())
            await this.#access.beforeNative(spec);
        return this.#connection.use(database => run({database, table: name => this.#table(name).quoted}));
    }

    createTables(): Promise<void> {
        return this.#connection.write(() => {
            const register = this.#connection.prepare('INSERT OR IGNORE INTO woltage_tables (physical_name, namespace, name) VALUES (?, ?, ?)');
            for (const spec of this.#specs.values()) {
                const table = this.#table(spec.name);
                this.#connection.exec(creationSql(table, spec));
                register.run(table.name, toText(this.#namespace), spec.name);
            }
        });
    }

    dropTables(): Promise<void> {
        const namespace = toText(this.#namespace);
        return this.#connection.write(() => {
            const tables = this.#connection.select('SELECT physical_name FROM woltage_tables WHERE namespace = ?').all(namespace) as [string][];
            for (const [name] of tables)
                this.#connection.exec(`DROP TABLE IF EXISTS ${quote(name)}`);
            this.#connection.prepare('DELETE FROM woltage_tables WHERE namespace = ?').run(namespace);
            this.#connection.prepare('DELETE FROM woltage_records WHERE namespace = ?').run(namespace);
        });
    }

    getRows({name}: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        return this.#connection.read(() => {
            const select = this.#connection.select(this.#table(name).select);
            return ids.map(id => {
                const row = select.get(id) as [string] | undefined;
                return row && decodeJson(row[0]) as Row;
            });
        });
    }

    findRows({name}: TableSpec, query: StoreQuery): Promise<readonly Row[]> {
        return this.#connection.read(() => findRows(this.#connection, this.#table(name).quoted, query));
    }

    countRows({name}: TableSpec, where: StoreQuery['where']): Promise<number> {
        return this.#connection.read(() => countRows(this.#connection, this.#table(name).quoted, where));
    }

    getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        return this.#connection.read(() => keys.map(key => this.#records.get(key)));
    }

    listRecords(prefix: string, options: ListRecordsOptions = {}): Promise<readonly (StoreRecord & {readonly key: string})[]> {
        return this.#connection.read(() => this.#records.list(prefix, options));
    }

    async commit({writes = [], records = []}: CommitBatch): Promise<void> {
        // Encoded before the transaction: what can't be stored is refused before anything is written.
        const data = writes.map(({row}) => row === null ? null : encodeJson(row));
        await this.#connection.write(() => {
            for (const record of records)
                this.#records.write(record);
            for (let i = 0; i < writes.length; i++)
                this.#writeRow(writes[i] as RowWrite, data[i] as string | null);
        });
    }

    #writeRow({table, id}: RowWrite, data: string | null): void {
        const {upsert, remove} = this.#table(table);
        if (data === null)
            this.#connection.prepare(remove).run(id);
        else
            this.#connection.prepare(upsert).run(id, data);
    }

    #table(name: string): PhysicalTable {
        let table = this.#physical.get(name);
        if (table === undefined)
            this.#physical.set(name, table = physicalTable(this.#namespace, name));
        return table;
    }
}

function checked(options: SQLiteStoreOptions): SQLiteStoreOptions {
    if (typeof options !== 'object' || options === null)
        throw new ConfigError('The SQLite store needs options: {path: \'data/store.db\'}.', {code: 'SQLITE_OPTIONS'});
    const {busyTimeoutMs} = options;
    if (busyTimeoutMs !== undefined && !(Number.isFinite(busyTimeoutMs) && busyTimeoutMs >= 0))
        throw new ConfigError(`'busyTimeoutMs' must be a number of ms, at least 0, not '${String(busyTimeoutMs)}'.`, {code: 'SQLITE_OPTIONS'});
    return options;
}
