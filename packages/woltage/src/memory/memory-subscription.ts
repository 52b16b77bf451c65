import type {RecordedEvent} from '../events/index.ts';
import type {EventFilter, SubscribeOptions, SubscriptionBatch} from '../ports/index.ts';
import {toRecord, type MemoryEventStoreData, type StoredEvent} from './memory-event-store-data.ts';

const DEFAULT_BATCH = 1000;

/** Events that one batch looks through at most: a filter that matches little must not hold up the process. */
const WINDOW = 50_000;

/** The batches of a subscription, until the signal aborts. */
export async function* followMemory(
    data: MemoryEventStoreData, {after, filter, batchSize = DEFAULT_BATCH}: SubscribeOptions, ending: AbortSignal
): AsyncGenerator<SubscriptionBatch, void> {
    const {events} = data;
    const types = filter?.types === undefined ? undefined : new Set(filter.types);
    let next = Number(after ?? -1n) + 1;
    for (let isFirst = true; !ending.aborted;) {
        if (next >= events.length && !isFirst) {
            await changed(data, ending);
            continue;
        }
        isFirst = false;
        const batch: RecordedEvent[] = [];
        next = take(events, next, types, filter?.accepts, batchSize, batch);
        yield {events: batch, position: next === 0 ? undefined : BigInt(next - 1), caughtUp: next >= events.length};
    }
}

/** Adds what matches until the batch is full. @returns The index of the first event that it has not looked at */
function take(
    events: readonly (StoredEvent | undefined)[], start: number, types: ReadonlySet<string> | undefined, accepts: EventFilter['accepts'], batchSize: number, batch: RecordedEvent[]
): number {
    const end = Math.min(events.length, start + WINDOW);
    for (let index = start; index < end; index++) {
        if (batch.length === batchSize)
            return index;
        const event = events[index];
        if (event !== undefined && (types === undefined || types.has(event.data.type)) && accepts?.(event.aggregateName, event.aggregateId) !== false)
            batch.push(toRecord(event));
    }
    return end;
}

/** Resolves at the next append, or when the signal aborts. */
function changed({listeners}: MemoryEventStoreData, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
        const wake = (): void => {
            listeners.delete(wake);
            signal.removeEventListener('abort', wake);
            resolve();
        };
        listeners.add(wake);
        signal.addEventListener('abort', wake);
    });
}
