import type {SubscriptionBatch} from './event-store.ts';

export interface SubscriptionSteps {
    /** The consumer's signal. */
    readonly signal: AbortSignal | undefined;
    /** Called with the first `next`; throws where the store is closed. */
    readonly start: (subscription: EndableSubscription) => void;
    /** Gives the batches, until the signal aborts, for which it must also look when it waits. */
    readonly read: (ending: AbortSignal) => AsyncGenerator<SubscriptionBatch, void>;
    /** Called when it is over, however that came. */
    readonly finish: (subscription: EndableSubscription) => void;
}

/**
 * One consumer's way through the events, for adapters. It ends by the consumer's signal, by its `return`, or by {@link end} when the store is closed; also while
 * the consumer waits for the next batch, which a generator alone can't do.
 */
export class EndableSubscription implements AsyncIterableIterator<SubscriptionBatch> {
    readonly #batches: AsyncGenerator<SubscriptionBatch, void>;
    readonly #ending = new AbortController();

    constructor(steps: SubscriptionSteps) {
        this.#batches = this.#follow(steps);
    }

    /** Lets a consumer that waits have an end instead of a batch. */
    readonly end = (): void => this.#ending.abort();

    next(): Promise<IteratorResult<SubscriptionBatch, void>> {
        return this.#batches.next();
    }

    return(): Promise<IteratorResult<SubscriptionBatch, void>> {
        // A generator answers `return` only after the `next` that it is busy with.
        this.end();
        return this.#batches.return(undefined);
    }

    [Symbol.asyncIterator](): this {
        return this;
    }

    async *#follow({signal, start, read, finish}: SubscriptionSteps): AsyncGenerator<SubscriptionBatch, void> {
        start(this);
        signal?.addEventListener('abort', this.end);
        if (signal?.aborted === true)
            this.end();
        try {
            yield* read(this.#ending.signal);
        } finally {
            signal?.removeEventListener('abort', this.end);
            finish(this);
        }
    }
}
