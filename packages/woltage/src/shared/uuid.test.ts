import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createUuidV7Generator, deriveUuid, formatUuid, uuidV7} from './uuid.ts';

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('a generator of UUIDv7', () => {
    it('gives well-formed ids, all different, that sort as they were made', () => {
        const ids = Array.from({length: 20_000}, uuidV7);
        expect(ids.filter(id => !V7.test(id))).toEqual([]);
        expect(new Set(ids).size).toBe(ids.length);
        expect([...ids].sort()).toEqual(ids);
    });

    it('holds the time in its first 48 bits', () => {
        for (const ms of [0, 1, 1_700_000_000_000, 2 ** 48 - 1]) {
            const id = createUuidV7Generator(() => ms)();
            expect(parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(ms);
        }
    });

    it('keeps the order when the clock stands still or goes back', () => {
        let ms = 1_700_000_000_000;
        const next = createUuidV7Generator(() => ms);
        const ids: string[] = [];
        for (let i = 0; i < 10_000; i++)
            ids.push(next());
        ms -= 60_000;
        for (let i = 0; i < 5000; i++)
            ids.push(next());
        ms += 120_000;
        ids.push(next());
        expect(new Set(ids).size).toBe(ids.length);
        expect([...ids].sort()).toEqual(ids);
    });

    it('leaves no random bit unused', () => {
        const next = createUuidV7Generator(() => 5);
        let all = 0n;
        let none = (1n << 64n) - 1n;
        for (let i = 0; i < 2000; i++) {
            const random = BigInt(`0x${next().slice(19).replace('-', '')}`);
            all |= random;
            none &= random;
        }
        // Two bits of these 64 are the variant, 10.
        expect(all.toString(16)).toBe('bfffffffffffffff');
        expect(none.toString(16)).toBe('8000000000000000');
    });
});

describe('deriveUuid', () => {
    it('gives the same id for the same names, another for others, all well-formed', async () => {
        await fc.assert(fc.asyncProperty(fc.string(), fc.string(), async (base, name) => {
            const id = await deriveUuid(base, name);
            expect(id).toMatch(V8);
            expect(await deriveUuid(base, name)).toBe(id);
            expect(await deriveUuid(base, `${name}1`)).not.toBe(id);
        }), {numRuns: 200});
    });

    it('keeps the time of a UUIDv7, so that derived ids stay near it', async () => {
        const base = uuidV7();
        const derived = await deriveUuid(base, 'effect/0');
        expect(derived).toMatch(V8);
        expect(derived.slice(0, 13)).toBe(base.slice(0, 13));
        expect(derived).not.toBe(base);
    });
});

describe('formatUuid', () => {
    it('writes 16 bytes in groups of 8, 4, 4, 4 and 12 digits', () => {
        expect(formatUuid(Uint8Array.from({length: 16}, (_, i) => i * 16))).toBe('00102030-4050-6070-8090-a0b0c0d0e0f0');
    });
});
