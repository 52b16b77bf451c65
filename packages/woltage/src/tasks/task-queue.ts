import {NotFoundError} from '../errors/index.ts';
import {committed} from '../ports/committed.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {systemClock, type Clock} from '../shared/clock.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import {checkPageLimit} from '../shared/page-limit.ts';
import {Enqueuer} from './enqueue.ts';
import {DEAD, deadIdOf, deadKey, decodePlace, decodeTask, dueKey, encodeTask, idKey, isDead, OPEN, put, remove} from './places.ts';
import {openTasks} from './find-due.ts';
import type {DeadTask, NewTask, Task} from './task.ts';
import {TaskWorker} from './task-worker.ts';
import type {TaskWork} from './task-work.ts';

export interface TaskQueueOptions {
    /** A scope of its own, whose tables have been created. */
    readonly store: IStore;
    readonly log: Logger;
    readonly self: Self;
    /** When tasks are due, how long they may take, and when they are tried again. Leases are on real time whatever it says. @default the system's */
    readonly clock?: Clock | undefined;
    /**
     * True: one task at a time, among all processes, in the order of being queued. Nothing overtakes a task that is being tried again, or isn't due yet; dead ones leave. All processes must
     * agree on it. @default false
     */
    readonly ordered?: boolean | undefined;
    /** Tasks that run at a time in this process; 1 where they are ordered. @default 16 */
    readonly concurrency?: number | undefined;
    /** How long a process that has claimed a task may be silent before another takes it, in ms. @default 30000 */
    readonly leaseMs?: number | undefined;
    /** How often it is looked for tasks that other processes have queued, in ms; at most once a second where the store tells of changes. @default 250 */
    readonly pollMs?: number | undefined;
    /** How long a task that is done is remembered, so that it isn't queued again, in ms. @default an hour */
    readonly rememberMs?: number | undefined;
}

export interface TaskCounts {
    /** Waiting, and being run. */
    readonly open: number;
    /** Failed for good. */
    readonly dead: number;
    /** True when there may be more of one of them: it is counted up to a limit. */
    readonly isMore: boolean;
}

/** For this time, in ms, a count of open tasks is good enough to tell whether there is room for more. */
const COUNT_MS = 50;

/**
 * A durable queue of tasks in a store: each is run at least once, by one process at a time, and tried again with growing pauses until it succeeds or is put
 * to the dead letters. They start in the order of being due and, for equal times, of being queued. A crash at any moment loses nothing.
 */
export class TaskQueue {
    readonly #store: IStore;
    readonly #isOrdered: boolean;
    readonly #enqueuer: Enqueuer;
    readonly #newWorker: (work: TaskWork) => TaskWorker;
    #worker: TaskWorker | undefined;
    #work: TaskWork | undefined;
    #open = {count: 0, upTo: 0, at: -Infinity};

    constructor({store, log, self, clock = systemClock, ordered = false, concurrency = 16, leaseMs = 30_000, pollMs = 250, rememberMs = 3_600_000}: TaskQueueOptions) {
        this.#store = store;
        this.#isOrdered = ordered;
        this.#enqueuer = new Enqueuer(store, clock, ordered);
        const options = {store, log, self, clock, isOrdered: ordered, concurrency: ordered ? 1 : concurrency, leaseMs, pollMs, rememberMs};
        this.#newWorker = work => new TaskWorker(options, work);
    }

    /**
     * Queues tasks, all or none. Those whose ids are known already, from whatever process, are left out.
     *
     * @param records Of the same scope, written in the same commit, even if all tasks are known: the mark of what the tasks came from, for example
     * @returns How many were not known
     * @throws StaleRecordError when one of `records` isn't as it is expected; nothing is written then
     * @throws BadRequestError `INVALID_TASK`, `NOT_ENCODABLE`
     */
    async enqueue(tasks: readonly NewTask[], records: readonly RecordWrite[] = []): Promise<number> {
        const added = await this.#enqueuer.enqueue(tasks, records);
        this.#open = {...this.#open, count: this.#open.count + added};
        this.#worker?.wake();
        return added;
    }

    /** Starts working, until {@link stop}. */
    async start(work: TaskWork): Promise<void> {
        this.#work = work;
        this.#worker = this.#newWorker(work);
        await this.#worker.start();
    }

    /**
     * Takes on nothing new and waits for what is running, up to some ms; then it is aborted and given back, so that another process goes on with it at once.
     */
    async stop(graceMs = 5000): Promise<void> {
        await this.#worker?.stop(graceMs);
    }

