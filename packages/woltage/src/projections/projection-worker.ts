import {StaleRecordError, UnavailableError} from '../errors/index.ts';
import type {IEventStore, SubscriptionBatch} from '../ports/index.ts';
import {readAhead} from '../shared/async-pages.ts';
import {delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import {Mutex} from '../shared/mutex.ts';
import type {BatchRunner} from './batch-runner.ts';
import {sliceKey, type Checkpoint, type SliceStore} from './checkpoint.ts';
import {FAULT, faultOf, writeFault, type ProjectionFault} from './fault.ts';
import {FaultPolicy} from './fault-policy.ts';
import {HandlerFailure} from './handler-failure.ts';
import {Ownership} from './ownership.ts';
import {PositionWatch} from './position-watch.ts';
import {Rate} from './rate.ts';
import type {ProjectionTuning} from './tuning.ts';
import {WorkerStatus} from './worker-status.ts';

export interface WorkerOptions {
    readonly id: string;
    readonly slice: number;
    readonly place: SliceStore;
    readonly eventStore: IEventStore;
    readonly runner: BatchRunner;
    readonly types: readonly string[];
    /** Events of aggregates that it refuses need not be delivered. */
    readonly accepts: ((aggregateName: string, aggregateId: string) => boolean) | undefined;
    readonly tuning: ProjectionTuning;
    readonly log: Logger;
    /** Whether this process should work on one more slice, if this is one more. */
    readonly mayTake: () => boolean;
    /** Whether this process works on more slices than its share. */
    readonly mustYield: () => boolean;
    /** Called when the slice has been taken over, before anything is handled. */
    readonly onTaken: () => Promise<void>;
}

/** How often the checkpoint is written, at most, while nothing comes that concerns the projection, in ms. */
const IDLE_CHECKPOINT_MS = 1000;
/** How often the end of the event store is looked up while it is far away, in ms. */
const HEAD_LOOKUP_MS = 1000;

/** Works on one slice of a projection: follows the event store and hands batches to the runner, until it is stopped. */
export class ProjectionWorker {
    readonly #options: WorkerOptions;
    /** Held while events are handled and committed: whoever else holds it has the slice standing still. */
    readonly #turn = new Mutex();
    readonly #watch = new PositionWatch(-1n);
    readonly #faults: FaultPolicy;
    readonly #ownership: Ownership;
    readonly #rate = new Rate();
    readonly status = new WorkerStatus();
    /** Everything up to here has been handled, though maybe not committed. */
    #reached = -1n;
    #head = -1n;
    #headAt = 0;
    #processed = 0;
    #committedAt = 0;
    #limit: bigint | undefined;
    #isOwner = false;
    #abort = new AbortController();
    #session = new AbortController();
    #isYielding = false;
    /** Called when it is known for the first time how things stand. */
    #opened = (): void => undefined;
    #done: Promise<void> = Promise.resolve();

    constructor(options: WorkerOptions) {
        const {runner, place, tuning, slice, mayTake} = options;
        this.#options = options;
        this.#faults = new FaultPolicy(tuning);
        this.#ownership = new Ownership({
            runner, store: place.store, faultKey: sliceKey(FAULT, slice), leaseMs: tuning.leaseMs, mayTake,
            onStandby: checkpoint => this.#standBy(checkpoint),
            onFault: fault => this.#showFault(fault)
        });
    }

    /** Whether this process works on the slice. */
    get isOwner(): boolean {
        return this.#isOwner && !this.#isYielding;
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

    get rate(): Rate {
        return this.#rate;
    }

    /** Starts working; resolves when it is known whether anything must be replayed. Never rejects: see the status. */
    async start(): Promise<void> {
        this.#abort = new AbortController();
        this.#ownership.reset();
        this.#rate.reset();
        this.status.set('replaying');
        await new Promise<void>(resolve => {
            this.#opened = resolve;
            this.#done = this.#work(this.#abort.signal).finally(resolve);
        });
    }

    /** Lets the batch under way finish, and stops. */
    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#done;
        this.status.set('stopped');
    }

    /** Leaves the slice to another process, where this one works on more than its share. */
    yieldIfTooMany(): void {
        if (!this.#isOwner || !this.#options.mustYield())
            return;
        this.#isYielding = true;
        this.#session.abort();
    }

    /** Looks at once whether a fault is gone, or the slice free. */
    wake(): void {
        this.#faults.reset();
        this.#ownership.wake();
    }

    /** Resolves when everything up to the position has been handled and committed. @throws UnavailableError `POSITION_TIMEOUT` */
    reached(position: bigint, timeoutMs: number, signal?: AbortSignal): Promise<void> {
        return this.#watch.reached(position, timeoutMs, signal);
    }

    /** Runs a task between two batches. */
    inTurn<R>(task: (runner: BatchRunner) => Promise<R>): Promise<R> {
        return this.#turn.run(() => task(this.#options.runner));
    }

    /** Commits, and stands still where it is. @returns That position */
    holdHere(): Promise<bigint> {
        return this.#turn.run(async () => {
            await this.#commit();
            this.#setLimit(this.position);
            return this.position;
        });
    }

    /** Goes on to the position and no further; `undefined` lifts the limit. */
    limitTo(position: bigint | undefined): void {
        if (position !== this.#limit)
            this.#setLimit(position);
    }

    #setLimit(position: bigint | undefined): void {
        this.#limit = position;
        this.status.tell('limit');
    }

    async #work(signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            try {
                await this.#runSession(signal);
            } catch (error) {
                if (signal.aborted)
                    return;
                await this.#recover(error as Error, signal);
            } finally {
                this.#isOwner = false;
            }
        }
    }

    async #recover(error: Error, signal: AbortSignal): Promise<void> {
        const {runner, tuning} = this.#options;
        const pauseMs = this.#faults.failed(error);
        this.#tellFailure(error, pauseMs);
        this.#opened();
        if (pauseMs !== undefined) {
            await delay(pauseMs, signal);
            return;
        }
        const failure = error as HandlerFailure;
        if (tuning.faultPolicy === 'dead-letter' && !runner.letters.isFull) {
            runner.park(failure, this.#faults.attempts);
            return;
        }
        await this.#stopAt(failure, signal);
    }

    /** Leaves word for all processes that the projection has stopped, and why. */
    async #stopAt(failure: HandlerFailure, signal: AbortSignal): Promise<void> {
        const {slice, runner, log, id} = this.#options;
        try {
            await runner.release(this.position, [writeFault(sliceKey(FAULT, slice), faultOf(failure, this.#faults.attempts))]);
        } catch (error) {
            log.warn({err: error, projection: id}, 'The fault of a projection could not be written down');
            await delay(this.#options.tuning.retryMs, signal);
        }
        this.#faults.reset();
    }

    #tellFailure(error: Error, pauseMs: number | undefined): void {
        const {id, log, tuning} = this.#options;
        const isFinal = pauseMs === undefined;
        this.status.set(isFinal && tuning.faultPolicy === 'stop' ? 'faulted' : 'waiting', error);
        if (error instanceof HandlerFailure)
            log[isFinal ? 'error' : 'warn']({err: error, projection: id, event: error.eventId, position: error.position.toString(), attempt: this.#faults.attempts},
                isFinal ? 'Projection handler keeps failing' : 'Projection handler failed and is tried again');
        else
            log.warn({err: error, projection: id, pauseMs},
                error instanceof StaleRecordError ? 'Another process has taken this projection over' : 'Projection waits for its database');
    }

    async #runSession(signal: AbortSignal): Promise<void> {
        const {eventStore, runner, types, tuning, accepts, onTaken} = this.#options;
        const start = await this.#ownership.acquire(signal);
        if (start === undefined)
            return;
        this.#reached = this.#watch.position = start;
        this.#isYielding = false;
        this.#isOwner = true;
        await onTaken();
        await this.#lookUpHead();
        if (this.#head <= start)
            await this.#goLive();
        else
            this.status.set('replaying');
        this.#opened();
        const session = this.#session = new AbortController();
        const ending = AbortSignal.any([signal, session.signal]);
        const batches = eventStore.subscribe({
            after: start < 0n ? undefined : start, filter: {types, accepts}, batchSize: tuning.batchSize, signal: ending
        });
        const keeping = this.#ownership.keep(session);
        for await (const batch of readAhead(batches, () => session.abort()))
            await this.#handleBatch(batch, ending);
        session.abort();
        const lost = await keeping;
        if (lost !== undefined)
            throw lost.error;
        if (!signal.aborted && !this.#isYielding)
            throw new UnavailableError('The event store ended the subscription.', {code: 'SUBSCRIPTION_ENDED'});
        await this.#turn.run(async () => {
            await this.#commit();
            await runner.release(this.position);
        });
    }

    #standBy(checkpoint: Checkpoint | undefined): void {
        const {log, id} = this.#options;
        if (this.status.state !== 'standby')
            log.info({projection: id, owner: checkpoint?.owner}, 'Another process works on this projection; this one stands by');
        const position = checkpoint?.position ?? -1n;
        if (position !== this.position)
            this.#watch.position = position;
        this.status.set('standby', undefined, checkpoint?.live ?? false);
        this.status.tell('batch');
        this.#opened();
    }

    #showFault(fault: ProjectionFault): void {
        this.#opened();
        if (this.status.state === 'faulted' && this.status.error instanceof HandlerFailure && this.status.error.eventId === fault.eventId)
            return;
        this.status.set('faulted', new HandlerFailure(this.#options.id, fault, fault.message));
    }

    async #handleBatch(batch: SubscriptionBatch, signal: AbortSignal): Promise<void> {
        const {events, position: end = this.#reached, caughtUp} = batch;
        if (end > this.#head)
            this.#head = end;
        for (let index = 0; index < events.length && !signal.aborted;) {
            const from = index;
            await this.#allowed(events[index]?.position ?? end, signal);
            index = await this.#turn.run(() => this.#handleSome(events, from, end));
            this.#processed += index - from;
        }
        if (signal.aborted)
            return;
        await this.#allowed(end, signal);
        await this.#turn.run(() => this.#advance(end, caughtUp));
        if (!caughtUp && performance.now() - this.#headAt > HEAD_LOOKUP_MS)
            await this.#lookUpHead();
        this.#rate.add(this.#processed, this.#reached);
        this.status.tell('batch');
    }

    /** @returns The index of the first event that is left */
    async #handleSome(events: SubscriptionBatch['events'], start: number, end: bigint): Promise<number> {
        const {runner} = this.#options;
        const next = await runner.handle(events, start, this.#limit);
        if (next > start)
            this.#reached = next < events.length ? events[next - 1]?.position ?? this.#reached : this.#within(end);
        if (runner.isDue)
            await this.#commit();
        return next;
    }

    async #advance(end: bigint, caughtUp: boolean): Promise<void> {
        const {runner} = this.#options;
        if (end > this.#reached)
            this.#reached = end;
        if (caughtUp && runner.isPending || performance.now() - this.#committedAt > IDLE_CHECKPOINT_MS)
            await this.#commit();
        // Nothing waits for a commit: everything up to here is as good as committed.
        if (!runner.isPending && this.#reached > this.position)
            this.#watch.position = this.#reached;
        if (caughtUp)
            await this.#goLive();
    }

    async #commit(): Promise<void> {
        await this.#options.runner.commit(this.#reached);
        this.#committedAt = performance.now();
        this.#faults.progressed();
        if (this.#reached > this.position)
            this.#watch.position = this.#reached;
    }

    async #lookUpHead(): Promise<void> {
        this.#head = await this.#options.eventStore.getLatestPosition() ?? -1n;
        this.#headAt = performance.now();
    }

    #within(position: bigint): bigint {
        return this.#limit !== undefined && this.#limit < position ? this.#limit : position;
    }

    /** Waits while the position lies beyond the limit. */
    async #allowed(position: bigint, signal: AbortSignal): Promise<void> {
        while (this.#limit !== undefined && position > this.#limit && !signal.aborted) {
            const limit = this.#limit;
            // Everything up to the limit has been handled, for the next event lies beyond it.
            await this.#turn.run(async () => {
                if (this.#reached < limit)
                    this.#reached = limit;
                await this.#commit();
            });
            if (this.#limit === limit)
                await this.status.next(['limit'], signal);
        }
    }

    async #goLive(): Promise<void> {
        await this.#options.runner.goLive(this.position);
        this.#faults.reset();
        this.status.set('live', undefined, true);
    }
}
