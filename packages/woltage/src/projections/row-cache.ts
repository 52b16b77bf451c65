import {roughSize} from '../shared/data.ts';
import type {Row} from '../ports/index.ts';

/**
 * Rows read or written last, and keys known to have none, bounded in bytes. Two generations: when the young one is full it
 * becomes the old one, and the old one is dropped. That keeps what is used at a fraction of a linked list's cost.
 */
export class RowCache {
    readonly #halfBytes: number;
    #young = new Map<string, Row | null>();
    #old = new Map<string, Row | null>();
    #youngBytes = 0;

    constructor(maxBytes: number) {
        this.#halfBytes = maxBytes / 2;
    }

    /** The row, null for a key known to have none, `undefined` when nothing is known. */
    get(key: string): Row | null | undefined {
        const row = this.#young.get(key);
        if (row !== undefined)
            return row;
        const old = this.#old.get(key);
        if (old !== undefined)
            this.set(key, old);
        return old;
    }

    set(key: string, row: Row | null): void {
        this.#young.set(key, row);
        this.#youngBytes += 64 + key.length * 2 + roughSize(row);
        if (this.#youngBytes > this.#halfBytes) {
            this.#old = this.#young;
            this.#young = new Map();
            this.#youngBytes = 0;
        }
    }

    clear(): void {
        this.#young.clear();
        this.#old.clear();
        this.#youngBytes = 0;
    }
}
