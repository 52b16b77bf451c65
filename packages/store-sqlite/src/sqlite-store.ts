import type {OpenOptions, SQLiteDatabase} from '@woltage/sqlite';
import {
    compareRows, compileTables, decodeJson, directAccess, encodeJson, matches, PortableTable, StaleRecordError,
    type CommitBatch, type IStore, type Row, type ScopeOptions, type StoreQuery, type StoreRecord, type TableAccess,
    type TableDefinitionMap, type TableMap, type TableSpec
} from 'woltage';
import {Connection} from './connection.ts';
import {physicalName, quote, shortHash} from './naming.ts';
import {compileCursor, compileOrder, compileWhere, sortExpression} from './query-sql.ts';

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
    readonly #names: ReadonlyMap<string, string>;
    readonly #access: TableAccess;

    constructor(options: SQLiteStoreOptions);
    /** @internal A scope of a store. */
    constructor(connection: Connection, scope: ScopeOptions<T>);
    constructor(source: SQLiteStoreOptions | Connection, {namespace, tables, access}: Partial<ScopeOptions<T>> = {}) {
        this.#connection = source instanceof Connection ? source : new Connection(source);
        this.#namespace = namespace ?? '';
        this.#specs = compileTables(tables ?? {}, `'${this.#namespace}'`);
        this.#names = new Map(Array.from(this.#specs.keys(), name => [name, quote(physicalName(this.#namespace, name))]));
        this.#access = access?.(this) ?? directAccess(this);
        this.tables = Object.fromEntries(Array.from(this.#specs, ([name, spec]) => [name, new PortableTable(spec, this.#access)])) as unknown as TableMap<T>;
    }

    async connect(): Promise<void> {
        await this.#connection.connect();
    }

    async close(): Promise<void> {
        this.#connection.close();
    }

    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): SQLiteStore<S> {
        return new SQLiteStore<S>(this.#connection, options);
    }

    /**
     * Direct access to the database, for what the portable methods can't say. In a projector, what the batch has written so far is
     * in the database first, and rows are no longer cached; what is written here is not taken back when the handler fails.
     */
    async native<R>(run: (native: SQLiteNative<T>) => R | Promise<R>): Promise<R> {
        for (const spec of this.#specs.values())
            await this.#access.beforeNative(spec);
        return run({database: this.#connection.database, table: name => this.#name(name)});
    }

    async createTables(): Promise<void> {
        await this.#connection.write(() => {
            for (const spec of this.#specs.values())
                this.#createTable(spec);
        });
    }

    async dropTables(): Promise<void> {
        await this.#connection.write(() => {
            const rows = this.#connection.prepare('SELECT physical_name FROM woltage_tables WHERE namespace = ?').all(this.#namespace);
            for (const {physical_name: name} of rows as {physical_name: string}[])
                this.#connection.database.exec(`DROP TABLE IF EXISTS ${quote(name)}`);
            this.#connection.prepare('DELETE FROM woltage_tables WHERE namespace = ?').run(this.#namespace);
            this.#connection.prepare('DELETE FROM woltage_records WHERE namespace = ?').run(this.#namespace);
        });
    }

    async getRows({name}: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        return this.#connection.read(() => {
            const select = this.#connection.prepare(`SELECT data FROM ${this.#name(name)} WHERE id = ?`);
            return ids.map(id => {
                const row = select.get(id) as {readonly data: string} | undefined;
                return row === undefined ? undefined : decodeJson(row.data) as Row;
            });
        });
    }

    async findRows({name}: TableSpec, {where, sort, limit, cursor}: StoreQuery): Promise<readonly Row[]> {
        if (limit === 0)
            return [];
        const filter = compileWhere(where);
        const after = compileCursor(sort, cursor);
        const canLimit = limit !== undefined && filter.isExact && cursor === undefined;
        const conditions = [filter.sql, after?.sql].filter(sql => sql !== undefined && sql !== '').map(sql => `(${sql})`);
        // `LIMIT ?` alone would make SQLite plan the statement anew for each value.
        const sql = `SELECT data FROM ${this.#name(name)}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`} `
            + `ORDER BY ${compileOrder(sort)}${canLimit ? ' LIMIT ? + 0' : ''}`;
        const values = [...filter.values, ...after?.values ?? [], ...canLimit ? [limit] : []];
        const order = compareRows(sort);
        return this.#connection.read(() => {
            const rows: Row[] = [];
            for (const {data} of this.#connection.prepare(sql).iterate(...values) as IterableIterator<{readonly data: string}>) {
                const row = decodeJson(data) as Row;
                if ((filter.isExact || matches(row, where)) && (cursor === undefined || order(row, cursor) > 0))
                    rows.push(row);
                if (rows.length === limit)
                    break;
            }
            return rows;
        });
    }

    async countRows(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        const {sql, values, isExact} = compileWhere(where);
        const from = `FROM ${this.#name(table.name)}${sql === '' ? '' : ` WHERE ${sql}`}`;
        return this.#connection.read(() => {
            if (isExact)
                return (this.#connection.prepare(`SELECT count(*) AS n ${from}`).get(...values) as {readonly n: number}).n;
            let n = 0;
            for (const {data} of this.#connection.prepare(`SELECT data ${from}`).iterate(...values) as IterableIterator<{readonly data: string}>)
                n += matches(decodeJson(data) as Row, where) ? 1 : 0;
            return n;
        });
    }

    async getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        return this.#connection.read(() => {
            const select = this.#connection.prepare('SELECT value, token FROM woltage_records WHERE namespace = ? AND key = ?');
            return keys.map(key => select.get(this.#namespace, key) as StoreRecord | undefined);
        });
    }

    async listRecords(prefix: string): Promise<readonly (StoreRecord & {readonly key: string})[]> {
        return this.#connection.read(() => this.#connection.prepare('SELECT key, value, token FROM woltage_records WHERE namespace = ? AND substr(key, 1, length(?)) = ? ORDER BY key')
            .all(this.#namespace, prefix, prefix) as (StoreRecord & {key: string})[]);
    }

    async commit({writes = [], records = []}: CommitBatch): Promise<void> {
        // Encoded before the transaction: what can't be stored is refused before anything is written.
        const rows = writes.map(({row}) => row === null ? null : encodeJson(row));
        await this.#connection.write(() => {
            this.#writeRecords(records);
            writes.forEach(({table, id}, index) => {
                const data = rows[index] ?? null;
                if (data === null)
                    this.#connection.prepare(`DELETE FROM ${this.#name(table)} WHERE id = ?`).run(id);
                else
                    this.#connection.prepare(`INSERT INTO ${this.#name(table)} (id, data) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data`).run(id, data);
            });
        });
    }

    #writeRecords(records: NonNullable<CommitBatch['records']>): void {
        const select = this.#connection.prepare('SELECT token FROM woltage_records WHERE namespace = ? AND key = ?');
        for (const {key, value, token, expected} of records) {
            const current = select.get(this.#namespace, key) as {readonly token: string} | undefined;
            if (expected !== undefined && (current?.token ?? null) !== expected)
                throw new StaleRecordError(`Record '${key}' of '${this.#namespace}' was changed by somebody else.`, {details: {key}});
            if (value === null)
                this.#connection.prepare('DELETE FROM woltage_records WHERE namespace = ? AND key = ?').run(this.#namespace, key);
            else
                this.#connection.prepare('INSERT INTO woltage_records (namespace, key, value, token) VALUES (?, ?, ?, ?) ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, token = excluded.token')
                    .run(this.#namespace, key, value, token);
        }
    }

    #createTable({name, indexes}: TableSpec): void {
        const {database} = this.#connection;
        const physical = physicalName(this.#namespace, name);
        database.exec(`CREATE TABLE IF NOT EXISTS ${quote(physical)} (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID`);
        this.#connection.prepare('INSERT OR IGNORE INTO woltage_tables (physical_name, namespace, name) VALUES (?, ?, ?)').run(physical, this.#namespace, name);
        for (const fields of indexes)
            database.exec(`CREATE INDEX IF NOT EXISTS ${quote(`${physical}_${shortHash(fields.join('\n'))}`)} ON ${quote(physical)} (${fields.map(sortExpression).join(', ')})`);
    }

    #name(table: string): string {
        return this.#names.get(table) ?? quote(physicalName(this.#namespace, table));
    }
}
