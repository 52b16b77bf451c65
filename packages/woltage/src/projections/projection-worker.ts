import {runInContext} from '../context/index.ts';
import {UnavailableError} from '../errors/index.ts';
import type {SubscriptionBatch} from '../ports/index.ts';
import {readAhead} from '../shared/async-pages.ts';
import {Mutex} from '../shared/mutex.ts';
import type {BatchRunner} from './batch-runner.ts';
import {sliceKey, type Checkpoint} from './checkpoint.ts';
import {Chores} from './chores.ts';
import {historicEffects} from './event-effects.ts';
import {FAULT} from './fault.ts';
import {Ownership} from './ownership.ts';
import {PositionLimit} from './position-limit.ts';
import {PositionWatch} from './position-watch.ts';
import {Recovery} from './recovery.ts';
import type {WorkerOptions} from './worker-options.ts';
import {WorkerProgress} from './worker-progress.ts';
import {WorkerStatus} from './worker-status.ts';

/** How often the checkpoint is written, at most, while nothing comes that concerns the projection, in ms: other processes wait for it. */
const IDLE_CHECKPOINT_MS = 250;

/** Works on one slice of a projection: follows the event store and hands batches to the runner, until it is stopped. */
export class ProjectionWorker {
    readonly #options: WorkerOptions;
    /** Held while events are handled and committed: whoever else holds it has the slice standing still. */
    readonly #turn = new Mutex();
    readonly #watch = new PositionWatch(-1n);
    readonly #recovery: Recovery;
    readonly #ownership: Ownership;
    readonly progress: WorkerProgress;
    /** Where it stands still, while there is such a place. */
    readonly limit = new PositionLimit();
    readonly status = new WorkerStatus();
    /** Everything up to here has been handled, though maybe not committed. */
    #reached = -1n;
    #isOwner = false;
    #abort = new AbortController();
    #session = new AbortController();
    #isYielding = false;
    /** Called when it is known for the first time how things stand. */
    #opened: (after?: void) => void = () => undefined;
    #done: Promise<void> = Promise.resolve();

    constructor(options: WorkerOptions) {
        const {id, runner, place, tuning, slice, reserve} = options;
        this.#options = options;
        this.#recovery = new Recovery(options, this.status);
        this.progress = new WorkerProgress(options.eventStore);
        this.#ownership = new Ownership({
            runner, store: place.store, faultKey: sliceKey(FAULT, slice), leaseMs: tuning.leaseMs, reserve,
            onStandby: checkpoint => this.#standBy(checkpoint),
            onFault: fault => this.#opened(this.status.showFault(id, fault))
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

    /** Starts working; resolves when it is known whether anything must be replayed. Never rejects: see the status. */
    async start(): Promise<void> {
        this.#abort = new AbortController();
        this.#ownership.reset();
        this.progress.rate.reset();
        this.status.set('replaying');
        await new Promise<void>(resolve => {
            this.#opened = resolve;
            // Also for what goes wrong in a subscription, so that it is told apart from what goes wrong elsewhere.
            this.#done = runInContext({runtime: this.#options.runtime, effects: historicEffects}, () => this.#work(this.#abort.signal)).finally(resolve);
        });
    }

    /** Lets the batch under way finish, and stops. */
    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#done.then(() => this.#options.runner.work.abandon());
        this.status.set('stopped');
    }

