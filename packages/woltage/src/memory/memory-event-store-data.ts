import type {EventData, RecordedEvent} from '../events/index.ts';
import {cloneData} from '../shared/data.ts';
import type {JsonValue} from '../shared/json-codec.ts';
import {EventIds} from './event-ids.ts';
import {EventIndex} from './event-index.ts';

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
    /** @internal By position; a hole is an event that was erased. */
    readonly events: (StoredEvent | undefined)[] = [];
    /** @internal */
    readonly byId = new EventIds<StoredEvent>(this.events);
    /** @internal */
    readonly index = new EventIndex<StoredEvent>(this.events);
    /** @internal Called after each append. */
    readonly listeners = new Set<() => void>();
    readonly #streams = new Map<string, Map<string, StoredEvent[]>>();
    readonly #tombstones = new Map<string, StoredEvent>();

    /** @internal */
    stream(aggregateName: string, aggregateId: string): StoredEvent[] | undefined {
        return this.#streams.get(aggregateName)?.get(aggregateId);
    }

    /** @internal Adds an event at the end of its stream. */
    add(event: StoredEvent): void {
        const {aggregateName, aggregateId} = event;
        let byAggregate = this.#streams.get(aggregateName);
        if (byAggregate === undefined)
            this.#streams.set(aggregateName, byAggregate = new Map<string, StoredEvent[]>());
        const stream = byAggregate.get(aggregateId);
        // A literal has no room to spare, which most streams never need.
        if (stream === undefined)
            byAggregate.set(aggregateId, [event]);
        else
            stream.push(event);
        this.events.push(event);
        this.byId.added(event);
        if (event.data.tags.length > 0)
            this.index.added(event);
    }

    /** @internal Takes the last events away again, so that `length` are left. */
    truncate(length: number): void {
        while (this.events.length > length) {
            const event = this.events.pop() as StoredEvent;
            this.byId.removed(event);
            this.index.removed(event);
            this.stream(event.aggregateName, event.aggregateId)?.pop();
        }
    }

    /** @internal What is left of an erased stream. */
    tombstone(aggregateName: string, aggregateId: string): StoredEvent | undefined {
        return this.#tombstones.size === 0 ? undefined : this.#tombstones.get(JSON.stringify([aggregateName, aggregateId]));
    }

    /** @internal Adds a tombstone, and removes all that is in its stream. */
    erase(tombstone: StoredEvent): void {
        const {aggregateName, aggregateId} = tombstone;
        for (const event of this.stream(aggregateName, aggregateId) ?? []) {
            this.events[event.position] = undefined;
            this.byId.removed(event);
        }
        this.#streams.get(aggregateName)?.delete(aggregateId);
        this.#tombstones.set(JSON.stringify([aggregateName, aggregateId]), tombstone);
        this.events.push(tombstone);
        this.byId.added(tombstone);
        this.index.added(tombstone);
    }

    /** @internal */
    changed(): void {
        for (const listener of this.listeners)
            listener();
    }
}

const NO_TAGS: readonly string[] = Object.freeze([]);

/** What is empty can be shared among copies that nobody outside ever sees. */
const EMPTY: JsonValue = Object.freeze({});

function copyMeta(meta: JsonValue): JsonValue {
    for (const _key in meta as object)
        return cloneData(meta);
    return typeof meta === 'object' && meta !== null && !Array.isArray(meta) ? EMPTY : cloneData(meta);
}

/** @internal A copy that shares nothing that could be changed. */
export const copyEvent = ({id, type, version, timestamp, payload, meta, correlationId, causationId, tags}: EventData): EventData => ({
    id, type, version, timestamp, payload: cloneData(payload), meta: copyMeta(meta), correlationId, causationId,
    tags: tags.length === 0 ? NO_TAGS : tags.slice()
});

/** @internal The event as its reader gets it, to keep and to change. Spelled out, which is several times faster than a spread. */
export function toRecord({data, aggregateName, aggregateId, revision, position}: StoredEvent): RecordedEvent {
    const {id, type, version, timestamp, payload, meta, correlationId, causationId, tags} = data;
    return {
        id, type, version, timestamp, payload: cloneData(payload), meta: cloneData(meta), correlationId, causationId,
        tags: tags.length === 0 ? NO_TAGS : tags.slice(), aggregateName, aggregateId, revision: BigInt(revision), position: BigInt(position)
    };
}
