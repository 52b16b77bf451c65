import {uuidV7, type EventData, type IEventStore, type ReadOptions, type RecordedEvent, type SubscribeOptions, type SubscriptionBatch} from 'woltage';

export function eventData(overrides: Partial<EventData> = {}): EventData {
    const id = uuidV7();
    return {id, type: 'thing.happened', version: 1, timestamp: 1_700_000_000_000, payload: {n: 1}, meta: {}, correlationId: id, causationId: null, tags: [], ...overrides};
}

export const eventsOf = (count: number, overrides: Partial<EventData> = {}): EventData[] =>
    Array.from({length: count}, (_, n) => eventData({payload: {n}, ...overrides}));

export async function readAll(store: IEventStore, name: string, id: string, options?: ReadOptions): Promise<RecordedEvent[]> {
    const records: RecordedEvent[] = [];
    for await (const page of store.read(name, id, options))
        records.push(...page);
    return records;
}

/** Reads a subscription until `enough` says so. */
export async function follow(
    store: IEventStore, options: SubscribeOptions, enough: (records: readonly RecordedEvent[], batch: SubscriptionBatch) => boolean = (_, {caughtUp}) => caughtUp
): Promise<{readonly records: RecordedEvent[]; readonly batches: SubscriptionBatch[]}> {
    const records: RecordedEvent[] = [];
    const batches: SubscriptionBatch[] = [];
    for await (const batch of store.subscribe(options)) {
        batches.push(batch);
        records.push(...batch.events);
        if (enough(records, batch))
            break;
    }
    return {records, batches};
}
