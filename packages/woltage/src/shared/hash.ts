/** FNV-1a over UTF-16 code units, 32 bits: the same on every machine and in every version. */
export function hash32(text: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < text.length; i++)
        hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    // The last round of MurmurHash3: FNV's low bits alone are poor for a modulus.
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
}
