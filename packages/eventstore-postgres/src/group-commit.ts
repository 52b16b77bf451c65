import {isDataError, isLostConnection, sqlStateOf, type Database, type Statement, type TextRow} from '@woltage/postgres';
import {BadRequestError, type AppendResult} from 'woltage';
import {attempt, type AppendTask, type AttemptParts} from './attempt.ts';
import type {Outcome} from './decide.ts';
import type {EncodedAppend} from './encode.ts';
import type {EncodedCondition} from './event-matches.ts';
import {assumedState} from './streams.ts';

/** What one caller asked for. */
interface Task extends AppendTask {
    readonly resolve: (results: readonly AppendResult[]) => void;
    readonly reject: (error: unknown) => void;
}

/** The most tasks, and roughly the most bytes, that one transaction holds. */
const MAX_GROUP = 512;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
/** After so many attempts that others have outrun, the lock is taken first. */
const MAX_RACES = 3;
const UNIQUE_VIOLATION = '23505';

/**
 * Commits in one transaction what is asked for while the one before is under way, so that its cost (a sync of the disk) is shared. A task that is
 * refused takes nobody else down; when the commit itself fails, all of its group do.
 */
export class GroupCommit {
    readonly #database: Database;
    readonly #parts: AttemptParts;
    readonly #afterCommit: () => void;
    #queue: Task[] = [];
    #running: Promise<void> | undefined;

    constructor(database: Database, parts: AttemptParts, afterCommit: () => void) {
        this.#database = database;
        this.#parts = parts;
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
            await this.#commit(this.#nextGroup());
        }
        // In the same step as the look at the queue: a task that comes later must start the work anew.
        this.#running = undefined;
    }

    #nextGroup(): Task[] {
        let count = 0;
        for (let bytes = 0; count < this.#queue.length && count < MAX_GROUP && bytes < MAX_GROUP_BYTES; count++)
            bytes += sizeOf(this.#queue[count] as Task);
        return this.#queue.splice(0, count);
    }

    async #commit(group: readonly Task[]): Promise<void> {
        try {
            const outcomes = await this.#attempt(group);
            for (const [i, {resolve, reject}] of group.entries()) {
                const outcome = outcomes[i] as Outcome;
                if ('results' in outcome)
                    resolve(outcome.results);
                else
                    reject(outcome.error);
            }
            this.#afterCommit();
        } catch (error) {
            await this.#failed(group, error);
        }
    }

    async #failed(group: readonly Task[], error: unknown): Promise<void> {
        if (!isDataError(error)) {
            for (const {reject} of group)
                reject(error);
            return;
        }
        if (group.length === 1) {
            group[0]?.reject(new BadRequestError(`PostgreSQL refuses an event: ${(error as Error).message}`, {code: 'INVALID_EVENT', cause: error}));
            return;
        }
        // It lies in what one of them wanted to write: each for itself.
        for (const task of group)
            await this.#commit([task]);
    }

    /** Again where the connection was lost: what has been committed all the same is found by its ids, and is no second time written. */
    #attempt(tasks: readonly Task[]): Promise<readonly Outcome[]> {
        let state = assumedState(tasks.flatMap(({appends}) => appends));
        let races = 0;
        return this.#database.repeat(async () => {
            for (; ; state = undefined) {
                try {
                    const outcomes = races > MAX_RACES ? await this.#locked(tasks) : await attempt(statement => this.#run(statement), this.#parts, tasks, state);
                    if (outcomes !== undefined)
                        return outcomes;
                } catch (error) {
                    if (isLostConnection(error))
                        state = undefined;
                    if (sqlStateOf(error) !== UNIQUE_VIOLATION)
                        throw error;
                }
                races++;
            }
        });
    }

    #run(statement: Statement): Promise<readonly TextRow[]> {
        return this.#database.onConnection((client, link) => link.run(client, statement));
    }

    /** With the lock nobody can come first. The server gives it up itself when this process is gone. */
    #locked(tasks: readonly AppendTask[]): Promise<readonly Outcome[] | undefined> {
        return this.#database.transaction(async ({run}) => {
            await run(this.#parts.statements.lock);
            return attempt(run, this.#parts, tasks, undefined);
        });
    }
}

const sizeOf = ({appends}: Task): number => appends.reduce((sum, {events}) => sum + events.reduce((bytes, columns) => bytes + columns[4].length + columns[5].length + 200, 0), 0);
