import type {RecordedEvent} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';
import type {Aggregate} from './aggregate.ts';
import type {AggregateFold} from './aggregate-fold.ts';
import {copyState, StateCache, type AggregateState} from './state-cache.ts';

/** Loads aggregate states: from the cache what is known, from the stream what is new. */
export class AggregateLoader {
    readonly #eventStore: IEventStore;
    readonly #foldOf: (aggregate: Aggregate) => AggregateFold;
    readonly #cache: StateCache;
    #era = 0;

    constructor(eventStore: IEventStore, foldOf: (aggregate: Aggregate) => AggregateFold, cacheBytes: number) {
        this.#eventStore = eventStore;
        this.#foldOf = foldOf;
        this.#cache = new StateCache(cacheBytes);
    }

    /**
     * The current state, read up to the end of the stream at the time of the call. The caller owns it and may change it.
     *
     * @throws GoneError when the stream was erased
     */
    async load(aggregate: Aggregate, aggregateId: string): Promise<AggregateState> {
        const key = `${aggregate.name}\n${aggregateId}`;
        const fold = this.#foldOf(aggregate);
        const era = this.#era;
        const cached = this.#cache.get(key);
        const current = cached ?? {state: fold.initialState(), revision: -1n, position: -1n};
        try {
            const fromRevision = current.revision + 1n;
            for await (const page of this.#eventStore.read(aggregate.name, aggregateId, {fromRevision}))
                foldPage(fold, current, page);
        } catch (error) {
            // A reducer may have stopped half-way through its changes.
            this.#cache.delete(key);
            throw error;
        }
        // Nothing was read, and nobody else has this state.
        if (current.revision < 0n)
            return current;
        const copied = copyState(current.state);
        if (copied === undefined)
            return current;
        if (cached === undefined && era === this.#era)
            this.#cache.add(key, current);
        return {...current, state: copied.copy};
    }

    /** To be called when an aggregate was erased. */
    forget(aggregate: Aggregate, aggregateId: string): void {
        this.#cache.delete(`${aggregate.name}\n${aggregateId}`);
    }

    /** Drops all states, also those that are being loaded: none that began before is kept. */
    clear(): void {
        this.#era++;
        this.#cache.clear();
    }
}

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
