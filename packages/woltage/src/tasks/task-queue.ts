import {NotFoundError, StaleRecordError} from '../errors/index.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {inBackground} from '../shared/background.ts';
import {systemClock, type Clock} from '../shared/clock.ts';
import {backoffMs, delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import {uuidV7} from '../shared/uuid.ts';
import {Attempt} from './attempt.ts';
import {claimSome, type Claim} from './claim.ts';
import {findDue} from './find-due.ts';
import {DEAD, deadKey, decodeDeadTask, decodeTask, DONE, DUE, dueKey, encodeTask, idKey, idOf, timeOf, type DeadTask, type NewTask} from './task.ts';
import type {TaskWork} from './task-work.ts';

export interface TaskQueueOptions {
    /** A scope of its own, whose tables have been created. */
    readonly store: IStore;
    readonly log: Logger;
    readonly self: Self;
    /** When tasks are due, how long they may take, and when they are tried again. @default the system's */
    readonly clock?: Clock | undefined;
    /** Tasks that run at a time in this process. @default 16 */
    readonly concurrency?: number | undefined;
    /** How long a process that has claimed a task may be silent before another takes it, in ms. @default 30000 */
    readonly leaseMs?: number | undefined;
    /** How often it is looked for tasks that other processes have queued, in ms. @default 500 */
    readonly pollMs?: number | undefined;
    /** How long a task that is done is remembered, so that it isn't queued again, in ms. @default an hour */
    readonly rememberMs?: number | undefined;
}

const PAGE = 100;
const MAX_OUTAGE_PAUSE_MS = 5000;
const PURGE_EVERY_MS = 60_000;
const REAP_EVERY_MS = 2000;

/**
 * A durable queue of tasks in a store: each is run at least once, by one process at a time, and tried again with growing pauses until it succeeds or is put
 * to the dead letters. A crash at any moment loses nothing. Processes must have clocks that agree to a fraction of the lease.
 */
export class TaskQueue {
    readonly #store: IStore;
    readonly #log: Logger;
    readonly #self: Self;
    readonly #clock: Clock;
    readonly #concurrency: number;
    readonly #leaseMs: number;
    readonly #pollMs: number;
    readonly #rememberMs: number;
    readonly #running = new Set<Attempt>();
    #abort = new AbortController();
    #wake = new AbortController();
    #loop: Promise<void> = Promise.resolve();
    #unwatch: (() => void) | undefined;
    #purgedAt = -Infinity;
    #reapedAt = -Infinity;

    constructor({store, log, self, clock = systemClock, concurrency = 16, leaseMs = 30_000, pollMs = 500, rememberMs = 3_600_000}: TaskQueueOptions) {
        this.#store = store;
        this.#log = log;
        this.#self = self;
        this.#clock = clock;
        this.#concurrency = concurrency;
        this.#leaseMs = leaseMs;
        this.#pollMs = pollMs;
        this.#rememberMs = rememberMs;
    }

    /**
     * Queues tasks, all or none. Those whose ids are known already, from whatever process, are left out.
     *
     * @param records Of the same scope, written in the same commit, even if all tasks are known: the mark of what the tasks came from, for example
     * @throws StaleRecordError when one of `records` isn't as it is expected; nothing is written then
     */
    async enqueue(tasks: readonly NewTask[], records: readonly RecordWrite[] = []): Promise<void> {
        const distinct = [...new Map(tasks.map(task => [task.id, task])).values()];
        for (;;) {
            const known = distinct.length === 0 ? [] : await this.#store.getRecords(distinct.map(({id}) => idKey(id)));
            const writes = [...records, ...distinct.filter((_task, i) => known[i] === undefined).flatMap(task => this.#writesOf(task))];
            try {
                if (writes.length > 0)
                    await this.#store.commit({records: writes});
                this.#wake.abort();
                return;
            } catch (error) {
                if (!(error instanceof StaleRecordError) || await this.#isAnyStale(records))
                    throw error;
            }
        }
    }

    /** Starts working, until {@link stop}. */
    async start(work: TaskWork): Promise<void> {
        this.#abort = new AbortController();
        this.#unwatch = await this.#store.watchRecords?.(() => this.#wake.abort());
        this.#loop = this.#work(work, this.#abort.signal);
    }

    /**
     * Takes on nothing new and waits for what is running, up to some ms; then it is aborted and given back, so that another process goes on with it at once.
     */
    async stop(graceMs = 5000): Promise<void> {
        this.#abort.abort();
        this.#unwatch?.();
        await this.#loop;
        const done = new AbortController();
        const finished = Promise.all([...this.#running].map(({finished: f}) => f)).then(() => done.abort());
        await delay(graceMs, done.signal);
        for (const attempt of this.#running)
            attempt.interrupt();
        await finished;
    }

    /** Takes a task back that isn't running. @returns Whether there was one */
    async cancel(id: string): Promise<boolean> {
        const [pointer] = await this.#store.getRecords([idKey(id)]);
        if (pointer?.value.startsWith(DUE) !== true || [...this.#running].some(({task}) => task.id === id))
            return false;
        try {
            await this.#store.commit({records: [
                {key: pointer.value, value: null, token: uuidV7()}, {key: idKey(id), value: null, token: uuidV7(), expected: pointer.token}
            ]});
            return true;
        } catch (error) {
            if (error instanceof StaleRecordError)
                return this.cancel(id);
            throw error;
        }
    }

    /** Tasks that have failed for good, by id. */
    async deadTasks({after, limit}: {readonly after?: string | undefined; readonly limit?: number | undefined} = {}): Promise<readonly DeadTask[]> {
        const records = await this.#store.listRecords(DEAD, {after: after === undefined ? undefined : deadKey(after), limit});
        return records.map(({value}) => decodeDeadTask(value));
    }

    /** Queues a dead task again, with all its attempts before it. @throws NotFoundError `UNKNOWN_TASK` */
    async retryDead(id: string): Promise<void> {
        const {dead, record} = await this.#dead(id);
        const dueAt = this.#clock.now();
        const {error: _error, failedAt: _failedAt, ...task} = dead;
        const key = dueKey(dueAt, id);
        await this.#store.commit({records: [
            {key: deadKey(id), value: null, token: uuidV7(), expected: record.token},
            {key, value: encodeTask({...task, dueAt, attempts: 0}), token: uuidV7()}, {key: idKey(id), value: key, token: uuidV7()}
        ]});
        this.#wake.abort();
    }

    /** Gives a dead task up. @throws NotFoundError `UNKNOWN_TASK` */
    async discardDead(id: string): Promise<void> {
        const {record} = await this.#dead(id);
        await this.#store.commit({records: [{key: deadKey(id), value: null, token: uuidV7(), expected: record.token}, {key: idKey(id), value: null, token: uuidV7()}]});
    }

    async #isAnyStale(records: readonly RecordWrite[]): Promise<boolean> {
        const found = await this.#store.getRecords(records.map(({key}) => key));
        return records.some(({expected}, i) => expected !== undefined && (found[i]?.token ?? null) !== expected);
    }

    async #dead(id: string) {
        const [record] = await this.#store.getRecords([deadKey(id)]);
        if (record === undefined)
            throw new NotFoundError(`There is no dead task '${id}'.`, {code: 'UNKNOWN_TASK'});
        return {record, dead: decodeDeadTask(record.value)};
    }

    #writesOf(task: NewTask): RecordWrite[] {
        const now = this.#clock.now();
        const {id, kind, payload, dueAt = now} = task;
        const key = dueKey(dueAt, id);
        return [
            {key, value: encodeTask({id, kind, payload, dueAt, attempts: 0, queuedAt: now}), token: uuidV7(), expected: null},
            {key: idKey(id), value: key, token: uuidV7(), expected: null}
        ];
    }

    async #work(work: TaskWork, signal: AbortSignal): Promise<void> {
        for (let outages = 0; !signal.aborted;) {
            const wake = this.#wake = new AbortController();
            let pause: (signal: AbortSignal) => Promise<void>;
            try {
                await this.#reap();
                const pauseMs = await this.#startDue(work);
                await this.#purge();
                outages = 0;
                pause = ending => this.#clock.delay(pauseMs, ending);
            } catch (error) {
                if (outages === 0)
                    this.#log.warn({err: error}, 'The task queue waits for its store');
                const pauseMs = backoffMs(outages++, 100, MAX_OUTAGE_PAUSE_MS);
                pause = ending => delay(pauseMs, ending);
            }
            await pause(AbortSignal.any([signal, wake.signal]));
        }
    }

    /** Starts what is due, as far as there is room. @returns How long to wait before looking again, in ms */
    async #startDue(work: TaskWork): Promise<number> {
        const free = this.#concurrency - this.#running.size;
        if (free <= 0)
            return this.#pollMs;
        const {due, nextMs} = await findDue(this.#store, work, free, this.#clock);
        const claims = await claimSome(this.#store, due, this.#clock.now() + this.#leaseMs, this.#self.owner);
        for (const claim of claims)
            this.#begin(claim, work);
        return due.length > 0 ? 0 : Math.min(this.#pollMs, nextMs);
    }

    #begin(claim: Claim, work: TaskWork): void {
        const attempt = new Attempt(claim, work, {log: this.#log, clock: this.#clock, leaseMs: this.#leaseMs, rememberMs: this.#rememberMs});
        this.#running.add(attempt);
        inBackground(attempt.finished.finally(() => {
            this.#running.delete(attempt);
            this.#wake.abort();
        }), error => this.#log.error({err: error, task: claim.task.id}, 'A task could not be brought to an end'));
    }

    /** Makes due what processes have claimed that are known to be gone. */
    async #reap(): Promise<void> {
        if (performance.now() - this.#reapedAt < REAP_EVERY_MS)
            return;
        this.#reapedAt = performance.now();
        const now = this.#clock.now();
        const claimed = await this.#store.listRecords(DUE, {after: dueKey(now, '')});
        for (const {key, token, value} of claimed) {
            const task = decodeTask(value);
            if (timeOf(key) > now + this.#leaseMs)
                return;
            if (task.claimedBy !== undefined && this.#self.isGone(task.claimedBy))
                await Promise.all((await claimSome(this.#store, [{key, token, task}], now + this.#leaseMs, this.#self.owner)).map(claim => claim.retry(now)));
        }
    }

    /** Forgets tasks that were done long ago. */
    async #purge(): Promise<void> {
        if (performance.now() - this.#purgedAt < PURGE_EVERY_MS)
            return;
        const done = await this.#store.listRecords(DONE, {limit: PAGE});
        const old = done.filter(({key}) => timeOf(key) <= this.#clock.now());
        if (old.length > 0)
            await this.#store.commit({records: old.flatMap(({key}) => [{key, value: null, token: uuidV7()}, {key: idKey(idOf(key)), value: null, token: uuidV7()}])});
        if (old.length < PAGE)
            this.#purgedAt = performance.now();
    }
}
