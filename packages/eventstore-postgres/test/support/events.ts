import {uuidV7, type EventData, type IEventStore, type RecordedEvent, type SubscribeOptions, type SubscriptionBatch} from 'woltage';

export function eventData(overrides: Partial<EventData> = {}): EventData {
    const id = uuidV7();
    return {id, type: 'thing.happened', version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags: [], ...overrides};
}

export const eventsOf = (count: number, overrides: Partial<EventData> = {}): EventData[] => Array.from({length: count}, () => eventData(overrides));

export async function readAll(store: IEventStore, ...args: Parameters<IEventStore['read']>): Promise<RecordedEvent[]> {
    const records: RecordedEvent[] = [];
    for await (const page of store.read(...args))
        records.push(...page);
    return records;
}

/** Reads a subscription until `enough` says so. */
export async function follow(
    store: IEventStore, options: SubscribeOptions, enough: (records: readonly RecordedEvent[], batch: SubscriptionBatch) => boolean
): Promise<RecordedEvent[]> {
    const records: RecordedEvent[] = [];
    for await (const batch of store.subscribe(options)) {
        records.push(...batch.events);
        if (enough(records, batch))
            break;
    }
    return records;
}
