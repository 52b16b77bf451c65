import {createHash} from 'node:crypto';

const WORDS = 4;
const FIRST_SLOTS = 1024;

/**
 * Numbers by keys of 128 bits, in 24 bytes a slot: for millions of ids, where a Map would need ten times as much. It stops taking new keys when it is full, so that memory is bounded.
 */
export class CompactTable {
    readonly #most: number;
    readonly #key = new Uint32Array(WORDS);
    #keys = new Uint32Array(FIRST_SLOTS * WORDS);
    #values = new Float64Array(FIRST_SLOTS);
    #size = 0;

    /** @param most The number of keys that it takes */
    constructor(most: number) {
        this.#most = most;
    }

    /** Has taken as many keys as it can. */
    get isFull(): boolean {
        return this.#size >= this.#most;
    }

    /** Sets the number of a UUID, where it has none. @returns The number that it had */
    addUuid(uuid: string, value: number): number | undefined {
        const digits = uuid.replaceAll('-', '');
        for (let i = 0; i < WORDS; i++)
            this.#key[i] = Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16);
        return this.#exchange(value, false);
    }

    /** Sets the number of a text. @returns The number that it had */
    set(text: string, value: number): number | undefined {
        const digest = createHash('sha256').update(text).digest();
        for (let i = 0; i < WORDS; i++)
            this.#key[i] = digest.readUInt32LE(i * WORDS);
        return this.#exchange(value, true);
    }

    #exchange(value: number, replaces: boolean): number | undefined {
        const slot = this.#slotOf(this.#key, 0);
        const before = this.#values[slot] as number;
        if (before !== 0) {
            if (replaces)
                this.#values[slot] = value + 1;
            return before - 1;
        }
        if (!this.isFull) {
            this.#keys.set(this.#key, slot * WORDS);
            // 0 is a free slot.
            this.#values[slot] = value + 1;
            if (++this.#size * 3 > this.#values.length * 2)
                this.#grow();
        }
        return undefined;
    }

    /** Where a key is, or would be. */
    #slotOf(keys: Uint32Array, at: number): number {
        const mask = this.#values.length - 1;
        // The last word: the first ones of UUIDv7 are a time.
        let slot = (keys[at + WORDS - 1] as number) & mask;
        while (this.#values[slot] !== 0 && !this.#isAt(slot, keys, at))
            slot = (slot + 1) & mask;
        return slot;
    }

    #isAt(slot: number, keys: Uint32Array, at: number): boolean {
        for (let i = 0; i < WORDS; i++) {
            if (this.#keys[slot * WORDS + i] !== keys[at + i])
                return false;
        }
        return true;
    }

    #grow(): void {
        const [keys, values] = [this.#keys, this.#values];
        this.#keys = new Uint32Array(keys.length * 2);
        this.#values = new Float64Array(values.length * 2);
        for (const [old, value] of values.entries()) {
            if (value === 0)
                continue;
            const slot = this.#slotOf(keys, old * WORDS);
            this.#keys.set(keys.subarray(old * WORDS, old * WORDS + WORDS), slot * WORDS);
            this.#values[slot] = value;
        }
    }
}
