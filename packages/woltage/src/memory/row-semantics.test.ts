import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {compareRows, compareValues, matches, sameValue, type Operator} from '../ports/index.ts';

/** In their order; those in one list are equal in it. */
const ORDER: readonly (readonly unknown[])[] = [
    [undefined, null], [false], [true], [-(2n ** 80n)], [-1e21], [-1, -1n], [-0.5], [0, -0, 0n], [0.5], [1, 1n], [2 ** 53, 2n ** 53n], [2n ** 53n + 1n], [2n ** 80n],
    [new Date(-1)], [new Date(0)], [new Date(8.64e15)], [''], ['\u0000'], ['1'], ['10'], ['2'], ['A'], ['a'], ['aa'], ['ä'], ['\uffee'], ['\u{1f600}'], ['\u{10ffff}'],
    [{}, [], {a: 1}, [1, 2]]
];

describe('compareValues', () => {
    it('orders by kind, then by value', () => {
        for (const [i, left] of ORDER.entries()) {
            for (const [j, right] of ORDER.entries()) {
                for (const a of left) {
                    for (const b of right)
                        expect([a, b, Math.sign(compareValues(a, b))]).toEqual([a, b, Math.sign(i - j)]);
                }
            }
        }
    });

    it('orders strings as the bytes of UTF-8 do', () => {
        fc.assert(fc.property(fc.string({unit: 'binary'}), fc.string({unit: 'binary'}), (a, b) => {
            expect(Math.sign(compareValues(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
        }), {numRuns: 2000});
    });
});

describe('sameValue', () => {
    it.each([
        [1, 1, true], [1, 1n, false], [1, '1', false], [1, true, false], [0, false, false], [0, -0, true], [null, undefined, true], [null, 0, false], [null, '', false],
        [5n, 5n, true], [new Date(1), new Date(1), true], [new Date(1), 1, false], [new Date(1), {}, false], [[], {}, false], [[1, [2]], [1, [2]], true], [[1, 2], [2, 1], false],
        [[1], [1, null], false], [{a: 1, b: 2}, {b: 2, a: 1}, true], [{a: 1}, {a: 1, b: 2}, false], [{a: 1}, {a: 1, b: undefined}, true], [{a: {b: [1n]}}, {a: {b: [1]}}, false],
        [{}, JSON.parse('{"__proto__": 1}'), false], [{toString: 1}, {}, false], [{constructor: 1}, {x: 1}, false]
    ] as [unknown, unknown, boolean][])('%o and %o', (a, b, same) => {
        expect(sameValue(a, b)).toBe(same);
        expect(sameValue(b, a)).toBe(same);
    });
});

describe('matches', () => {
    const row = {n: 5, s: 'm', d: new Date(5), b: 5n, none: null, o: {a: 1}};
    it.each([
        ['n', 'eq', 5, true], ['n', 'eq', '5', false], ['n', 'ne', 5, false], ['n', 'ne', 5n, true], ['missing', 'eq', null, true], ['none', 'eq', undefined, true], ['missing', 'ne', 1, true],
        ['toString', 'eq', null, true], ['n', 'gt', 4, true], ['n', 'gt', 5, false], ['n', 'gte', 5n, true], ['n', 'lt', 5.5, true], ['n', 'lte', 4, false], ['n', 'gt', '4', false],
        ['s', 'gt', 'a', true], ['s', 'gt', 1, false], ['d', 'gt', new Date(4), true], ['d', 'gt', 4, false], ['b', 'gt', 4, true], ['b', 'lt', 6n, true], ['missing', 'lt', 1, false], ['none', 'lt', 1, false],
        ['o', 'eq', {a: 1}, true], ['n', 'in', [1, 5], true], ['n', 'in', ['5', 5n], false], ['n', 'in', [], false], ['missing', 'in', [null], true]
    ] as [string, Operator, unknown, boolean][])('%s %s %o', (field, operator, value, expected) => {
        expect(matches(row, [{field, operator, value}])).toBe(expected);
    });

    it('wants every condition to hold', () => {
        expect(matches(row, [])).toBe(true);
        expect(matches(row, [{field: 'n', operator: 'gt', value: 1}, {field: 'n', operator: 'lt', value: 9}])).toBe(true);
        expect(matches(row, [{field: 'n', operator: 'gt', value: 1}, {field: 'n', operator: 'lt', value: 5}])).toBe(false);
    });
});

describe('compareRows', () => {
    it('goes through the fields in turn, each in its direction', () => {
        const rows = [{id: 1, a: 1, b: 1}, {id: 2, a: 1, b: 2}, {id: 3, b: 0}, {id: 4, a: 2, b: 0}, {id: 5, a: 1, b: 1}];
        const ids = (...sort: [string, boolean][]): number[] => [...rows].sort(compareRows(sort.map(([field, descending]) => ({field, descending})))).map(({id}) => id);
        expect(ids(['a', false], ['b', true], ['id', false])).toEqual([3, 2, 1, 5, 4]);
        expect(ids(['a', true], ['b', false], ['id', true])).toEqual([4, 5, 1, 2, 3]);
    });
});
