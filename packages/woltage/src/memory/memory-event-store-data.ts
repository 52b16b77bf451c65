import type {EventData} from '../events/index.ts';

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

    /** @internal */
    changed(): void {
        for (const listener of this.listeners)
            listener();
    }
}
