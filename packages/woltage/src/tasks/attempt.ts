import {StaleRecordError, UnavailableError, WoltageError} from '../errors/index.ts';
import type {Clock} from '../shared/clock.ts';
import {backoffMs, delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import {textOf, toError} from '../shared/to-error.ts';
import {withinTime} from '../shared/within-time.ts';
import type {RecordWrite} from '../ports/index.ts';
import type {Claim} from './claim.ts';
import {isRefusal} from './refusal.ts';
import type {RetryPolicy, Task, TaskError} from './task.ts';
import type {TaskWork} from './task-work.ts';

export interface AttemptOptions {
    readonly log: Logger;
    readonly clock: Clock;
    readonly leaseMs: number;
    readonly rememberMs: number;
    /** The claim of what comes next, to be made in the commit that completes this. @default nothing */
    readonly successor?: (() => Successor | undefined) | undefined;
}

export interface Successor {
    readonly claim: Claim;
    /** The writes that make it. */
    readonly records: readonly RecordWrite[];
}

/** How an attempt ends: whether the task is over with it, and how to write that down. */
interface End {
    readonly isOver: boolean;
    readonly write: () => Promise<void>;
}

const MAX_OUTAGE_PAUSE_MS = 5000;
/** A hook that fails is tried again after this time, in ms. */
const HOOK_RETRY_MS = 10_000;
/** What is kept of an error's message, in characters: some have whole responses in them. */
const MAX_MESSAGE = 10_000;

/** One attempt at a task, from its claim to its end, whichever that is. */
export class Attempt {
    readonly #claim: Claim;
    readonly #work: TaskWork;
    readonly #options: AttemptOptions;
    readonly #interruption = new AbortController();
    #isLost = false;
    #successor: Claim | undefined;
    /** Resolves when it is over, to whether the task is; never rejects. */
    readonly finished: Promise<boolean>;

    constructor(claim: Claim, work: TaskWork, options: AttemptOptions) {
        this.#claim = claim;
        this.#work = work;
        this.#options = options;
        this.finished = this.#run();
    }

    get task(): Task {
        return this.#claim.task;
    }

    /** What has been claimed with its completion. */
    get successor(): Claim | undefined {
        return this.#successor;
    }

    /** Aborts it and gives the task back. */
    interrupt(): void {
        this.#interruption.abort();
    }

    async #run(): Promise<boolean> {
        const over = new AbortController();
        const renewing = this.#renew(over.signal);
        const {write, isOver} = await this.#try().catch((error: unknown) => this.#puzzled(error));
        over.abort();
        await renewing;
        return await this.#settle(write) && isOver;
    }

    async #try(): Promise<End> {
        const {task} = this;
        const policy = this.#work.policyOf(task.kind) as RetryPolicy;
        if (task.hasFailed === true)
            return this.#failForGood(policy, task, errorOf(task.lastError));
        // One more than it may have: it needn't be the task that the first process died of.
        if (task.attempts > policy.maxAttempts + 1)
            return this.#failForGood(policy, {...task, attempts: task.attempts - 1}, overdue(task));
        const error = await this.#within(this.#timeoutOf(policy), signal => this.#work.run(task, {attempt: task.attempts, signal}));
        if (error === undefined)
            return {isOver: true, write: () => this.#complete()};
        if (this.#interruption.signal.aborted)
            return {isOver: false, write: () => this.#claim.giveBack()};
        return this.#fail(policy, error);
    }

    async #complete(): Promise<void> {
        const rememberUntil = this.#now + (this.task.rememberMs ?? this.#options.rememberMs);
        const records = await this.#work.recordsAtEnd?.(this.task) ?? [];
        const next = this.#options.successor?.();
        if (next !== undefined) {
            try {
                await this.#claim.complete(rememberUntil, [...records, ...next.records]);
                this.#successor = next.claim;
                return;
            } catch (error) {
                if (!(error instanceof StaleRecordError))
                    throw error;
            }
        }
        await this.#claim.complete(rememberUntil, records);
    }

    /** What knows about tasks has failed itself. */
    #puzzled(error: unknown): End {
        this.#options.log.error({err: error, task: this.task.id}, 'It could not be told what to do about a task');
        return {isOver: false, write: () => this.#claim.retry({...this.task, dueAt: this.#now + HOOK_RETRY_MS})};
    }

    /** The first attempt, and one that begins beyond the limit of all, have their own time. */
    #timeoutOf({timeoutMs, giveUpAfterMs = Infinity}: RetryPolicy): number {
        const left = this.task.since + giveUpAfterMs - this.#now;
        return left > 0 && this.task.attempts > 1 ? Math.min(timeoutMs, left) : timeoutMs;
    }

    /** @returns What went wrong */
    async #within(timeoutMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<Error | undefined> {
        const late = (): Error => new UnavailableError(`The attempt took longer than ${timeoutMs} ms.`, {code: 'TASK_TIMEOUT'});
        try {
            await withinTime({clock: this.#options.clock, ms: timeoutMs, late, ending: this.#interruption.signal}, work);
            return undefined;
        } catch (error) {
            return toError(error);
        }
    }

    #fail(policy: RetryPolicy, error: Error): End | Promise<End> {
        const {task} = this;
        const {clock, log} = this.#options;
        if (this.#work.isForOthers?.(error) === true) {
            if (!this.#claim.wasLeft)
                log.warn({err: error, task: task.id, kind: task.kind}, 'A task is left to other processes');
            return {isOver: false, write: () => this.#claim.leaveToOthers()};
        }
        const pauseMs = backoffMs(task.attempts - 1, policy.backoffMs, policy.maxBackoffMs, clock.isSteady === true ? 1 : undefined);
        const isLast = task.attempts >= policy.maxAttempts || this.#now + pauseMs > task.since + (policy.giveUpAfterMs ?? Infinity);
        if (isLast || this.#work.isFinal?.(error) === true)
            return this.#failForGood(policy, task, error);
        log.warn({err: error, task: task.id, kind: task.kind, attempt: task.attempts, pauseMs}, 'A task failed and is tried again');
        return {isOver: false, write: () => this.#claim.retry({...task, dueAt: this.#now + pauseMs, lastError: {...toTaskError(error), attempt: task.attempts}})};
    }

    async #failForGood(policy: RetryPolicy, task: Task, error: Error): Promise<End> {
        const {log} = this.#options;
        const hookError = await this.#within(policy.timeoutMs, signal => this.#work.onFinalFailure(task, error, signal));
        // What is left to do is no attempt of its own.
        const failed = {...task, attempts: task.attempts - 1, hasFailed: true, lastError: toTaskError(error)};
        if (this.#interruption.signal.aborted && hookError !== undefined)
            return {isOver: false, write: () => this.#claim.retry(failed)};
        if (hookError !== undefined && isRefusal(hookError)) {
            log.error({err: hookError, task: task.id, kind: task.kind}, 'What was to follow the final failure of a task was refused, and is left out');
        } else if (hookError !== undefined) {
            log.warn({err: hookError, task: task.id, kind: task.kind}, 'What was to follow the final failure of a task has failed too, and is tried again');
            return {isOver: false, write: () => this.#claim.retry({...failed, dueAt: this.#now + HOOK_RETRY_MS})};
        }
        log.error({err: error, task: task.id, kind: task.kind, attempts: task.attempts}, 'A task has failed for good and is put to the dead letters');
        const {hasFailed: _hasFailed, lastError: _lastError, claimedBy: _claimedBy, ...rest} = task;
        return {isOver: true, write: () => this.#claim.bury({...rest, error: toTaskError(error), failedAt: this.#now})};
    }

    /** Keeps the claim while the attempt goes on. Never rejects. */
    async #renew(over: AbortSignal): Promise<void> {
        const {leaseMs, log} = this.#options;
        // Who watches the claim does so in real time.
        for (await delay(leaseMs / 3, over); !over.aborted; await delay(leaseMs / 3, over)) {
            try {
                await this.#claim.renew();
            } catch (error) {
                log.warn({err: error, task: this.task.id}, 'The claim of a task could not be renewed');
                if (!(error instanceof StaleRecordError))
                    continue;
                this.#isLost = true;
                this.#interruption.abort(error);
                return;
            }
        }
    }

    /** Writes down what has become of it; waits for a store that is away, up to the time when another process takes the task. @returns Whether that was done */
    async #settle(write: () => Promise<void>): Promise<boolean> {
        const {log, leaseMs} = this.#options;
        const end = performance.now() + leaseMs;
        for (let outages = 0; !this.#isLost; outages++) {
            try {
                await write();
                return true;
            } catch (error) {
                if (error instanceof StaleRecordError || performance.now() > end) {
                    log.warn({err: error, task: this.task.id}, 'The outcome of a task could not be written: it will run again, or already has elsewhere');
                    return false;
                }
                await delay(backoffMs(outages, 100, MAX_OUTAGE_PAUSE_MS));
            }
        }
        return false;
    }

    get #now(): number {
        return this.#options.clock.now();
    }
}

function toTaskError(error: Error & {readonly code?: unknown}): TaskError {
    return {message: textOf(error).slice(0, MAX_MESSAGE), code: typeof error.code === 'string' ? error.code : undefined};
}

/** What is known of a task that has had more attempts than it may: the last one has not come to an end, or it was allowed more of them then. */
function overdue({attempts, lastError}: Task): Error {
    if (lastError?.attempt === attempts - 1)
        return errorOf(lastError);
    return new WoltageError(`Its process died over it, or could not be heard of any more: ${attempts - 1} attempts were begun, and the last of them has not come to an end.`, 500, {code: 'TASK_ABANDONED'});
}

function errorOf({message, code}: TaskError = {message: 'It has failed.'}): Error {
    return Object.assign(new Error(message), code === undefined ? {} : {code});
}
