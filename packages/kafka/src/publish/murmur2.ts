const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** The hash of Kafka's own clients: what makes a key's partition the same for all of them. */
export function murmur2(key: Buffer): number {
    let hash = SEED ^ key.length;
    const whole = key.length & ~3;
    for (let at = 0; at < whole; at += 4) {
        let word = Math.imul(key.readInt32LE(at), MULTIPLIER);
        word ^= word >>> 24;
        hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
    }
    if (key.length > whole) {
        for (let at = key.length - 1; at >= whole; at--)
            hash ^= key.readUInt8(at) << 8 * (at - whole);
        hash = Math.imul(hash, MULTIPLIER);
    }
    hash = Math.imul(hash ^ hash >>> 13, MULTIPLIER);
    return hash ^ hash >>> 15;
}

/** The partition that Kafka's own clients choose for a key. */
export const partitionOf = (key: Buffer, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions;
