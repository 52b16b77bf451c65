import {describe, expect, it} from 'vitest';
import {KeyFilter} from './key-filter.ts';

describe('a key filter', () => {
    it('knows every key that was added, and raises few false alarms', () => {
        const filter = new KeyFilter(16 * 1024 * 1024);
        for (let i = 0; i < 100_000; i++)
            filter.add(`"key-${i}"`);
        const missed = Array.from({length: 100_000}, (_, i) => filter.mayHave(`"key-${i}"`)).filter(known => !known);
        expect(missed).toEqual([]);
        const alarms = Array.from({length: 100_000}, (_, i) => filter.mayHave(`"other-${i}"`)).filter(Boolean);
        expect(alarms.length).toBeLessThan(5000);
    });

    it('says "maybe" to everything when it has reached its bound', () => {
        const filter = new KeyFilter(8 * 1024);
        expect(filter.mayHave('a')).toBe(false);
        for (let i = 0; i < 10_000; i++)
            filter.add(String(i));
        expect(filter.mayHave('never added')).toBe(true);
    });
});
