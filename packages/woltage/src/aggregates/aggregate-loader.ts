import {GoneError} from '../errors/index.ts';
import type {RecordedEvent} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';
import {tryClone} from '../shared/data.ts';
import type {Aggregate} from './aggregate.ts';
import type {AggregateFold} from './aggregate-fold.ts';
import type {Snapshots} from './snapshots.ts';
import {StateCache, type AggregateState} from './state-cache.ts';

/** A state as it was loaded. */
export interface LoadedState extends AggregateState {
    /** How much of it was there already, by revision: in the cache, or in a snapshot; -1n: nothing. */
    readonly knownRevision: bigint;
    /** How long loading took, in ms; 0 where nobody needs to know. */
    readonly loadMs: number;
}

/** Where a state of the past ends. */
export interface StateLimit {
    /** Up to this revision, inclusive. */
    readonly revision?: bigint | undefined;
    /** Up to this position, inclusive. */
    readonly position?: bigint | undefined;
    /** Up to the first event that is later than this, in ms since the epoch. */
    readonly time?: number | undefined;
}

const MAX = 2n ** 64n;

/** Loads aggregate states: from the cache or a snapshot what is known, from the stream what is new. */
export class AggregateLoader {
    readonly snapshots: Snapshots;
    readonly #eventStore: IEventStore;
    readonly #foldOf: (aggregate: Aggregate) => AggregateFold;
    readonly #cache: StateCache;
    #era = 0;

    constructor(eventStore: IEventStore, foldOf: (aggregate: Aggregate) => AggregateFold, snapshots: Snapshots, cacheBytes: number) {
        this.#eventStore = eventStore;
        this.#foldOf = foldOf;
        this.snapshots = snapshots;
        this.#cache = new StateCache(cacheBytes);
    }

    /**
     * The current state, read up to the end of the stream at the time of the call. The caller owns it and may change it.
     *
     * @throws GoneError when the stream was erased
     */
    // Not async: on a hot path every promise counts.
    load(aggregate: Aggregate, aggregateId: string): Promise<LoadedState> {
        const key = keyOf(aggregate, aggregateId);
        const cached = this.#cache.get(key);
        return this.snapshots.settingsOf(aggregate) === undefined
            ? this.#goOn(aggregate, aggregateId, key, cached)
            : this.#loadWithSnapshots(aggregate, aggregateId, key, cached);
    }

    /** The state that the aggregate had. @throws GoneError when the stream was erased */
    async loadAt(aggregate: Aggregate, aggregateId: string, limit: StateLimit): Promise<AggregateState> {
        const snapshot = await this.#snapshotUpTo(aggregate, aggregateId, limit);
        if (snapshot !== undefined) {
            try {
                return await this.#goOnTo(aggregate, aggregateId, snapshot, limit);
            } catch (error) {
                this.snapshots.suspect(aggregate, aggregateId, error);
            }
        }
        return this.#goOnTo(aggregate, aggregateId, nothing(this.#foldOf(aggregate)), limit);
    }