    /** Takes a task back that waits. @returns False when there is none, or it is being run, by whatever process */
    async cancel(id: string): Promise<boolean> {
        for (;;) {
            const [record] = await this.#store.getRecords([idKey(id)]);
            const task = record && decodeTask(record.value);
            if (record === undefined || task === undefined || isDead(task))
                return false;
            const keys = [dueKey(task, this.#isOrdered), dueKey(task, !this.#isOrdered)];
            const places = await this.#store.getRecords(keys);
            const at = places.findIndex(found => found !== undefined);
            const place = places[at];
            if (place === undefined || decodePlace(place.value).claimedBy !== undefined) {
                if (await this.#isAsBefore(idKey(id), record.token))
                    return false;
                continue;
            }
            if (await this.#tryCommit([remove(keys[at] as string, place.token), remove(idKey(id), record.token), ...await this.#recordsAtEnd(task)]))
                return true;
        }
    }

    /** Tasks that are neither done nor dead, up to a limit: those that are being run, and then the earliest. They come in the order of being due. */
    openTasks({limit}: {readonly limit?: number | undefined} = {}): Promise<readonly Task[]> {
        return openTasks(this.#store, limit);
    }

    /** Tasks that have failed for good, by id. */
    async deadTasks({after, limit}: {readonly after?: string | undefined; readonly limit?: number | undefined} = {}): Promise<readonly DeadTask[]> {
        checkPageLimit(limit);
        const dead = await this.#store.listRecords(DEAD, {after: after === undefined ? undefined : deadKey(after), limit});
        const records = await this.#store.getRecords(dead.map(({key}) => idKey(deadIdOf(key))));
        return records.flatMap(record => {
            const task = record && decodeTask(record.value);
            return task !== undefined && isDead(task) ? [task] : [];
        });
    }

    /** How many tasks there are, counted up to a limit for each kind. */
    async counts({limit = 1000}: {readonly limit?: number | undefined} = {}): Promise<TaskCounts> {
        const [open, dead] = await Promise.all([this.#store.listRecords(OPEN, {limit: limit + 1}), this.#store.listRecords(DEAD, {limit: limit + 1})]);
        return {open: Math.min(limit, open.length), dead: Math.min(limit, dead.length), isMore: open.length > limit || dead.length > limit};
    }

    /** Whether there are that many open tasks, or more: as they were up to 50 ms ago, and with those that were queued here since. */
    async isFull(limit: number): Promise<boolean> {
        const now = performance.now();
        if (now - this.#open.at > COUNT_MS || this.#open.upTo < limit) {
            this.#open = {count: 0, upTo: limit, at: now};
            const {length} = await this.#store.listRecords(OPEN, {limit});
            this.#open = {...this.#open, count: this.#open.count + length};
        }
        return this.#open.count >= limit;
    }

    /**
     * Queues a dead task again, behind all others, with all its attempts and all its time before it.
     *
     * @throws NotFoundError `UNKNOWN_TASK`
     */
    async retryDead(id: string): Promise<void> {
        for (let isDone = false; !isDone;) {
            const {dead, token} = await this.#dead(id);
            const {error: _error, failedAt: _failedAt, ...rest} = dead;
            const {task, records} = await this.#enqueuer.again(rest);
            isDone = await this.#tryCommit([remove(deadKey(id), token), put(idKey(id), encodeTask(task)), ...records]);
        }
        this.#worker?.wake();
    }

    /** Gives a dead task up. @throws NotFoundError `UNKNOWN_TASK` */
    async discardDead(id: string): Promise<void> {
        for (let isDone = false; !isDone;) {
            const {dead, token} = await this.#dead(id);
            isDone = await this.#tryCommit([remove(deadKey(id), token), remove(idKey(id)), ...await this.#recordsAtEnd(dead)]);
        }
    }

    async #dead(id: string): Promise<{readonly dead: DeadTask; readonly token: string}> {
        const [place, record] = await this.#store.getRecords([deadKey(id), idKey(id)]);
        const dead = record && decodeTask(record.value);
        if (place === undefined || dead === undefined || !isDead(dead))
            throw new NotFoundError(`There is no dead task '${id}'.`, {code: 'UNKNOWN_TASK'});
        return {token: place.token, dead};
    }

    async #recordsAtEnd(task: Task): Promise<readonly RecordWrite[]> {
        return await this.#work?.recordsAtEnd?.(task) ?? [];
    }

    /** @returns False when something has changed meanwhile */
    async #tryCommit(records: readonly RecordWrite[]): Promise<boolean> {
        return committed(this.#store.commit({records}));
    }

    async #isAsBefore(key: string, token: string): Promise<boolean> {
        const [record] = await this.#store.getRecords([key]);
        return record?.token === token;
    }
}
