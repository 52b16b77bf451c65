import type {IEventStore} from '../ports/index.ts';
import {Rate} from './rate.ts';

/** How often the end of the event store is looked up while it is far away, in ms. */
const LOOKUP_MS = 1000;

/** How far a worker has to go, and how fast it is. */
export class WorkerProgress {
    readonly #eventStore: IEventStore;
    readonly rate = new Rate();
    #head = -1n;
    #lookedUpAt = -Infinity;
    #processed = 0;

    constructor(eventStore: IEventStore) {
        this.#eventStore = eventStore;
    }

    /** The end of the event store, as far as is known. */
    get head(): bigint {
        return this.#head;
    }

    /** Events handled since the worker started. */
    get processed(): number {
        return this.#processed;
    }

    /** Looks up where the event store ends. */
    async lookUpHead(): Promise<void> {
        this.#head = await this.#eventStore.getLatestPosition() ?? -1n;
        this.#lookedUpAt = performance.now();
    }

    /** @param position Everything up to here is known to exist */
    sawHead(position: bigint): void {
        if (position > this.#head)
            this.#head = position;
    }

    /** To be called after each batch. */
    async add(events: number, position: bigint, caughtUp: boolean): Promise<void> {
        this.#processed += events;
        this.rate.add(this.#processed, position);
        if (!caughtUp && performance.now() - this.#lookedUpAt > LOOKUP_MS)
            await this.lookUpHead();
    }
}
