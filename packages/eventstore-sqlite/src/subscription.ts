import {whenNotBusy} from '@woltage/sqlite';
import type {SubscribeOptions, SubscriptionBatch} from 'woltage';
import type {ChangeWatch} from './change-watch.ts';
import type {EventPages} from './event-pages.ts';
import {toRecord} from './records.ts';

const DEFAULT_BATCH = 1000;

/** What a subscription needs of the store that it belongs to. */
export interface SubscriptionSource {
    readonly pages: EventPages;
    readonly changes: ChangeWatch;
    readonly subscriptions: Set<SQLiteSubscription>;
    readonly busyTimeoutMs: number | undefined;
}

/** One consumer's way through the events. It can be ended at any time, also while its consumer waits for the next batch. */
export class SQLiteSubscription implements AsyncIterableIterator<SubscriptionBatch> {
    readonly #batches: AsyncGenerator<SubscriptionBatch, undefined>;
    readonly #ending = new AbortController();

    /** @param open Called with the first `next`; throws where the store is closed */
    constructor(open: () => SubscriptionSource, options: SubscribeOptions) {
        this.#batches = this.#follow(open, options);
    }

    /** Lets a consumer that waits have an end instead of a batch. */
    readonly end = (): void => this.#ending.abort();

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

    async *#follow(open: () => SubscriptionSource, {signal, ...options}: SubscribeOptions): AsyncGenerator<SubscriptionBatch, undefined> {
        const source = open();
        source.subscriptions.add(this);
        signal?.addEventListener('abort', this.end);
        if (signal?.aborted === true)
            this.end();
        try {
            yield* this.#read(source, options);
        } finally {
            signal?.removeEventListener('abort', this.end);
            source.subscriptions.delete(this);
        }
        return undefined;
    }

    async *#read({pages, changes, busyTimeoutMs}: SubscriptionSource, options: SubscribeOptions): AsyncGenerator<SubscriptionBatch, void> {
        const {after, filter, batchSize = DEFAULT_BATCH} = options;
        const {signal} = this.#ending;
        let position = after === undefined ? 0 : Number(after);
        let isFirst = true;
        while (!signal.aborted) {
            const {page, mark} = await whenNotBusy(() => {
                // Ended while it waited for a lock: the database may be closed.
                if (signal.aborted)
                    return {page: undefined, mark: 0};
                return {mark: changes.mark(), page: pages.next(position, filter?.types, batchSize)};
            }, busyTimeoutMs);
            if (page === undefined)
                return;
            if (page.position <= position && !isFirst) {
                await changes.changed(mark, signal);
                continue;
            }
            isFirst = false;
            position = page.position;
            yield {events: page.rows.map(toRecord), position: position === 0 ? undefined : BigInt(position), caughtUp: page.caughtUp};
            // SQLite reads synchronously: let others have their turn between two pages.
            if (!page.caughtUp)
                await new Promise(resolve => setImmediate(resolve));
        }
    }
}
