import type {EventData, RecordedEvent} from '../events/index.ts';
import {cloneData} from '../shared/data.ts';

/** @internal Numbers instead of bigints: they need no memory of their own. */
export interface StoredEvent {
    readonly data: EventData;
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly revision: number;
    readonly position: number;
}

/** What a `MemoryEventStore` holds; hand it to a second one to simulate a restart or a second process. */
export class MemoryEventStoreData {
    /** @internal By position. */
    readonly events: StoredEvent[] = [];
    /** @internal */
    readonly byId = new Map<string, StoredEvent>();
    /** @internal Called after each append. */
    readonly listeners = new Set<() => void>();
    readonly #streams = new Map<string, Map<string, StoredEvent[]>>();

    /** @internal */
    stream(aggregateName: string, aggregateId: string): StoredEvent[] | undefined {
        return this.#streams.get(aggregateName)?.get(aggregateId);
    }

    /** @internal */
    addStream(aggregateName: string, aggregateId: string): StoredEvent[] {
        let byAggregate = this.#streams.get(aggregateName);
        if (byAggregate === undefined)
            this.#streams.set(aggregateName, byAggregate = new Map());
        const stream: StoredEvent[] = [];
        byAggregate.set(aggregateId, stream);
        return stream;
    }

    /** @internal Takes the last events away again, so that `length` are left. */
    truncate(length: number): void {
        while (this.events.length > length) {
            const {data, aggregateName, aggregateId} = this.events.pop() as StoredEvent;
            this.byId.delete(data.id);
            this.stream(aggregateName, aggregateId)?.pop();
        }
    }

    /** @internal */
    changed(): void {
        for (const listener of this.listeners)
            listener();
    }
}

const NO_TAGS: readonly string[] = Object.freeze([]);

/** @internal A copy that shares nothing that could be changed. */
export const copyEvent = ({id, type, version, timestamp, payload, meta, correlationId, causationId, tags}: EventData): EventData => ({
    id, type, version, timestamp, payload: cloneData(payload), meta: cloneData(meta), correlationId, causationId,
    tags: tags.length === 0 ? NO_TAGS : tags.slice()
});

/** @internal The event as its reader gets it, to keep and to change. */
export const toRecord = ({data, aggregateName, aggregateId, revision, position}: StoredEvent): RecordedEvent => ({
    ...data, payload: cloneData(data.payload), meta: cloneData(data.meta), tags: data.tags.length === 0 ? NO_TAGS : data.tags.slice(),
    aggregateName, aggregateId, revision: BigInt(revision), position: BigInt(position)
});
