import {runInContext} from '../context/index.ts';
import type {HandledEvent, RecordedEvent} from '../events/index.ts';
import type {RecordWrite} from '../ports/index.ts';
import type {Checkpoint, Standing} from './checkpoint.ts';
import {CommitPace} from './commit-pace.ts';
import {CompletedEffects, type Completed} from './completed-effects.ts';
import {DeadLetters} from './dead-letters.ts';
import {EventEffects, historicEffects} from './event-effects.ts';
import {HandlerFailure} from './handler-failure.ts';
import {Outbox} from './outbox.ts';
import {observeBatch, observeEffect} from './observe.ts';
import {PARTITION_OF_AGGREGATE} from './partitions.ts';
import {PutAside} from './put-aside.ts';
import type {BatchRunnerOptions, BoundHandler} from './runner-options.ts';
import {SliceLease} from './slice-lease.ts';
import {StagedRecords} from './staged-records.ts';
import {UnitOfWork} from './unit-of-work.ts';

/** Runs the events of a slice through a projector's handlers, and commits what they write together with the position. */
export class BatchRunner {
    readonly #options: BatchRunnerOptions;
    readonly lease: SliceLease;
    readonly work: UnitOfWork;
    readonly letters: DeadLetters;
    readonly aside: PutAside;
    readonly staged = new StagedRecords();
    readonly #outbox: Outbox;
    readonly #pace: CommitPace;
    readonly #completed = new CompletedEffects();
    /** The last event whose handler is done. */
    #handled = -1n;
    /** Up to here each event is committed on its own, for one of them has failed. */
    #carefulUntil = -1n;
    #live = false;
    #firesAfter: bigint | undefined;
    #current: string | undefined;

