import {runInContext, type ContextRuntime, type DurableEffect} from '../context/index.ts';
import type {EventHandlers, HandledEvent, RecordedEvent} from '../events/index.ts';
import type {RecordWrite} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import {sliceKey, type Checkpoint, type Self, type SliceStore, type Standing} from './checkpoint.ts';
import {DeadLetters} from './dead-letters.ts';
import {EventEffects} from './event-effects.ts';
import {SKIP} from './fault.ts';
import {HandlerFailure} from './handler-failure.ts';
import {Outbox, type IntentSink} from './outbox.ts';
import {PARTITION_OF_AGGREGATE, type PartitionOf} from './partitions.ts';
import {SliceLease} from './slice-lease.ts';
import {StagedRecords} from './staged-records.ts';
import type {ProjectionTuning} from './tuning.ts';
import {UnitOfWork} from './unit-of-work.ts';

export type BoundHandler = (event: unknown) => unknown;

export interface BatchRunnerOptions {
    readonly id: string;
    /** The projection's name: what effects are keyed by, whatever the version. */
    readonly name: string;
    /** Which slice of the projection this is. */
    readonly slice: number;
    readonly partitions: PartitionOf;
    readonly place: SliceStore;
    readonly handlers: EventHandlers<BoundHandler>;
    readonly runtime: ContextRuntime;
    readonly tuning: ProjectionTuning;
    readonly log: Logger;
    readonly self: Self;
    readonly intents: IntentSink;
    /** Whether effects run for an event at this position. */
    readonly firesAt: (position: bigint) => boolean;
}

/** The longest that a batch goes on once an effect has run, in ms: what a crash would repeat stays small. */
const COMMIT_AFTER_EFFECT_MS = 20;

type Completed = Map<string, readonly DurableEffect[]>;

/** Runs the events of a slice through a projector's handlers, and commits what they write together with the position. */
export class BatchRunner {
    readonly #options: BatchRunnerOptions;
    readonly lease: SliceLease;
    readonly work: UnitOfWork;
    readonly letters: DeadLetters;
    readonly staged = new StagedRecords();
    readonly #outbox: Outbox;
    /** By event: effects that have run, while the event isn't committed. They outlast a session: a commit that fails is tried again. */
    readonly #completed = new Map<string, Completed>();
    /** The last event whose handler is done. */
    #handled = -1n;
    #uncommitted = 0;
    #began = 0;
    #fired = false;
    #live = false;
    #current: string | undefined;
    #skip: string | undefined;
    #park: {readonly eventId: string; readonly message: string; readonly code: string | undefined; readonly attempts: number} | undefined;

