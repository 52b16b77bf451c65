interface Identified {
    readonly data: {readonly id: string};
}

/**
 * Finds events by id. Ids that rise, as UUIDv7 do, are told apart from all others by comparing them with the newest one; an index is
 * built when the first id comes that doesn't.
 */
export class EventIds<E extends Identified> {
    readonly #events: readonly (E | undefined)[];
    readonly #index = new Map<string, E>();
    #indexed = 0;
    #newest = '';

    /** @param events All events, in the order of their addition; holes are those that were erased */
    constructor(events: readonly (E | undefined)[]) {
        this.#events = events;
    }

    /** To be called when an event has been added at the end. */
    added({data: {id}}: E): void {
        if (id > this.#newest)
            this.#newest = id;
    }

    /** To be called when an event has been taken away. */
    removed({data: {id}}: E): void {
        this.#index.delete(id);
        this.#indexed = Math.min(this.#indexed, this.#events.length);
    }

    get(id: string): E | undefined {
        if (id > this.#newest)
            return undefined;
        for (; this.#indexed < this.#events.length; this.#indexed++) {
            const event = this.#events[this.#indexed];
            if (event !== undefined)
                this.#index.set(event.data.id, event);
        }
        return this.#index.get(id);
    }
}