    constructor(options: BatchRunnerOptions) {
        const {id, place, self, tuning, slice, intents, log} = this.#options = options;
        this.#pace = new CommitPace(tuning);
        this.lease = new SliceLease(place, self, tuning.leaseMs);
        this.letters = new DeadLetters(slice, this.staged);
        this.aside = new PutAside({id, slice, log, staged: this.staged, letters: this.letters});
        this.#outbox = new Outbox(slice, this.staged, intents);
        this.work = new UnitOfWork(place.store, {
            cacheBytes: tuning.cacheBytes,
            flush: () => this.commit(this.#handled, true)
        });
    }

    /** Takes the slice over. @throws StaleRecordError when somebody else was faster */
    async open(standing: Standing, records: readonly RecordWrite[]): Promise<Checkpoint> {
        const {place} = this.#options;
        const checkpoint = await this.lease.take(standing, records);
        this.#handled = checkpoint.position;
        this.#live = false;
        await this.work.abandon();
        this.work.reset(checkpoint.position < 0n);
        this.staged.clear();
        this.#pace.settled();
        await this.aside.load(place.store);
        await this.letters.load(place.store);
        await this.#outbox.recover(place.store);
        return checkpoint;
    }

    /**
     * Handles events in order from `start`, until a commit is due.
     *
     * @param limit Events beyond this position are left alone
     * @returns The index of the first event that was not handled
     * @throws HandlerFailure when a handler failed; what was handled before it has been committed then
     */
    async handle(events: readonly RecordedEvent[], start: number, limit: bigint | undefined): Promise<number> {
        let index = start;
        this.#firesAfter = this.#options.firesAfter();
        try {
            for (; index < events.length; index++) {
                const record = events[index] as RecordedEvent;
                if (limit !== undefined && record.position > limit || this.isDue)
                    break;
                const handling = this.#handle(record);
                if (handling !== undefined)
                    await handling;
                this.#handled = record.position;
            }
            return index;
        } catch (error) {
            const record = events[index] as RecordedEvent;
            await this.#takeBack(record.position);
            throw HandlerFailure.at(this.#options.id, record, error);
        } finally {
            this.#current = undefined;
        }
    }

    /** Whether what has been handled ought to be committed before more is. */
    get isDue(): boolean {
        return this.isPending && (this.#handled < this.#carefulUntil || this.#pace.isDue(this.work));
    }

    /** Whether anything has been handled that isn't committed. */
    get isPending(): boolean {
        return this.#pace.events > 0;
    }

    /**
     * Commits what has been handled, if there is anything, and the position.
     *
     * @param duringEvent An event isn't done: the effects that it has had must be remembered
     */
    async commit(position: bigint, duringEvent = false): Promise<void> {
        const writes = this.work.pendingWrites();
        const records = this.staged.writes();
        const {transaction} = this.work;
        if (writes.length > 0 || records.length > 0 || position > this.lease.position || transaction !== undefined)
            await this.lease.commit(position, {writes, records, transaction}, this.#live);
        observeBatch(this.#options.id, this.#pace.events, writes.length, this.#pace.began);
        this.work.markCommitted();
        this.staged.clear();
        this.#pace.settled();
        this.#completed.settle(duringEvent ? this.#current : undefined);
        if (position > this.#handled)
            this.#handled = position;
        await this.#outbox.handOn();
    }

    /** Lets others know that it has caught up. */
    async goLive(position: bigint): Promise<void> {
        if (this.#live)
            return;
        await this.work.buildIndexes();
        this.#live = true;
        await this.lease.commit(position, {}, true);
    }

    /** Leaves the slice in order, so that somebody else can go on at once. */
    async release(position: bigint, records: readonly RecordWrite[] = []): Promise<void> {
        await this.lease.release(position, [...this.staged.writes(), ...records]);
        this.staged.clear();
    }

    /**
     * Handles an event on its own, out of turn, and commits.
     *
     * @param record `undefined`: nothing but what `after` stages is committed
     * @param completed The effects that it has had; extended by those that it has now
     * @param after Stages what is to be written with it
     * @throws what the handler throws; nothing is written then
     */
    async handleAlone(record: RecordedEvent | undefined, fires: boolean, completed: Completed, after: () => void): Promise<void> {
        await this.commit(this.#handled);
        this.#begin(record?.id ?? '');
        try {
            const handled = record && this.#options.handlers.resolve(record);
            if (handled !== undefined)
                await runInContext({runtime: this.#options.runtime, effects: historicEffects}, () => this.#call(handled, fires, completed));
            after();
        } catch (error) {
            this.#rollback();
            await this.work.abandon();
            throw error;
        } finally {
            this.#current = undefined;
        }
        await this.commit(this.#handled);
    }

    #handle(record: RecordedEvent): Promise<void> | undefined {
        const {handlers, partitions, slice} = this.#options;
        const byAggregate = partitions.by === PARTITION_OF_AGGREGATE;
        if (byAggregate && partitions.of(record, undefined) !== slice)
            return undefined;
        this.#begin(record.id);
        const fires = this.#firesAfter !== undefined && record.position > this.#firesAfter;
        const completed = this.#completed.of(record.id);
        // What is skipped or put aside may be something that can't even be read.
        if (byAggregate && this.aside.takes(record, fires, completed))
            return undefined;
        const handled = handlers.resolve(record);
        if (handled === undefined)
            return undefined;
        if (!byAggregate && (partitions.of(record, handled.event) !== slice || this.aside.takes(record, fires, completed)))
            return undefined;
        return this.#call(handled, fires, completed);
    }

    #call(handled: HandledEvent<BoundHandler>, fires: boolean, completed: Completed | undefined): Promise<void> | undefined {
        // The worker's own context is that of history: there is nothing to set up.
        return fires
            ? this.#callWithEffects(handled, completed ?? new Map() as Completed)
            : handled.handler(handled.event) as Promise<void> | undefined;
    }

    async #callWithEffects({event, handler}: HandledEvent<BoundHandler>, completed: Completed): Promise<void> {
        const {id, name, runtime, log} = this.#options;
        const effects = new EventEffects(event, {
            completed,
            confirm: () => this.lease.confirm(),
            stage: durable => this.#outbox.stage({...durable, id: `${event.id}/${durable.key}`, projection: name, cause: {id: event.id, correlationId: event.correlationId}}),
            observe: run => observeEffect(id, event.id, run),
            onFailure: error => log.warn({err: error, projection: id, event: event.id}, 'A side effect failed')
        }, `${name}:`);
        try {
            await runInContext({runtime, effects}, () => handler(event));
            await effects.settle();
        } finally {
            if (effects.fired) {
                this.#pace.fired();
                this.#completed.remember(event.id, completed);
            }
        }
    }

    #begin(eventId: string): void {
        this.#pace.begin();
        this.#current = eventId;
        this.work.beginEvent();
        this.staged.beginEvent();
        this.letters.beginEvent();
        this.#outbox.beginEvent();
    }

    /** Takes back the event that has failed, and commits those before it; or all that isn't committed, where it can't be told apart: the next time it will be on its own. */
    async #takeBack(position: bigint): Promise<void> {
        this.#rollback();
        if (await this.work.abandon())
            this.#carefulUntil = position;
        else
            await this.commit(this.#handled, true);
    }

    #rollback(): void {
        this.work.rollback();
        this.staged.rollback();
        this.letters.rollback();
        this.#outbox.rollback();
    }
}
