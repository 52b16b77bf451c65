import {StaleRecordError} from '../errors/index.ts';
import type {Clock} from '../shared/clock.ts';
import {backoffMs, delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import type {Claim} from './claim.ts';
import type {RetryPolicy, Task} from './task.ts';
import type {TaskWork} from './task-work.ts';

export interface AttemptOptions {
    readonly log: Logger;
    readonly clock: Clock;
    readonly leaseMs: number;
    readonly rememberMs: number;
}

const MAX_OUTAGE_PAUSE_MS = 5000;
/** A hook that fails is tried again after this time, in ms. */
const HOOK_RETRY_MS = 10_000;

/** One attempt at a task, from its claim to its end, whichever that is. */
export class Attempt {
    readonly #claim: Claim;
    readonly #work: TaskWork;
    readonly #options: AttemptOptions;
    readonly #interruption = new AbortController();
    /** Resolves when it is over; never rejects. */
    readonly finished: Promise<void>;

    constructor(claim: Claim, work: TaskWork, options: AttemptOptions) {
        this.#claim = claim;
        this.#work = work;
        this.#options = options;
        this.finished = this.#run();
    }

    get task(): Task {
        return this.#claim.task;
    }

    /** Aborts it and gives the task back. */
    interrupt(): void {
        this.#interruption.abort();
    }

    async #run(): Promise<void> {
        const {task} = this;
        const policy = this.#work.policyOf(task.kind) as RetryPolicy;
        const over = new AbortController();
        const renewing = this.#renew(over.signal);
        const outcome = await this.#try(policy.timeoutMs);
        over.abort();
        await renewing;
        if (outcome === undefined)
            await this.#settle(() => this.#claim.complete(this.#options.clock.now() + this.#options.rememberMs));
        else if (this.#interruption.signal.aborted)
            await this.#settle(() => this.#claim.giveBack(this.#options.clock.now()));
        else
            await this.#failed(policy, outcome.error);
    }

    /** @returns What went wrong */
    async #try(timeoutMs: number): Promise<{readonly error: Error} | undefined> {
        const {task} = this;
        const timeout = new AbortController();
        const signal = AbortSignal.any([timeout.signal, this.#interruption.signal]);
        const over = new AbortController();
        const limit = this.#options.clock.delay(timeoutMs, over.signal).then(() => {
            if (!over.signal.aborted)
                timeout.abort(new Error(`The attempt took longer than ${timeoutMs} ms.`));
        });
        try {
            const aborted = new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
            await Promise.race([this.#work.run(task, {attempt: task.attempts, signal}), aborted]);
            return undefined;
        } catch (error) {
            return {error: error instanceof Error ? error : new Error(String(error))};
        } finally {
            over.abort();
            await limit;
        }
    }

    async #failed(policy: RetryPolicy, error: Error): Promise<void> {
        const {task} = this;
        const {clock, log} = this.#options;
        if (task.attempts < policy.maxAttempts && this.#work.isFinal?.(error) !== true) {
            const pauseMs = backoffMs(task.attempts - 1, policy.backoffMs, policy.maxBackoffMs, clock.isSteady === true ? 1 : undefined);
            log.warn({err: error, task: task.id, kind: task.kind, attempt: task.attempts, pauseMs}, 'A task failed and is tried again');
            await this.#settle(() => this.#claim.retry(this.#options.clock.now() + pauseMs));
            return;
        }
        try {
            await this.#work.onFinalFailure(task, error);
        } catch (hookError) {
            log.warn({err: hookError, task: task.id, kind: task.kind}, 'What was to follow the final failure of a task has failed too, and is tried again');
            await this.#settle(() => this.#claim.retry(this.#options.clock.now() + HOOK_RETRY_MS));
            return;
        }
        log.error({err: error, task: task.id, kind: task.kind, attempts: task.attempts}, 'A task has failed for good and is put to the dead letters');
        const {message, code} = error as Error & {code?: unknown};
        await this.#settle(() => this.#claim.bury({...task, error: {message, code: typeof code === 'string' ? code : undefined}, failedAt: this.#options.clock.now()}));
    }

    /** Keeps the claim while the attempt goes on. Never rejects: a claim that is lost shows at the end. */
    async #renew(over: AbortSignal): Promise<void> {
        const {clock, leaseMs, log} = this.#options;
        for (await clock.delay(leaseMs / 3, over); !over.aborted; await clock.delay(leaseMs / 3, over)) {
            try {
                await this.#claim.renew(this.#options.clock.now() + leaseMs);
            } catch (error) {
                log.warn({err: error, task: this.task.id}, 'The claim of a task could not be renewed');
                if (error instanceof StaleRecordError)
                    return;
            }
        }
    }

    /** Writes down what has become of it; waits for a store that is away, up to the time when another process takes the task. */
    async #settle(write: () => Promise<void>): Promise<void> {
        const {log, leaseMs} = this.#options;
        const end = performance.now() + leaseMs;
        for (let outages = 0; ; outages++) {
            try {
                return await write();
            } catch (error) {
                if (error instanceof StaleRecordError || performance.now() > end) {
                    log.warn({err: error, task: this.task.id}, 'The outcome of a task could not be written: it will run again, or already has elsewhere');
                    return;
                }
                await delay(backoffMs(outages, 100, MAX_OUTAGE_PAUSE_MS));
            }
        }
    }
}
