import {mkdirSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, resolve} from 'node:path';
import {ConfigError, isWoltageError} from 'woltage';
import type {OpenOptions, SQLiteDatabase} from './driver.ts';

type Constructor = new (path: string, options: {readonly timeout: number}) => SQLiteDatabase;

const require = createRequire(import.meta.url);

/** How long SQLite itself waits for a lock, blocking the process, in ms; longer waits are asynchronous. */
const BLOCKING_TIMEOUT_MS = 5;

/**
 * Opens a database in WAL mode.
 *
 * @throws ConfigError `SQLITE_DRIVER` when better-sqlite3 is missing or can't run here, `SQLITE_OPEN` with the path when the file
 * can't be opened or is no database, `SQLITE_OPTIONS`
 */
export function openDatabase(options: OpenOptions): SQLiteDatabase {
    const {path, synchronous = 'FULL'} = options;
    if (typeof path !== 'string' || path === '')
        throw new ConfigError('A SQLite adapter needs a path: {path: \'data/app.db\'}.', {code: 'SQLITE_OPTIONS'});
    if (synchronous !== 'FULL' && synchronous !== 'NORMAL')
        throw new ConfigError(`'synchronous' must be 'FULL' or 'NORMAL', not '${String(synchronous)}'.`, {code: 'SQLITE_OPTIONS'});
    const Database = loadDriver();
    let database: SQLiteDatabase | undefined;
    try {
        if (path !== ':memory:')
            mkdirSync(dirname(resolve(path)), {recursive: true});
        database = new Database(path, {timeout: BLOCKING_TIMEOUT_MS});
        // What is deleted or replaced is overwritten, as far as that costs no further writing.
        database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST;`);
        return database;
    } catch (error) {
        database?.close();
        if (isBusy(error) || isWoltageError(error))
            throw error;
        throw new ConfigError(`The SQLite database '${path}' can't be opened: ${(error as Error).message}. Check that the path is a `
            + 'database file (or doesn\'t exist yet) and that its folder can be written.', {code: 'SQLITE_OPEN', details: {path}, cause: error});
    }
}

function loadDriver(): Constructor {
    const nodeMajor = Number(process.versions.node.split('.')[0]);
    try {
        const {version} = require('better-sqlite3/package.json') as {version: string};
        if (Number(version.split('.')[0]) >= 13 && nodeMajor < 22)
            throw new ConfigError(`better-sqlite3 ${version} needs Node.js 22 or newer and crashes on ${process.version}. Install better-sqlite3@12, `
                + 'or upgrade Node.js.', {code: 'SQLITE_DRIVER'});
        return require('better-sqlite3') as Constructor;
    } catch (error) {
        if (isWoltageError(error))
            throw error;
        throw new ConfigError(`better-sqlite3 can't be loaded: ${(error as Error).message}. Run \`npm rebuild better-sqlite3\`; where install scripts are `
            + 'switched off, allow its own.', {code: 'SQLITE_DRIVER', cause: error});
    }
}

/** True when another connection holds the lock. */
export function isBusy(error: unknown): boolean {
    const {code} = (error ?? {}) as {readonly code?: unknown};
    return typeof code === 'string' && (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED');
}
