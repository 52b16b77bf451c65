import {inTransaction, migrate, openDatabase, whenNotBusy, type OpenOptions, type SQLiteDatabase, type SQLiteStatement} from '@woltage/sqlite';
import {UnavailableError} from 'woltage';

const migrations: readonly string[] = [`
    CREATE TABLE woltage_records (
        namespace TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        token TEXT NOT NULL,
        PRIMARY KEY (namespace, key)
    ) WITHOUT ROWID;
    CREATE TABLE woltage_tables (
        physical_name TEXT PRIMARY KEY,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL
    ) WITHOUT ROWID;
`];

const MAX_STATEMENTS = 500;

/** The one connection of a store and its scopes. */
export class Connection {
    readonly #options: OpenOptions;
    #database: SQLiteDatabase | undefined;
    #statements = new Map<string, SQLiteStatement>();

    constructor(options: OpenOptions) {
        this.#options = options;
    }

    /** @throws UnavailableError `CLOSED` */
    get database(): SQLiteDatabase {
        if (this.#database === undefined)
            throw new UnavailableError(`The store '${this.#options.path}' is not connected.`, {code: 'CLOSED'});
        return this.#database;
    }

    async connect(): Promise<void> {
        if (this.#database !== undefined)
            return;
        const {busyTimeoutMs} = this.#options;
        const database = await whenNotBusy(() => openDatabase(this.#options), busyTimeoutMs);
        try {
            await whenNotBusy(() => migrate(database, 'store', migrations), busyTimeoutMs);
        } catch (error) {
            database.close();
            throw error;
        }
        this.#database = database;
    }

    close(): void {
        this.#statements.clear();
        this.#database?.close();
        this.#database = undefined;
    }

    /** A prepared statement whose rows are arrays of columns, kept for the next time. */
    prepare(sql: string): SQLiteStatement {
        const known = this.#statements.get(sql);
        if (known !== undefined)
            return known;
        if (this.#statements.size >= MAX_STATEMENTS)
            this.#statements.clear();
        const statement = this.database.prepare(sql);
        this.#statements.set(sql, statement);
        return statement;
    }

    /** Runs `work` in a write transaction. */
    write<R>(work: () => R): Promise<R> {
        return whenNotBusy(() => inTransaction(this.database, work), this.#options.busyTimeoutMs);
    }

    /** Runs a read. */
    read<R>(work: () => R): Promise<R> {
        return whenNotBusy(work, this.#options.busyTimeoutMs);
    }
}
