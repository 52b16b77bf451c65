import {setTimeout as sleep} from 'node:timers/promises';
import {isWoltageError, UnavailableError} from 'woltage';
import type {SQLiteDatabase} from './driver.ts';
import {isBusy} from './open-database.ts';

const DEFAULT_BUSY_TIMEOUT_MS = 10_000;
const MAX_PAUSE_MS = 50;

/** Runs `work` in a write transaction, synchronously. It is rolled back when `work` throws. */
export function inTransaction<R>(database: SQLiteDatabase, work: () => R): R {
    database.exec('BEGIN IMMEDIATE');
    try {
        const result = work();
        database.exec('COMMIT');
        return result;
    } catch (error) {
        if (database.inTransaction)
            database.exec('ROLLBACK');
        throw error;
    }
}

/**
 * Runs something that may find the database locked by another process, again and again until it isn't. The process stays
 * responsive in between.
 *
 * @throws UnavailableError `SQLITE_BUSY` after `busyTimeoutMs`; `SQLITE_FAILED` when SQLite fails, for example because the disk is full
 */
export async function whenNotBusy<R>(run: () => R, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS): Promise<R> {
    const deadline = performance.now() + busyTimeoutMs;
    for (let pause = 1; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
        try {
            return run();
        } catch (error) {
            if (!isBusy(error))
                throw asUnavailable(error);
            if (performance.now() > deadline)
                throw new UnavailableError(`The SQLite database was locked by another process for ${busyTimeoutMs} ms.`, {code: 'SQLITE_BUSY', cause: error});
        }
        // Jitter, so that processes that wait for each other don't wake in step.
        await sleep(pause * (0.5 + Math.random()));
    }
}

/** An error of SQLite's own (disk full, input or output failed) as one that says so; others as they are. */
function asUnavailable(error: unknown): unknown {
    const {code, message} = (error ?? {}) as {readonly code?: unknown; readonly message?: string};
    return typeof code === 'string' && code.startsWith('SQLITE_') && !isWoltageError(error)
        ? new UnavailableError(`SQLite failed (${code}): ${message}`, {code: 'SQLITE_FAILED', details: {sqliteCode: code}, cause: error})
        : error;
}
