import {describe, expect, it} from 'vitest';
import {tryClone} from '../shared/data.ts';
import {StateCache} from './state-cache.ts';

const stateOf = (revision: bigint, size = 10) => ({state: {text: 'x'.repeat(size)}, revision, position: revision, snapshotRevision: -1n});

describe('the cache of states', () => {
    it('drops what was used longest ago when it is full', () => {
        const cache = new StateCache(3000);
        for (const key of ['a', 'b', 'c'])
            cache.add(key, stateOf(0n, 300));
        cache.get('a');
        cache.add('d', stateOf(0n, 300));
        expect(['a', 'b', 'c', 'd'].map(key => cache.get(key) !== undefined)).toEqual([true, false, true, true]);
    });

    it('never puts an older state in place of a newer one', () => {
        const cache = new StateCache(10_000);
        cache.add('a', stateOf(5n));
        cache.add('a', stateOf(4n));
        expect(cache.get('a')?.revision).toBe(5n);
    });

    it('notices when a state has grown', () => {
        const cache = new StateCache(10_000);
        const current = stateOf(0n);
        cache.add('a', current);
        Object.assign(current, {state: {text: 'x'.repeat(10_000)}, revision: 100n});
        cache.get('a');
        expect(cache.get('a')).toBeUndefined();
    });

    it('holds nothing when it is switched off, and no state that can\'t be copied', () => {
        const cache = new StateCache(0);
        cache.add('a', stateOf(0n));
        expect(cache.get('a')).toBeUndefined();
        expect(tryClone({run: () => 1})).toBeUndefined();
    });
});
