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

    it.each([
        '{"$date":"soon","x":1}', '{"$bigint":7}', '{"$bigint":""}', '{"$bigint":"abc"}', '{"$bigint":"0x10"}', '{"$bigint":"1\\n"}', '{"$date":8640000000000001}',
        '{"$date":null}', '{"$escaped":null}', '{"$escaped":"x"}', '[{"$date":1,"$bigint":"1"}]'
    ])('leaves foreign data that looks like a tag alone: %s', text => {
        expect(JSON.stringify(decodeJson(text))).toBe(text);
    });

    it('takes nothing for a tag that only looks like one once undefined is left out', () => {
        for (const tag of ['$date', '$bigint', '$escaped']) {
            const value = {before: undefined, [tag]: 1, after: undefined};
            expect(decodeJson(encodeJson(value))).toEqual({[tag]: 1});
        }
        expect(decodeJson(encodeJson({$date: undefined}))).toEqual({});
    });

    it('keeps a field named __proto__ a field', () => {
        const value: unknown = JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": "text"}}');
        for (const copy of [decodeJson(encodeJson(value)), copyStorable(value)] as Record<string, unknown>[]) {
            expect(Object.keys(copy)).toEqual(['__proto__', 'a']);
            expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
            expect(copy['polluted']).toBeUndefined();
        }
    });

    it.each([
        ['NaN', NaN, ''], ['an infinity', {a: -Infinity}, 'a'], ['a function', {a: [() => 1]}, 'a.0'], ['a symbol', Symbol('s'), ''],
        ['an invalid date', {at: new Date(NaN)}, 'at'], ['a map', new Map(), ''], ['undefined in a list', [undefined], '0'],
        ['a hole in a list', new Array(1), '0'], ['a set in a list in an object', {a: [1, {b: new Set()}]}, 'a.1.b']
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
