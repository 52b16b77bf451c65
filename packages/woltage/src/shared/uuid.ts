const HEX = Array.from({length: 256}, (_, byte) => byte.toString(16).padStart(2, '0'));
const hex = (byte: number | undefined): string => HEX[(byte ?? 0) & 0xff] as string;

/** Formats 16 bytes as a lower-case UUID string. */
export function formatUuid(b: Uint8Array): string {
    return hex(b[0]) + hex(b[1]) + hex(b[2]) + hex(b[3]) + '-' + hex(b[4]) + hex(b[5]) + '-' + hex(b[6]) + hex(b[7])
        + '-' + hex(b[8]) + hex(b[9]) + '-' + hex(b[10]) + hex(b[11]) + hex(b[12]) + hex(b[13]) + hex(b[14]) + hex(b[15]);
}

const POOL_BYTES = 8 * 512;
/** All groups of three hexadecimal digits: few long pieces make a string faster than many short ones. */
const HEX3 = Array.from({length: 4096}, (_, n) => n.toString(16).padStart(3, '0'));
const hex3 = (n: number): string => HEX3[n & 0xfff] as string;

/**
 * Creates a generator of UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 12 bits that count up within a
 * millisecond (method 1 of section 6.2), then 62 random bits. Ids of one generator sort in the order of their creation,
 * which keeps unique indexes append-only.
 */
export function createUuidV7Generator(now: () => number = Date.now): () => string {
    const pool = new Uint32Array(POOL_BYTES / 4);
    let next = pool.length;
    let lastMs = -1;
    let counter = 0;
    let prefix = '';

    return () => {
        const ms = now();
        if (ms > lastMs) {
            lastMs = ms;
            counter = 0;
            prefix = timestampPrefix(lastMs);
        } else if (++counter > 0xfff) {
            // More than 4,096 ids in a millisecond, or a clock that went back: borrow from the future.
            lastMs++;
            counter = 0;
            prefix = timestampPrefix(lastMs);
        }
        if (next === pool.length) {
            crypto.getRandomValues(pool);
            next = 0;
        }
        const a = pool[next++] as number;
        const b = pool[next++] as number;
        // Pieces below 13 characters are joined at once; V8 puts longer ones off until somebody looks.
        return prefix + hex3(counter) + (VARIANTS[a & 3] + hex3(a >>> 2) + '-' + hex3(a >>> 14))
            + (hex3(b) + hex3(b >>> 12) + hex3((b >>> 24) | ((a >>> 26) << 8)));
    };
}

const VARIANTS = ['-8', '-9', '-a', '-b'];

function timestampPrefix(ms: number): string {
    const text = ms.toString(16).padStart(12, '0');
    return text.slice(0, 8) + '-' + text.slice(8, 12) + '-7';
}

/** Generates a UUIDv7; ids of this process are strictly increasing. */
export const uuidV7: () => string = createUuidV7Generator();

/** The UUID (version 8, RFC 9562) of a digest, of which it changes the first 16 bytes. */
export function uuidV8(digest: Uint8Array): string {
    digest[6] = 0x80 | ((digest[6] as number) & 0x0f);
    digest[8] = 0x80 | ((digest[8] as number) & 0x3f);
    return formatUuid(digest);
}

/**
 * Derives a UUID (version 8, RFC 9562) from a name: the same name always gives the same id. The time part of `base`,
 * where it is a UUIDv7, is kept so that derived ids stay near it in a unique index.
 */
export async function deriveUuid(base: string, name: string): Promise<string> {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${base}\n${name}`)));
    const derived = uuidV8(digest);
    return base.charAt(14) === '7' ? base.slice(0, 13) + derived.slice(13) : derived;
}
