import {describe, expect, it} from 'vitest';
import {KeyFilter} from './key-filter.ts';
import {RowCache} from './row-cache.ts';

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

describe('a row cache', () => {
    it('keeps what is used and stays within its bound', () => {
        const cache = new RowCache(100_000);
        cache.set('hot', {id: 'hot'});
        cache.set('none', null);
        for (let i = 0; i < 5000; i++) {
            cache.set(`k${i}`, {id: `k${i}`, text: 'some text of some length'});
            expect(cache.get('hot')).toEqual({id: 'hot'});
        }
        expect(cache.get('none')).toBeUndefined();
        const kept = Array.from({length: 5000}, (_, i) => cache.get(`k${i}`)).filter(row => row !== undefined);
        expect(kept.length).toBeGreaterThan(50);
        expect(kept.length).toBeLessThan(1000);
    });
});
