/** Random choices that can be had again from their seed (mulberry32). */
export class Random {
    readonly seed: number;
    #state: number;

    constructor(seed: number) {
        this.seed = seed;
        this.#state = seed;
    }

    /** A whole number from 0 to `end` - 1. */
    below(end: number): number {
        this.#state = (this.#state + 0x6d2b79f5) | 0;
        let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) % end;
    }

    pick<V>(list: readonly V[]): V {
        return list[this.below(list.length)] as V;
    }
}
