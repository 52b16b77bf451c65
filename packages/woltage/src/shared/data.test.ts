import {describe, expect, it} from 'vitest';
import {cloneData, NotCloneable, roughSize, setOwn} from './data.ts';

describe('cloneData', () => {
    it('copies maps, sets and dates, and shares nothing', () => {
        const value = {map: new Map([[{k: 1}, [new Date(1)]]]), set: new Set([{a: 1}])};
        const copy = cloneData(value);
        expect(copy).toStrictEqual(value);
        expect(copy.map).not.toBe(value.map);
        expect([...copy.set][0]).not.toBe([...value.set][0]);
    });

    it('refuses class instances and functions', () => {
        class Money {}
        expect(() => cloneData(new Money())).toThrow(NotCloneable);
        expect(() => cloneData({run: () => 1})).toThrow(NotCloneable);
    });

    it('keeps undefined, negative zero and a field named __proto__ as they are', () => {
        const value = JSON.parse('{"__proto__": {"polluted": true}, "list": []}') as Record<string, unknown>;
        value['none'] = undefined;
        value['zero'] = -0;
        const copy = cloneData(value);
        expect(Object.keys(copy)).toEqual(['__proto__', 'list', 'none', 'zero']);
        expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
        expect(copy['polluted']).toBeUndefined();
        expect(copy['zero']).toBe(-0);
    });

    it('copies what is frozen into what can be changed, and objects without a prototype too', () => {
        const value = Object.freeze(Object.assign(Object.create(null) as {list: number[]}, {list: Object.freeze([1]) as number[]}));
        const copy = cloneData(value);
        copy.list.push(2);
        expect(copy).toEqual({list: [1, 2]});
        expect(value.list).toEqual([1]);
    });

    it.each([['a symbol', {s: Symbol('s')}], ['a weak map', [new WeakMap()]], ['a function in a map', new Map([[1, () => 1]])], ['an error', {e: new Error('x')}]])(
        'refuses %s', (_name, value) => {
            expect(() => cloneData(value)).toThrow(NotCloneable);
        });
});

describe('setOwn', () => {
    it('sets an ordinary field and one named __proto__', () => {
        const target: Record<string, unknown> = {};
        setOwn(target, 'a', 1);
        setOwn(target, '__proto__', {b: 2});
        expect(Object.entries(target)).toEqual([['a', 1], ['__proto__', {b: 2}]]);
        expect(target['b']).toBeUndefined();
    });
});

describe('roughSize', () => {
    it('grows with what a value holds, in every kind of container', () => {
        const long = 'x'.repeat(10_000);
        for (const value of [long, [long], {long}, new Map([[long, 1]]), new Map([[1, long]]), new Set([long]), [{deep: [long]}]])
            expect(roughSize(value)).toBeGreaterThanOrEqual(20_000);
        for (const value of [null, undefined, 1, true, 1n, new Date(), [], {}, ''])
            expect(roughSize(value)).toBeLessThan(100);
    });
});
