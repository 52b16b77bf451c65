/** What the adapters need of a SQLite database: better-sqlite3 offers it as it is, others behind a few lines. */
export interface SQLiteDatabase {
    prepare(sql: string): SQLiteStatement;
    exec(sql: string): unknown;
    close(): unknown;
    readonly inTransaction: boolean;
}

export type SQLiteValue = string | number | bigint | null | Uint8Array;

export interface SQLiteStatement {
    run(...values: readonly SQLiteValue[]): {readonly changes: number};
    get(...values: readonly SQLiteValue[]): unknown;
    all(...values: readonly SQLiteValue[]): unknown[];
    iterate(...values: readonly SQLiteValue[]): IterableIterator<unknown>;
    /** Makes `get`, `all` and `iterate` return rows as arrays of columns, which is the fastest way to read. */
    raw(): SQLiteStatement;
}

export interface OpenOptions {
    /** A file, whose missing folders are created; `:memory:` for a database that ends with the connection. */
    readonly path: string;
    /**
     * What a commit waits for. `FULL`: until it is on the disk, so that a power cut loses nothing. `NORMAL`: a power cut (not a
     * crash of the process) may lose the last commits. @default 'FULL'
     */
    readonly synchronous?: 'FULL' | 'NORMAL' | undefined;
    /** How long a write waits for another process's, in ms. @default 10000 */
    readonly busyTimeoutMs?: number | undefined;
}
