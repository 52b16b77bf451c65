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
    readonly #statements = new Map<string, SQLiteStatement>();
    #database: SQLiteDatabase | undefined;
    #isOpen = false;
    #turn: Promise<void> = Promise.resolve();
    #underWay = 0;
    #whenIdle: (() => void) | undefined;

    constructor(options: OpenOptions) {
        this.#options = options;
    }

    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#isOpen)
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
            this.#isOpen = true;
        });
    }

    /** Refuses new calls at once, and waits for those under way. */
    close(): Promise<void> {
        return this.#inTurn(async () => {
            this.#isOpen = false;
            if (this.#underWay > 0)
                await new Promise<void>(resolve => this.#whenIdle = resolve);
            this.#statements.clear();
            this.#database?.close();
            this.#database = undefined;
        });
    }

    /** Runs `work` in a write transaction; its calls see each other's writes, and all of them are undone when one fails. */
    write<R>(work: () => R): Promise<R> {
        return this.use(database => whenNotBusy(() => inTransaction(database, work), this.#options.busyTimeoutMs));
    }

    read<R>(work: () => R): Promise<R> {
        return this.use(() => whenNotBusy(work, this.#options.busyTimeoutMs));
    }

    /**
     * The connection stays open until `work` is done.
     *
     * @throws UnavailableError `CLOSED`
     */
    async use<R>(work: (database: SQLiteDatabase) => R | Promise<R>): Promise<R> {
        if (!this.#isOpen)
            throw new UnavailableError(`The store '${this.#options.path}' is not connected.`, {code: 'CLOSED'});
        this.#underWay++;
        try {
            return await work(this.#open);
        } finally {
            this.#underWay--;
            if (this.#underWay === 0)
                this.#whenIdle?.();
        }
    }

    exec(sql: string): void {
        this.#open.exec(sql);
    }

    /** A prepared statement, kept for the next time. */
    prepare(sql: string): SQLiteStatement {
        return this.#statements.get(sql) ?? this.#keep(sql, this.#open.prepare(sql));
    }

    /** Like {@link prepare}, with rows as arrays of columns. */
    select(sql: string): SQLiteStatement {
        return this.#statements.get(sql) ?? this.#keep(sql, this.#open.prepare(sql).raw());
    }

    #keep(sql: string, statement: SQLiteStatement): SQLiteStatement {
        if (this.#statements.size >= MAX_STATEMENTS)
            this.#statements.clear();
        this.#statements.set(sql, statement);
        return statement;
    }

    get #open(): SQLiteDatabase {
        if (this.#database === undefined)
            throw new UnavailableError(`The store '${this.#options.path}' is not connected.`, {code: 'CLOSED'});
        return this.#database;
    }

    #inTurn(step: () => Promise<void>): Promise<void> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}