    /** Leaves the slice to another process, where this one works on more than its share. */
    yieldIfTooMany(): void {
        this.#isYielding ||= this.#isOwner && this.#options.mustYield();
        if (this.#isYielding)
            this.#session.abort();
    }

    /** Looks at once whether a fault is gone, or the slice free. */
    wake(): void {
        this.#recovery.reset();
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
        return this.#turn.run(async () => this.limit.set(await this.#commit()));
    }

    async #work(signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            try {
                await this.#runSession(signal);
            } catch (error) {
                if (signal.aborted)
                    return;
                const handling = this.#recovery.after(error as Error, this.#reached = this.position, signal);
                this.#opened();
                await handling;
            } finally {
                this.#isOwner = false;
            }
        }
    }

    async #runSession(signal: AbortSignal): Promise<void> {
        const {eventStore, runner, types, tuning, turns, isActive, accepts, onTaken} = this.#options;
        const start = await this.#ownership.acquire(signal);
        if (start === undefined)
            return;
        this.#reached = this.#watch.position = start;
        this.#isYielding = false;
        this.#isOwner = true;
        await onTaken();
        await this.progress.lookUpHead();
        if (this.progress.head <= start)
            await this.#goLive();
        else
            this.status.set('replaying');
        this.#opened();
        const session = this.#session = new AbortController();
        const ending = AbortSignal.any([signal, session.signal]);
        const batches = eventStore.subscribe({
            after: start < 0n ? undefined : start, filter: {types, accepts}, batchSize: tuning.batchSize, signal: ending
        });
        const chores = new Chores(session)
            .every(tuning.leaseMs / 4, () => runner.lease.beat())
            .every(IDLE_CHECKPOINT_MS, () => this.#writeDown());
        for await (const batch of readAhead(turns.pace(batches, isActive), () => session.abort()))
            await this.#handleBatch(batch, ending);
        await chores.end();
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
        this.#watch.position = checkpoint?.position ?? -1n;
        this.status.set('standby', undefined, checkpoint?.live ?? false);
        this.status.tell('batch');
        this.#opened();
    }

    async #handleBatch(batch: SubscriptionBatch, signal: AbortSignal): Promise<void> {
        const {events, position: end = this.#reached, caughtUp} = batch;
        this.progress.sawHead(end);
        let processed = 0;
        for (let index = 0; index < events.length && !signal.aborted;) {
            const from = index;
            await this.#allowed(events[index]?.position ?? end, signal);
            index = await this.#turn.run(() => this.#handleSome(events, from, end));
            processed += index - from;
        }
        if (signal.aborted)
            return;
        await this.#allowed(end, signal);
        await this.#turn.run(() => this.#advance(end, caughtUp));
        await this.progress.add(processed, this.#reached, caughtUp);
        this.status.tell('batch');
    }

    /** @returns The index of the first event that is left */
    async #handleSome(events: SubscriptionBatch['events'], start: number, end: bigint): Promise<number> {
        const {runner} = this.#options;
        const next = await runner.handle(events, start, this.limit.position);
        if (next > start)
            this.#reached = next < events.length ? events[next - 1]?.position ?? this.#reached : this.limit.clamp(end);
        if (runner.isDue)
            await this.#commit();
        return next;
    }

    async #advance(end: bigint, caughtUp: boolean): Promise<void> {
        const {runner} = this.#options;
        if (end > this.#reached)
            this.#reached = end;
        if (caughtUp && runner.isPending)
            await this.#commit();
        // Nothing waits for a commit: everything up to here is as good as committed.
        if (!runner.isPending && this.#reached > this.position)
            this.#watch.position = this.#reached;
        if (caughtUp)
            await this.#goLive();
    }

    async #writeDown(): Promise<void> {
        if (!this.#options.runner.isPending && this.#options.runner.lease.position < this.#reached)
            await this.#turn.run(() => this.#commit());
    }

    /** @returns The position up to which everything is committed now */
    async #commit(): Promise<bigint> {
        await this.#options.runner.commit(this.#reached);
        this.#recovery.progressed();
        if (this.#reached > this.position)
            this.#watch.position = this.#reached;
        return this.position;
    }

    /** Waits while the position lies beyond the limit. */
    async #allowed(position: bigint, signal: AbortSignal): Promise<void> {
        while (this.limit.forbids(position) && !signal.aborted) {
            const changed = this.limit.changed(signal);
            // Everything up to the limit has been handled, for the next event lies beyond it.
            await this.#turn.run(async () => {
                const limit = this.limit.clamp(position);
                if (this.#reached < limit)
                    this.#reached = limit;
                await this.#commit();
            });
            await changed;
        }
    }

    async #goLive(): Promise<void> {
        await this.#options.runner.goLive(this.position);
        this.#recovery.reset();
        this.status.set('live', undefined, true);
    }
}