    constructor(options: BatchRunnerOptions) {
        const {place, self, tuning, slice, intents} = options;
        this.#options = options;
        this.lease = new SliceLease(place, self, tuning.leaseMs);
        this.letters = new DeadLetters(slice, this.staged);
        this.#outbox = new Outbox(slice, this.staged, intents);
        this.work = new UnitOfWork(place.store, {
            cacheBytes: tuning.cacheBytes,
            flush: () => this.commit(this.#handled, true)
        });
    }

    /** The last event that has been handled; its rows may not be committed yet. */
    get handled(): bigint {
        return this.#handled;
    }

    /** Takes the slice over. @throws StaleRecordError when somebody else was faster */
    async open(standing: Standing, records: readonly RecordWrite[]): Promise<Checkpoint> {
        const {place, slice} = this.#options;
        const checkpoint = await this.lease.take(standing, records);
        this.#handled = checkpoint.position;
        this.#live = false;
        this.work.reset(checkpoint.position < 0n);
        this.staged.clear();
        this.#uncommitted = 0;
        this.#fired = false;
        const [skip] = await place.store.getRecords([sliceKey(SKIP, slice)]);
        this.#skip = skip?.value;
        await this.letters.load(place.store);
        await this.#outbox.recover(place.store);
        return checkpoint;
    }

    /** From now on the event is put to the dead letters instead of being handled. */
    park(failure: HandlerFailure, attempts: number): void {
        const {code} = (failure.cause ?? {}) as {code?: unknown};
        this.#park = {eventId: failure.eventId, message: failure.reason, code: typeof code === 'string' ? code : undefined, attempts};
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
            this.#rollback();
            await this.commit(this.#handled, true);
            throw HandlerFailure.at(this.#options.id, record, error);
        } finally {
            this.#current = undefined;
        }
    }

    /** Whether what has been handled ought to be committed before more is. */
    get isDue(): boolean {
        if (this.#uncommitted === 0)
            return false;
        const {commitEvents, commitEveryMs, commitBytes} = this.#options.tuning;
        return this.#uncommitted >= commitEvents || this.work.wantsCommit || this.work.pendingBytes > commitBytes
            || performance.now() - this.#began > (this.#fired ? COMMIT_AFTER_EFFECT_MS : commitEveryMs);
    }

    /** Whether anything has been handled that isn't committed. */
    get isPending(): boolean {
        return this.#uncommitted > 0;
    }

    /**
     * Commits what has been handled, if there is anything, and the position.
     *
     * @param duringEvent An event isn't done: the effects that it has had must be remembered
     */
    async commit(position: bigint, duringEvent = false): Promise<void> {
        const writes = this.work.pendingWrites();
        const records = this.staged.writes();
        if (writes.length > 0 || records.length > 0 || position > this.lease.position)
            await this.lease.commit(position, {writes, records}, this.#live);
        this.work.markCommitted();
        this.staged.clear();
        this.#settleAccounts(duringEvent ? this.#current : undefined);
        if (position > this.#handled)
            this.#handled = position;
        await this.#outbox.handOn();
    }

    /** Lets others know that it has caught up. */
    async goLive(position: bigint): Promise<void> {
        if (this.#live)
            return;
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
                await this.#call(handled, fires, completed);
            after();
        } catch (error) {
            this.#rollback();
            throw error;
        } finally {
            this.#current = undefined;
        }
        await this.commit(this.#handled);
    }

    #handle(record: RecordedEvent): Promise<void> | undefined {
        const {handlers, partitions, slice} = this.#options;
        if (partitions.by === PARTITION_OF_AGGREGATE && partitions.of(record, undefined) !== slice)
            return undefined;
        this.#begin(record.id);
        // What is skipped or put aside may be something that can't even be read.
        if (partitions.by === PARTITION_OF_AGGREGATE && this.#isPutAside(record))
            return undefined;
        const handled = handlers.resolve(record);
        if (handled === undefined)
            return undefined;
        if (partitions.by !== PARTITION_OF_AGGREGATE && (partitions.of(record, handled.event) !== slice || this.#isPutAside(record)))
            return undefined;
        const completed = this.#completed.get(record.id) ?? new Map<string, readonly DurableEffect[]>();
        return this.#call(handled, this.#options.firesAt(record.position), completed);
    }

    /** Skips an event, or puts it to the dead letters, where that is due. */
    #isPutAside(record: RecordedEvent): boolean {
        const {id, firesAt, slice, log} = this.#options;
        if (record.id === this.#skip) {
            log.warn({projection: id, event: record.id, position: record.position.toString()}, 'Event skipped, as told');
            this.staged.set(sliceKey(SKIP, slice), null);
            this.#skip = undefined;
            return true;
        }
        const fires = firesAt(record.position);
        if (this.letters.blocks(record)) {
            this.letters.add(record, {error: null, attempts: 0, fires, completed: []});
            return true;
        }
        if (record.id !== this.#park?.eventId)
            return false;
        const {message, code, attempts} = this.#park;
        log.error({projection: id, event: record.id, position: record.position.toString(), attempts, reason: message}, 'Event put to the dead letters');
        this.letters.add(record, {error: {message, code}, attempts, fires, completed: [...this.#completed.get(record.id) ?? []]});
        return true;
    }

    async #call({event, handler}: HandledEvent<BoundHandler>, fires: boolean, completed: Completed): Promise<void> {
        const {id, name, runtime, log} = this.#options;
        const effects = new EventEffects(event, {
            fires, completed,
            confirm: () => this.lease.confirm(),
            stage: durable => this.#outbox.stage({...durable, id: `${event.id}/${durable.key}`, projection: name, cause: {id: event.id, correlationId: event.correlationId}}),
            onFailure: error => log.warn({err: error, projection: id, event: event.id}, 'A side effect failed')
        }, `${name}:`);
        try {
            const result = runInContext({runtime, effects}, () => handler(event));
            if (result !== undefined)
                await result;
            if (effects.isRunning)
                await effects.settle();
        } finally {
            if (effects.fired) {
                this.#fired = true;
                this.#completed.set(event.id, completed);
            }
        }
    }

    #begin(eventId: string): void {
        if (this.#uncommitted++ === 0)
            this.#began = performance.now();
        this.#current = eventId;
        this.work.beginEvent();
        this.staged.beginEvent();
        this.letters.beginEvent();
        this.#outbox.beginEvent();
    }

    #rollback(): void {
        this.work.rollback();
        this.staged.rollback();
        this.letters.rollback();
        this.#outbox.rollback();
    }

    /** @param keep The event whose effects have to be remembered */
    #settleAccounts(keep?: string): void {
        this.#uncommitted = 0;
        this.#fired = false;
        if (this.#completed.size === 0)
            return;
        const kept = keep === undefined ? undefined : this.#completed.get(keep);
        this.#completed.clear();
        if (kept !== undefined && keep !== undefined)
            this.#completed.set(keep, kept);
    }
}