    async #goOnTo(aggregate: Aggregate, aggregateId: string, current: AggregateState, {revision, position, time}: StateLimit): Promise<AggregateState> {
        const fold = this.#foldOf(aggregate);
        const isBeyond = (record: RecordedEvent): boolean => revision !== undefined && record.revision > revision
            || position !== undefined && record.position > position || time !== undefined && record.timestamp > time;
        for await (const page of this.#eventStore.read(aggregate.name, aggregateId, {fromRevision: current.revision + 1n})) {
            const end = page.findIndex(isBeyond);
            foldPage(fold, current, end === -1 ? page : page.slice(0, end));
            if (end !== -1)
                break;
        }
        return current;
    }

    /** Folds events that aren't appended yet into a state, which may change. */
    apply(aggregate: Aggregate, state: unknown, records: readonly RecordedEvent[]): unknown {
        const fold = this.#foldOf(aggregate);
        return records.reduce((folded, record) => fold.apply(folded, record), state);
    }

    /** Forgets the cached state of an aggregate. */
    forget(aggregate: Aggregate, aggregateId: string): void {
        this.#cache.delete(keyOf(aggregate, aggregateId));
    }

    /** Forgets what is known of an aggregate, and removes its snapshot: the stream isn't what they say. */
    async distrust(aggregate: Aggregate, aggregateId: string): Promise<void> {
        this.forget(aggregate, aggregateId);
        await this.snapshots.remove(aggregate, aggregateId);
    }

    /** There is a snapshot of this revision now. */
    sawSnapshot(aggregate: Aggregate, aggregateId: string, revision: bigint): void {
        const cached = this.#cache.get(keyOf(aggregate, aggregateId));
        if (cached !== undefined)
            cached.snapshotRevision = revision;
    }

    /** Drops all states, also those that are being loaded: none that began before is kept. */
    clear(): void {
        this.#era++;
        this.#cache.clear();
    }

    /** Changes when all states are dropped. */
    get era(): number {
        return this.#era;
    }

    async #loadWithSnapshots(aggregate: Aggregate, aggregateId: string, key: string, cached: AggregateState | undefined): Promise<LoadedState> {
        const began = performance.now();
        const known = cached ?? await this.snapshots.find(aggregate, aggregateId);
        if (known !== undefined) {
            try {
                const loaded = await this.#goOn(aggregate, aggregateId, key, known, cached !== undefined);
                return {...loaded, loadMs: performance.now() - began};
            } catch (error) {
                if (error instanceof GoneError)
                    await this.snapshots.tryToRemove(aggregate, aggregateId);
                if (known.snapshotRevision < 0n || error instanceof GoneError)
                    throw error;
                // It may be the snapshot that the reducers can't go on from; if it isn't, the same comes again.
                this.snapshots.suspect(aggregate, aggregateId, error);
            }
        }
        const loaded = await this.#goOn(aggregate, aggregateId, key, undefined);
        return {...loaded, loadMs: performance.now() - began};
    }

    /** Reads what is new behind what is known, if anything is. */
    async #goOn(aggregate: Aggregate, aggregateId: string, key: string, known: AggregateState | undefined, isCached = known !== undefined): Promise<LoadedState> {
        const fold = this.#foldOf(aggregate);
        const current = known ?? nothing(fold);
        const knownRevision = current.revision;
        const era = this.#era;
        try {
            const fromRevision = current.revision + 1n;
            for await (const page of this.#eventStore.read(aggregate.name, aggregateId, {fromRevision}))
                foldPage(fold, current, page);
        } catch (error) {
            // A reducer may have stopped half-way through its changes.
            this.#cache.delete(key);
            throw error;
        }
        const {revision, position, snapshotRevision} = current;
        // Nothing was read, and nobody else has this state.
        const copied = revision < 0n ? undefined : tryClone(current.state);
        if (copied === undefined && isCached) {
            // It was plain data and isn't any more: what is cached must not be handed out.
            this.#cache.delete(key);
            return this.#goOn(aggregate, aggregateId, key, undefined);
        }
        if (copied !== undefined && !isCached && era === this.#era)
            this.#cache.add(key, current);
        return {state: copied === undefined ? current.state : copied.copy, revision, position, snapshotRevision, knownRevision, loadMs: 0};
    }

    /** A snapshot says nothing of times. */
    async #snapshotUpTo(aggregate: Aggregate, aggregateId: string, {revision = MAX, position = MAX, time}: StateLimit): Promise<AggregateState | undefined> {
        const snapshot = time === undefined ? await this.snapshots.find(aggregate, aggregateId) : undefined;
        return snapshot !== undefined && snapshot.revision <= revision && snapshot.position <= position ? snapshot : undefined;
    }
}

const nothing = (fold: AggregateFold): AggregateState => ({state: fold.initialState(), revision: -1n, position: -1n, snapshotRevision: -1n});

/** By no other aggregate's name and id. */
export const keyOf = ({name}: Aggregate, aggregateId: string): string => `${name}\n${aggregateId}`;

/** Several loads may fold into one cached state; each event counts once. */
function foldPage(fold: AggregateFold, current: AggregateState, page: readonly RecordedEvent[]): void {
    for (const record of page) {
        if (record.revision <= current.revision)
            continue;
        current.state = fold.apply(current.state, record);
        current.revision = record.revision;
        current.position = record.position;
    }
}
