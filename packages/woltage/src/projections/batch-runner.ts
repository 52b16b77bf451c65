import {runInContext, type ContextRuntime} from '../context/index.ts';
import type {EventHandlers, RecordedEvent} from '../events/index.ts';
import type {IStore, RowWrite} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import {Mutex} from '../shared/mutex.ts';
import {nextCheckpoint, takeOver, type Checkpoint, type Owner, type Self} from './checkpoint.ts';
import {EventEffects} from './event-effects.ts';
import {HandlerFailure} from './handler-failure.ts';
import type {ProjectionTuning} from './tuning.ts';
import {UnitOfWork} from './unit-of-work.ts';

export type BoundHandler = (event: unknown) => unknown;

export interface BatchRunnerOptions {
    readonly id: string;
    /** The projection's name: what effects are keyed by, whatever the version. */
    readonly name: string;
    readonly generation: string;
    readonly store: IStore;
    readonly handlers: EventHandlers<BoundHandler>;
    readonly runtime: ContextRuntime;
    readonly tuning: ProjectionTuning;
    readonly log: Logger;
    readonly self: Self;
    /** Whether effects run for an event at this position. */
    readonly firesAt: (position: bigint) => boolean;
}

/** The longest that a batch goes on once an effect has run, in ms: what a crash would repeat stays small. */
const COMMIT_AFTER_EFFECT_MS = 20;

/** Runs events through a projector's handlers, and commits rows and checkpoint together. */
export class BatchRunner {
    readonly #options: BatchRunnerOptions;
    /** Effects that have run, of events that aren't committed. */
    readonly #completedEffects = new Set<string>();
    readonly work: UnitOfWork;
    /** One commit at a time: a beat may fall into a batch. */
    readonly #commits = new Mutex();
    #checkpoint: Checkpoint = {position: -1n, generation: '', owner: null, token: ''};
    /** The last event whose handler is done. */
    #handled = -1n;

    constructor(options: BatchRunnerOptions) {
        this.#options = options;
        this.work = new UnitOfWork(options.store, {
            cacheBytes: options.tuning.cacheBytes,
            flush: () => this.#commit(this.#handled, true)
        });
    }

    /**
     * Takes the projection over, unless somebody else is at work.
     *
     * @param expired See `takeOver`
     * @returns The checkpoint to go on from, or to watch
     */
    async open(expired: string | undefined): Promise<Checkpoint> {
        const {store, generation, self} = this.#options;
        const checkpoint = await takeOver(store, generation, self, expired);
        if (this.owns(checkpoint)) {
            this.#checkpoint = checkpoint;
            this.#handled = checkpoint.position;
            this.work.reset(checkpoint.position < 0n);
        }
        return checkpoint;
    }

    owns({owner}: Checkpoint): boolean {
        return owner?.id === this.#options.self.owner.id;
    }

    /** Shows others that the owner is alive. @throws StaleRecordError when somebody else has taken over */
    async beat(): Promise<void> {
        await this.#commits.run(() => this.#write(this.#checkpoint.position, []));
    }

    /** Leaves the projection in order, so that somebody else can go on at once. */
    async release(position: bigint): Promise<void> {
        await this.#commits.run(() => this.#write(position > this.#checkpoint.position ? position : this.#checkpoint.position, [], null));
    }

    /**
     * Handles events in order from `start`, for as long as one commit should last, and commits.
     *
     * @param end The position that counts as reached when all events have been handled
     * @param limit Events beyond this position are left alone
     * @returns The index of the first event that was not handled
     * @throws HandlerFailure when a handler failed; what was handled before it has been committed then
     */
    async run(events: readonly RecordedEvent[], start: number, end: bigint, limit: bigint | undefined): Promise<number> {
        let index = start;
        try {
            index = await this.#handleSome(events, start, limit);
        } catch (error) {
            this.work.rollback();
            await this.#commit(this.#handled);
            throw error;
        }
        const position = index < events.length ? this.#handled : end;
        await this.#commit(limit !== undefined && limit < position ? limit : position);
        return index;
    }

    /** Moves the checkpoint over a stretch that holds nothing for this projection. */
    async advance(position: bigint): Promise<void> {
        if (position > this.#checkpoint.position)
            await this.#commit(position);
    }

    async #handleSome(events: readonly RecordedEvent[], start: number, limit: bigint | undefined): Promise<number> {
        const {batchSize, commitEveryMs, commitBytes} = this.#options.tuning;
        const began = performance.now();
        let fired = false;
        let index = start;
        while (index < events.length) {
            const record = events[index] as RecordedEvent;
            if (limit !== undefined && record.position > limit)
                break;
            fired = await this.#handle(record) || fired;
            this.#handled = record.position;
            index++;
            if (index - start >= batchSize || this.work.wantsCommit || this.work.pendingBytes > commitBytes
                || performance.now() - began > (fired ? COMMIT_AFTER_EFFECT_MS : commitEveryMs))
                break;
        }
        return index;
    }

    /** @returns Whether an effect was asked for that could run */
    async #handle(record: RecordedEvent): Promise<boolean> {
        const {id, name, handlers, runtime, firesAt, log} = this.#options;
        this.work.beginEvent();
        try {
            const handled = handlers.resolve(record);
            if (handled === undefined)
                return false;
            const {event, handler} = handled;
            const effects = new EventEffects(event, firesAt(record.position), this.#completedEffects, error =>
                log.warn({err: error, projection: id, event: record.id}, 'A side effect failed'), `${name}:`);
            await runInContext({runtime, effects}, () => handler(event));
            await effects.settle();
            return effects.fired;
        } catch (error) {
            throw new HandlerFailure(id, record, error);
        }
    }

    /** @param duringEvent An event is being handled: the effects that it has had must be remembered */
    async #commit(position: bigint, duringEvent = false): Promise<void> {
        await this.#commits.run(async () => {
            const writes = this.work.pendingWrites();
            if (writes.length === 0 && position <= this.#checkpoint.position)
                return;
            await this.#write(position, writes);
            this.work.markCommitted();
            if (!duringEvent)
                this.#completedEffects.clear();
        });
    }

    async #write(position: bigint, writes: readonly RowWrite[], owner: Owner | null = this.#options.self.owner): Promise<void> {
        const {store, generation} = this.#options;
        const {checkpoint, write} = nextCheckpoint({position, generation, owner}, this.#checkpoint.token);
        await store.commit({writes, records: [write]});
        this.#checkpoint = checkpoint;
    }
}
