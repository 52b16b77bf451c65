import {roughSize} from '../shared/data.ts';

/** The state of an aggregate after the event with this revision; -1n before the first. */
export interface AggregateState {
    state: unknown;
    revision: bigint;
    /** Of the last event; -1n before the first. */
    position: bigint;
    /** Of the latest snapshot that is known; -1n: none. */
    snapshotRevision: bigint;
}

interface Entry {
    readonly current: AggregateState;
    bytes: number;
    sizedAt: bigint;
}

/** Events that may be folded into a cached state before its size is estimated again. */
const RESIZE_EVERY = 32n;

/**
 * The states of the aggregates used last, bounded in bytes. The cache owns its states: whoever wants to hand one out copies
 * it, and new events are folded into the cached state itself.
 */
export class StateCache {
    readonly #maxBytes: number;
    readonly #entries = new Map<string, Entry>();
    #bytes = 0;

    constructor(maxBytes: number) {
        this.#maxBytes = maxBytes;
    }

    get(key: string): AggregateState | undefined {
        const entry = this.#entries.get(key);
        if (entry === undefined)
            return undefined;
        this.#entries.delete(key);
        this.#entries.set(key, entry);
        if (entry.current.revision - entry.sizedAt >= RESIZE_EVERY)
            this.#resize(key, entry);
        return entry.current;
    }

    /** Takes the state over, unless one that is at least as new is there. */
    add(key: string, current: AggregateState): void {
        const old = this.#entries.get(key);
        if (old !== undefined && old.current.revision >= current.revision)
            return;
        this.delete(key);
        const entry = {current, bytes: 0, sizedAt: current.revision};
        this.#entries.set(key, entry);
        this.#resize(key, entry);
    }

    delete(key: string): void {
        this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
        this.#entries.delete(key);
    }

    clear(): void {
        this.#entries.clear();
        this.#bytes = 0;
    }

    #resize(key: string, entry: Entry): void {
        const bytes = 200 + key.length * 2 + roughSize(entry.current.state);
        this.#bytes += bytes - entry.bytes;
        entry.bytes = bytes;
        entry.sizedAt = entry.current.revision;
        for (const oldest of this.#entries.keys()) {
            if (this.#bytes <= this.#maxBytes)
                break;
            this.delete(oldest);
        }
    }
}
