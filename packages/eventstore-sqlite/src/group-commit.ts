import {inTransaction, whenNotBusy, type SQLiteDatabase} from '@woltage/sqlite';
import {BadRequestError, conditionFailed, isWoltageError, type AppendResult} from 'woltage';
import type {Appender} from './appender.ts';
import type {EncodedAppend, EncodedCondition} from './encode.ts';
import {EventMatches} from './event-matches.ts';

type Outcome = {readonly results: readonly AppendResult[]} | {readonly error: unknown};

/** What one caller asked for: appends that belong together. */
interface Task {
    readonly appends: readonly EncodedAppend[];
    readonly condition: EncodedCondition | undefined;
    readonly resolve: (results: readonly AppendResult[]) => void;
    readonly reject: (error: unknown) => void;
}

/** The most tasks that one transaction holds, so that other work of the process gets its turn. */
const MAX_GROUP = 512;

/**
 * Commits what is asked for in the same turn of the event loop in one transaction, so that its cost (a sync of the disk) is shared. A
 * task that is refused takes nobody else down; when the commit itself fails, all of its group do.
 */
export class GroupCommit {
    readonly #database: SQLiteDatabase;
    readonly #appender: Appender;
    readonly #matches: EventMatches;
    readonly #busyTimeoutMs: number | undefined;
    readonly #afterCommit: () => void;
    #queue: Task[] = [];
    #running: Promise<void> | undefined;

    constructor(database: SQLiteDatabase, appender: Appender, busyTimeoutMs: number | undefined, afterCommit: () => void) {
        this.#database = database;
        this.#appender = appender;
        this.#matches = new EventMatches(database);
        this.#busyTimeoutMs = busyTimeoutMs;
        this.#afterCommit = afterCommit;
    }

    /** Resolves when everything is durably committed; all of it or nothing. */
    run(appends: readonly EncodedAppend[], condition?: EncodedCondition): Promise<readonly AppendResult[]> {
        return new Promise((resolve, reject) => {
            this.#queue.push({appends, condition, resolve, reject});
            this.#running ??= this.#work();
        });
    }

    /** Resolves when nothing is queued or under way. */
    async idle(): Promise<void> {
        while (this.#running !== undefined)
            await this.#running;
    }

    async #work(): Promise<void> {
        while (this.#queue.length > 0) {
            await new Promise(resolve => setImmediate(resolve));
            await this.#commit(this.#queue.splice(0, MAX_GROUP));
        }
        // In the same step as the look at the queue: a task that comes later must start the work anew.
        this.#running = undefined;
    }

    async #commit(group: readonly Task[]): Promise<void> {
        let outcomes: readonly Outcome[];
        try {
            outcomes = await whenNotBusy(() => this.#attempt(group), this.#busyTimeoutMs);
        } catch (error) {
            for (const {reject} of group)
                reject(error);
            return;
        }
        // Also a refusal is told only now: it may rest on what the same transaction wrote before.
        for (const [i, {resolve, reject}] of group.entries()) {
            const outcome = outcomes[i] as Outcome;
            if ('results' in outcome)
                resolve(outcome.results);
            else
                reject(outcome.error);
        }
        this.#afterCommit();
    }

    #attempt(group: readonly Task[]): Outcome[] {
        try {
            return inTransaction(this.#database, () => group.map(task => this.#append(task)));
        } catch (error) {
            if (isStorageFailure(error))
                throw error;
            // Some task was refused when a part of it had been written already: once more, from the start.
            return inTransaction(this.#database, () => group.map(task => this.#appendCarefully(task)));
        }
    }

    #append(task: Task): Outcome {
        const {appends} = task;
        if (this.#fails(task))
            return this.#appendCarefully(task);
        try {
            return {results: appends.map(append => this.#appender.append(append, false))};
        } catch (error) {
            // A conflict of a single stream is found before anything is written.
            if (appends.length === 1 && isWoltageError(error))
                return {error};
            throw error;
        }
    }

    #fails({condition}: Task): boolean {
        return condition !== undefined && this.#matches.page(condition.query, condition.after, Infinity, 1).length > 0;
    }

    #appendCarefully(task: Task): Outcome {
        const fails = this.#fails(task);
        const head = fails ? this.#matches.head() : 0;
        this.#database.exec('SAVEPOINT task');
        try {
            const results = task.appends.map(append => this.#appender.append(append, true));
            // What wrote nothing repeats an append that has met its condition.
            if (fails && this.#matches.head() > head)
                throw conditionFailed();
            this.#database.exec('RELEASE task');
            return {results};
        } catch (error) {
            if (isStorageFailure(error))
                throw error;
            this.#database.exec('ROLLBACK TO task; RELEASE task');
            return {error: isWoltageError(error) ? error : new BadRequestError(
                `SQLite refuses the event: ${(error as Error).message}`, {code: 'INVALID_EVENT', cause: error})};
        }
    }
}

/** Errors that lie in what was to be written. All others of SQLite's (disk full, locked, input or output) hit the transaction. */
const OWN_FAULT = /^SQLITE_(CONSTRAINT|TOOBIG|MISMATCH|RANGE)/;

function isStorageFailure(error: unknown): boolean {
    const {code} = (error ?? {}) as {readonly code?: unknown};
    return !isWoltageError(error) && typeof code === 'string' && code.startsWith('SQLITE_') && !OWN_FAULT.test(code);
}
