import assert from 'node:assert/strict';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {cloneData, NotCloneable} from './data.ts';
import {copyStorable, decodeJson, decodeValue, encodeJson, encodeValue} from './json-codec.ts';

const keys = fc.oneof(fc.constantFrom('$date', '$bigint', '$escaped', '__proto__', 'constructor', ''), fc.string());
const storable = fc.letrec<{value: unknown}>(tie => ({
    value: fc.oneof(
        {maxDepth: 4},
        fc.string({unit: 'binary'}), fc.double({noNaN: true, noDefaultInfinity: true}).map(n => n === 0 ? 0 : n), fc.boolean(), fc.constant(null),
        fc.bigInt(), fc.date({noInvalidDate: true}), fc.array(tie('value'), {maxLength: 4}),
        fc.dictionary(keys, tie('value'), {maxKeys: 4, noNullPrototype: true})
    )
})).value;

describe('the codec', () => {
    it('brings back every value that can be stored', () => {
        fc.assert(fc.property(storable, value => {
            assert.deepStrictEqual(decodeJson(encodeJson(value)), value);
            assert.deepStrictEqual(copyStorable(value), value);
            assert.deepStrictEqual(cloneData(value), value);
        }), {numRuns: 1000});
    });

    it('leaves what needs no tags as it is', () => {
        const plain = {a: [1, 'x', null, {b: true}]};
        expect(encodeValue(plain)).toEqual(plain);
        expect(decodeValue(plain)).toBe(plain);
    });

    it('leaves foreign data that looks like a tag alone', () => {
        expect(decodeJson('{"$date":"soon","x":1}')).toEqual({$date: 'soon', x: 1});
        expect(decodeJson('{"$bigint":7}')).toEqual({$bigint: 7});
    });

    it.each([
        ['NaN', NaN, ''], ['an infinity', {a: -Infinity}, 'a'], ['a function', {a: [() => 1]}, 'a.0'], ['a symbol', Symbol('s'), ''],
        ['an invalid date', {at: new Date(NaN)}, 'at'], ['a map', new Map(), ''], ['undefined in a list', [undefined], '0']
    ])('refuses %s and says where it is', (_name, value, path) => {
        expect(() => encodeValue(value)).toThrow(expect.objectContaining({code: 'NOT_ENCODABLE', details: {path: path === '' ? [] : path.split('.').map(p => /^\d+$/.test(p) ? Number(p) : p)}}) as Error);
    });

    it('refuses what is cyclic or nested without end', () => {
        const cyclic: {self?: unknown} = {};
        cyclic.self = cyclic;
        expect(() => encodeValue(cyclic)).toThrow(expect.objectContaining({code: 'NOT_ENCODABLE'}) as Error);
        expect(() => cloneData(cyclic)).toThrow(NotCloneable);
    });
});

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
});
