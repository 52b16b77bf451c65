const SEED = 0x9747b28c;
const M = 0x5bd1e995;

const mix = (k: number): number => {
    const multiplied = Math.imul(k, M);
    return Math.imul(multiplied ^ multiplied >>> 24, M);
};

/** MurmurHash2 as Kafka's own clients have it, as a signed number. */
export function murmur2(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const {length} = bytes;
    const whole = length & ~3;
    let hash = SEED ^ length;
    for (let i = 0; i < whole; i += 4)
        hash = Math.imul(hash, M) ^ mix(view.getInt32(i, true));
    for (let i = length - 1; i >= whole; i--)
        hash ^= (bytes[i] as number) << 8 * (i - whole);
    if (length > whole)
        hash = Math.imul(hash, M);
    hash = Math.imul(hash ^ hash >>> 13, M);
    return hash ^ hash >>> 15;
}

/** The partition of a key: the one that Kafka's own clients choose, so that messages of different producers meet. */
export const partitionOf = (key: string, partitions: number): number => (murmur2(new TextEncoder().encode(key)) & 0x7fffffff) % partitions;
