const BITS_PER_KEY = 10;
const HASHES = 7;

/**
 * A Bloom filter (B. H. Bloom, 1970; double hashing after Kirsch and Mitzenmacher, 2006): tells for sure that a key was never
 * added, with about 1% of false alarms. It grows by adding slices (Almeida et al., Scalable Bloom Filters, 2007) up to a bound
 * in bytes; beyond that it answers "maybe" to everything.
 */
export class KeyFilter {
    readonly #maxBytes: number;
    #slices: {readonly bits: Uint32Array; readonly capacity: number; count: number}[] = [];
    #bytes = 0;
    #saturated = false;

    constructor(maxBytes: number) {
        this.#maxBytes = maxBytes;
    }

    add(key: string): void {
        if (this.#saturated)
            return;
        let slice = this.#slices.at(-1);
        if (slice === undefined || slice.count >= slice.capacity) {
            slice = this.#grow(slice);
            if (slice === undefined)
                return;
        }
        const [h1, h2] = hashes(key);
        const size = slice.bits.length * 32;
        for (let i = 0; i < HASHES; i++) {
            const bit = ((h1 + Math.imul(i, h2)) >>> 0) % size;
            slice.bits[bit >>> 5] = (slice.bits[bit >>> 5] as number) | (1 << (bit & 31));
        }
        slice.count++;
    }

    /** False: the key was never added. */
    mayHave(key: string): boolean {
        if (this.#saturated)
            return true;
        const [h1, h2] = hashes(key);
        return this.#slices.some(({bits}) => {
            const size = bits.length * 32;
            for (let i = 0; i < HASHES; i++) {
                const bit = ((h1 + Math.imul(i, h2)) >>> 0) % size;
                if (((bits[bit >>> 5] as number) & (1 << (bit & 31))) === 0)
                    return false;
            }
            return true;
        });
    }

    #grow(last: {readonly capacity: number} | undefined): {readonly bits: Uint32Array; readonly capacity: number; count: number} | undefined {
        const capacity = last === undefined ? 4096 : last.capacity * 4;
        const words = Math.ceil(capacity * BITS_PER_KEY / 32);
        if (this.#bytes + words * 4 > this.#maxBytes) {
            this.#saturated = true;
            this.#slices = [];
            return undefined;
        }
        this.#bytes += words * 4;
        const slice = {bits: new Uint32Array(words), capacity, count: 0};
        this.#slices.push(slice);
        return slice;
    }
}

/** Two 32-bit hashes of a string: FNV-1a, and a multiplicative hash made odd. */
function hashes(key: string): [number, number] {
    let a = 0x811c9dc5;
    let b = 0x9747b28c;
    for (let i = 0; i < key.length; i++) {
        const code = key.charCodeAt(i);
        a = Math.imul(a ^ code, 0x01000193);
        b = Math.imul(b + code, 0x5bd1e995);
        b ^= b >>> 15;
    }
    return [(a ^ (a >>> 16)) >>> 0, (b | 1) >>> 0];
}
