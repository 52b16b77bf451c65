import {uuidV7, type EventData, type IEventStore, type RecordedEvent, type SubscribeOptions, type SubscriptionBatch} from 'woltage';

/** What a suite's factory makes: an empty event store, not connected yet. */
export interface EventStoreUnderTest {
    readonly eventStore: IEventStore;
    /** Makes one more instance on the same data, as another process or a restart would have it; not connected yet. */
    readonly second: () => IEventStore;
    /** Removes what the store left behind; called after `close`. */
    readonly cleanup?: (() => Promise<void>) | undefined;
}

export function eventData(overrides: Partial<EventData> = {}): EventData {
    const id = uuidV7();
    return {
        id, type: 'thing.happened', version: 1, timestamp: 1_700_000_000_000, payload: {n: 1}, meta: {}, correlationId: id,
        causationId: null, tags: [], ...overrides
    };
}

export const eventsOf = (count: number, overrides: Partial<EventData> = {}): EventData[] =>
    Array.from({length: count}, (_, n) => eventData({payload: {n}, ...overrides}));

export async function readAll(eventStore: IEventStore, ...args: Parameters<IEventStore['read']>): Promise<RecordedEvent[]> {
    const records: RecordedEvent[] = [];
    for await (const page of eventStore.read(...args))
        records.push(...page);
    return records;
}

/** Reads a subscription until `enough` says so. */
export async function follow(
    eventStore: IEventStore, options: SubscribeOptions, enough: (records: readonly RecordedEvent[], batch: SubscriptionBatch) => boolean
): Promise<{readonly records: RecordedEvent[]; readonly batches: SubscriptionBatch[]}> {
    const records: RecordedEvent[] = [];
    const batches: SubscriptionBatch[] = [];
    for await (const batch of eventStore.subscribe(options)) {
        batches.push(batch);
        records.push(...batch.events);
        if (enough(records, batch))
            break;
    }
    return {records, batches};
}
