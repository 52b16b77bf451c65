import type {SubscriptionBatch} from '../ports/index.ts';

/**
 * Shares the process among replays: one batch begins in each turn of the event loop, in the order of asking, so that commands, queries and live projections have
 * theirs in between, however many versions are being rebuilt. A replay on its own is not held up.
 */
export class ReplayTurns {
    readonly #waiting: (() => void)[] = [];
    #isTaken = false;

    /** Lets each batch of a replay wait for its turn. @param isExempt What is active goes before what is being rebuilt, as does what has caught up */
    async* pace(batches: AsyncIterable<SubscriptionBatch>, isExempt: () => boolean): AsyncGenerator<SubscriptionBatch, void> {
        for await (const batch of batches) {
            if (!batch.caughtUp && !isExempt())
                await this.next();
            yield batch;
        }
    }

    /** Waits for a turn of the event loop in which no other replay has begun a batch. */
    async next(): Promise<void> {
        if (this.#isTaken)
            await new Promise<void>(resolve => this.#waiting.push(resolve));
        else
            this.#take();
    }

    #take(): void {
        this.#isTaken = true;
        setImmediate(() => {
            const resolve = this.#waiting.shift();
            if (resolve === undefined) {
                this.#isTaken = false;
                return;
            }
            this.#take();
            resolve();
        });
    }
}
