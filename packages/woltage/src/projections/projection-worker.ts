import {StaleRecordError, UnavailableError} from '../errors/index.ts';
import type {IEventStore, SubscriptionBatch} from '../ports/index.ts';
import {readAhead} from '../shared/async-pages.ts';
import {delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import {Mutex} from '../shared/mutex.ts';
import type {BatchRunner} from './batch-runner.ts';
import type {Checkpoint} from './checkpoint.ts';
import {FaultPolicy} from './fault-policy.ts';
import {HandlerFailure} from './handler-failure.ts';
import {Ownership} from './ownership.ts';
import {PositionWatch} from './position-watch.ts';
import type {ProjectionTuning} from './tuning.ts';
import {WorkerStatus, type ProjectionState} from './worker-status.ts';

export interface WorkerOptions {
    readonly id: string;
    readonly eventStore: IEventStore;
    readonly runner: BatchRunner;
    readonly types: readonly string[];
    readonly tuning: ProjectionTuning;
    readonly log: Logger;
}

/** How often the checkpoint is written, at most, while nothing comes that concerns the projection, in ms. */
const IDLE_CHECKPOINT_MS = 1000;

/** Works one projection: follows the event store and hands batches to the runner, until it is stopped. */
export class ProjectionWorker {
    readonly #options: WorkerOptions;
    /** Held while events are handled and committed: whoever else holds it has the projection standing still. */
    readonly #turn = new Mutex();
    readonly #watch = new PositionWatch(-1n);
    readonly #status = new WorkerStatus();
    readonly #faults: FaultPolicy;
    #head = -1n;
    #processed = 0;
    #committedAt = 0;
    #limit: bigint | undefined;
    #abort = new AbortController();
    #done: Promise<void> = Promise.resolve();

    constructor(options: WorkerOptions) {
        this.#options = options;
        this.#faults = new FaultPolicy(options.tuning);
    }

    get state(): ProjectionState {
        return this.#status.state;
    }

    get error(): Error | undefined {
        return this.#status.error;
    }

    /** Everything up to here has been handled and committed. */
    get position(): bigint {
        return this.#watch.position;
    }

    /** The end of the event store, as far as this worker knows. */
    get head(): bigint {
        return this.#head > this.position ? this.#head : this.position;
    }

    /** Events handled since the worker started. */
    get processed(): number {
        return this.#processed;
    }

    /** Starts working; resolves when it is known whether anything must be replayed. Never rejects: see the state. */
    async start(): Promise<void> {
        this.#abort = new AbortController();
        this.#status.set('replaying');
        const opened = new Promise<void>(resolve => {
            this.#done = this.#work(this.#abort.signal, resolve).finally(resolve);
        });
        await opened;
    }

    /** Resolves when it is live, has handled its first batch or can't go on, or after some ms: what is short is done by then. */
    async firstBatch(timeoutMs: number): Promise<void> {
        const done = new AbortController();
        const signal = AbortSignal.any([done.signal, this.#abort.signal]);
        const first = this.#committedAt;
        const batch = async (): Promise<void> => {
            while (this.state === 'replaying' && this.#committedAt === first && !signal.aborted)
                await this.#status.next(['state', 'batch'], signal);
        };
        await Promise.race([batch(), delay(timeoutMs, signal)]);
        done.abort();
    }

    /** Lets the batch under way finish, and stops. */
    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#done;
        this.#status.set('stopped');
    }

    /** Starts again after a fault. */
    async retry(): Promise<void> {
        await this.stop();
        this.#faults.reset();
        await this.start();
    }

    /** Resolves when the state is one of these. @throws the signal's reason when it aborts */
    untilState(states: readonly ProjectionState[], signal?: AbortSignal): Promise<void> {
        return this.#status.until(states, signal);
    }

    /** Resolves when everything up to the position has been handled. @throws UnavailableError `POSITION_TIMEOUT` */
    reached(position: bigint, timeoutMs: number, signal?: AbortSignal): Promise<void> {
        return this.#watch.reached(position, timeoutMs, signal);
    }

    /** Stands still between two commits until the result is called. */
    pause(): Promise<() => void> {
        return this.#turn.acquire();
    }

    /** Handles nothing beyond the position; `undefined` lifts the limit. To be called while paused. */
    limitTo(position: bigint | undefined): void {
        this.#limit = position;
        this.#status.tell('limit');
    }

    async #work(signal: AbortSignal, opened: () => void): Promise<void> {
        while (!signal.aborted) {
            try {
                await this.#session(signal, opened);
            } catch (error) {
                if (signal.aborted)
                    return;
                const pauseMs = this.#faults.failed(error as Error);
                this.#tellFailure(error as Error, pauseMs === undefined);
                opened();
                if (pauseMs === undefined)
                    return;
                await delay(pauseMs, signal);
            }
        }
    }

    #tellFailure(error: Error, isFinal: boolean): void {
        const {id, log} = this.#options;
        this.#status.set(isFinal ? 'faulted' : 'waiting', error);
        if (error instanceof HandlerFailure)
            log[isFinal ? 'error' : 'warn']({err: error, projection: id, event: error.eventId, position: error.position.toString(), attempt: this.#faults.attempts},
                isFinal ? 'Projection is faulted: its handler keeps failing' : 'Projection handler failed and is tried again');
        else
            log.warn({err: error, projection: id},
                error instanceof StaleRecordError ? 'Another process has taken this projection over' : 'Projection waits for its database');
    }

    async #session(signal: AbortSignal, opened: () => void): Promise<void> {
        const {eventStore, runner, types, tuning} = this.#options;
        const ownership = new Ownership(runner, tuning.leaseMs, checkpoint => this.#standBy(checkpoint, opened));
        const start = await ownership.acquire(signal);
        if (start === undefined)
            return;
        this.#watch.position = start;
        this.#head = await eventStore.getLatestPosition() ?? -1n;
        if (this.#head <= start)
            this.#live();
        else
            this.#status.set('replaying');
        opened();
        const session = new AbortController();
        const batches = eventStore.subscribe({
            after: start < 0n ? undefined : start, filter: {types}, batchSize: tuning.batchSize,
            signal: AbortSignal.any([signal, session.signal])
        });
        const keeping = ownership.keep(session);
        for await (const batch of readAhead(batches, () => session.abort()))
            await this.#handleBatch(batch, signal);
        session.abort();
        const lost = await keeping;
        if (lost !== undefined)
            throw lost.error;
        if (!signal.aborted)
            throw new UnavailableError('The event store ended the subscription.', {code: 'SUBSCRIPTION_ENDED'});
        await this.#turn.run(() => runner.release(this.position));
    }

    #standBy({position, owner}: Checkpoint, opened: () => void): void {
        const {log, id} = this.#options;
        if (this.state !== 'standby')
            log.info({projection: id, owner}, 'Another process works on this projection; this one stands by');
        this.#watch.position = position;
        this.#status.set('standby');
        opened();
    }

    async #handleBatch(batch: SubscriptionBatch, signal: AbortSignal): Promise<void> {
        const {events, position: end = this.position, caughtUp} = batch;
        const {runner} = this.#options;
        if (end > this.#head)
            this.#head = end;
        for (let index = 0; index < events.length && !signal.aborted;) {
            const from = index;
            await this.#allowed(events[index]?.position ?? end, signal);
            index = await this.#turn.run(async () => {
                const next = await runner.run(events, from, end, this.#limit);
                this.#committedAt = performance.now();
                this.#faults.progressed();
                this.#watch.position = next < events.length ? events[next - 1]?.position ?? this.position : this.#within(end);
                return next;
            });
            this.#processed += index - from;
        }
        this.#status.tell('batch');
        if (signal.aborted)
            return;
        await this.#allowed(end, signal);
        await this.#turn.run(() => this.#advance(end, caughtUp));
    }

    async #advance(end: bigint, caughtUp: boolean): Promise<void> {
        const now = performance.now();
        if (now - this.#committedAt > IDLE_CHECKPOINT_MS) {
            await this.#options.runner.advance(end);
            this.#committedAt = now;
        }
        if (end > this.position)
            this.#watch.position = end;
        if (caughtUp)
            this.#live();
    }

    #within(position: bigint): bigint {
        return this.#limit !== undefined && this.#limit < position ? this.#limit : position;
    }

    /** Waits while the position lies beyond the limit. */
    async #allowed(position: bigint, signal: AbortSignal): Promise<void> {
        while (this.#limit !== undefined && position > this.#limit && !signal.aborted) {
            // Everything up to the limit has been handled, for the next event lies beyond it.
            if (this.position < this.#limit)
                this.#watch.position = this.#limit;
            await this.#status.next(['limit'], signal);
        }
    }

    #live(): void {
        this.#faults.reset();
        this.#status.set('live');
    }
}
