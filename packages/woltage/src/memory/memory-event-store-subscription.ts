import type {RecordedEvent} from '../events/index.ts';
import type {SubscribeOptions, SubscriptionBatch} from '../ports/index.ts';
import {toRecord, type MemoryEventStoreData, type StoredEvent} from './memory-event-store-data.ts';

const DEFAULT_BATCH = 1000;

/** Events that one batch looks through at most: a filter that matches little must not hold up the process. */
const WINDOW = 50_000;

/** One consumer's way through the events. It can be ended at any time, also while its consumer waits for the next batch. */
export class MemoryEventStoreSubscription implements AsyncIterableIterator<SubscriptionBatch> {
    readonly #batches: AsyncGenerator<SubscriptionBatch, undefined>;
    #ended = false;
    #wake = (): void => undefined;

    constructor(data: MemoryEventStoreData, options: SubscribeOptions, start: () => void, finish: () => void) {
        this.#batches = this.#follow(data, options, start, finish);
    }

    /** Lets a consumer that waits have an end instead of a batch. */
    readonly end = (): void => {
        this.#ended = true;
        this.#wake();
    };

    next(): Promise<IteratorResult<SubscriptionBatch, undefined>> {
        return this.#batches.next();
    }

    return(): Promise<IteratorResult<SubscriptionBatch, undefined>> {
        // A generator answers `return` only after the `next` that it is busy with.
        this.end();
        return this.#batches.return(undefined);
    }

    [Symbol.asyncIterator](): this {
        return this;
    }

    async *#follow(
        data: MemoryEventStoreData, {after, filter, signal, batchSize = DEFAULT_BATCH}: SubscribeOptions, start: () => void, finish: () => void
    ): AsyncGenerator<SubscriptionBatch, undefined> {
        start();
        const {events, listeners} = data;
        const types = filter?.types === undefined ? undefined : new Set(filter.types);
        const wake = (): void => this.#wake();
        listeners.add(wake);
        signal?.addEventListener('abort', this.end);
        try {
            let isFirst = true;
            for (let next = after === undefined ? 0 : Number(after) + 1; !this.#ended && signal?.aborted !== true;) {
                if (next >= events.length && !isFirst) {
                    await new Promise<void>(resolve => this.#wake = resolve);
                    continue;
                }
                isFirst = false;
                const batch: RecordedEvent[] = [];
                for (const end = Math.min(events.length, next + WINDOW); next < end && batch.length < batchSize; next++) {
                    const event = events[next] as StoredEvent;
                    if (types === undefined || types.has(event.data.type))
                        batch.push(toRecord(event));
                }
                yield {events: batch, position: next === 0 ? undefined : BigInt(next - 1), caughtUp: next >= events.length};
            }
        } finally {
            listeners.delete(wake);
            signal?.removeEventListener('abort', this.end);
            finish();
        }
        return undefined;
    }
}
