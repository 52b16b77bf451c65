import {inTransaction, whenNotBusy, type SQLiteDatabase} from '@woltage/sqlite';

interface Task {
    readonly run: () => unknown;
    readonly resolve: (value: never) => void;
    readonly reject: (error: unknown) => void;
}

/** The most that one transaction holds, so that other work of the process gets its turn. */
const MAX_GROUP = 512;

/**
 * Runs what is asked for in the same turn of the event loop in one transaction, so that its cost (a sync of the disk) is shared. A
 * task that throws takes nobody else down: the group is rolled back and its tasks run again one by one.
 */
export class GroupCommit {
    readonly #database: SQLiteDatabase;
    readonly #busyTimeoutMs: number | undefined;
    readonly #afterCommit: () => void;
    #queue: Task[] = [];
    #running: Promise<void> | undefined;

    constructor(database: SQLiteDatabase, busyTimeoutMs: number | undefined, afterCommit: () => void) {
        this.#database = database;
        this.#busyTimeoutMs = busyTimeoutMs;
        this.#afterCommit = afterCommit;
    }

    /** Resolves to the task's result when it is durably committed. */
    run<R>(task: () => R): Promise<R> {
        return new Promise<R>((resolve, reject) => {
            this.#queue.push({run: task, resolve, reject});
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
            const group = this.#queue.splice(0, MAX_GROUP);
            if (!await this.#commit(group)) {
                for (const task of group)
                    await this.#commit([task], true);
            }
            this.#afterCommit();
        }
        // In the same step as the look at the queue: a task that comes later must start the work anew.
        this.#running = undefined;
    }

    /** @returns Whether the tasks are settled: false when one of several has thrown */
    async #commit(group: readonly Task[], isLast = group.length === 1): Promise<boolean> {
        try {
            const results = await whenNotBusy(() => inTransaction(this.#database, () => group.map(({run}) => run())), this.#busyTimeoutMs);
            group.forEach(({resolve}, index) => resolve(results[index] as never));
            return true;
        } catch (error) {
            if (isLast)
                group[0]?.reject(error);
            return isLast;
        }
    }
}
