import {describe, expect, it} from 'vitest';
import {differences, isEqual} from './differences.ts';

class Point {
    readonly x: number;

    constructor(x: number) {
        this.x = x;
    }
}

const cycle = (value: number): object => {
    const object: Record<string, unknown> = {value};
    object['self'] = object;
    return object;
};

describe('differences', () => {
    it.each<[unknown, unknown]>([
        [1, 1], [1n, 1n], ['a', 'a'], [null, null], [undefined, undefined], [NaN, NaN], [0, -0], [new Date(5), new Date(5)], [new Date(NaN), new Date(NaN)],
        [[1, [2n]], [1, [2n]]], [{a: {b: [1]}}, {a: {b: [1]}}], [{a: undefined}, {}], [{}, {a: undefined}], [Object.create(null), {}], [new Map([[1, {a: 1}]]), new Map([[1, {a: 1}]])],
        [new Set([{a: 1}, 2]), new Set([2, {a: 1}])], [new Point(1), new Point(1)], [cycle(1), cycle(1)], [expect.any(Number), 3], [{a: expect.stringContaining('x')}, {a: 'xy'}]
    ])('finds none between %o and %o', (expected, actual) => {
        expect(differences(expected, actual)).toEqual([]);
    });

    it.each<[unknown, unknown, string]>([
        [1, 2, 'expected 1, got 2'], [1, 1n, 'expected 1, got 1n'], [1, '1', 'expected 1, got \'1\''], [null, undefined, 'expected null, got undefined'], [{a: null}, {}, 'a: expected null, got undefined'],
        [new Date(5), new Date(6), 'expected 1970-01-01T00:00:00.005Z, got 1970-01-01T00:00:00.006Z'], [new Date(5), 5, 'expected 1970-01-01T00:00:00.005Z, got 5'], [[1], [1, 2], 'expected [1], got [1, 2]'],
        [[1, {a: [2]}], [1, {a: [3]}], '[1].a[0]: expected 2, got 3'], [{}, {b: 1}, 'b: expected undefined, got 1'], [[], {}, 'expected [], got {}'],
        [new Map([[1, 2]]), new Map([[1, 3]]), '[1]: expected 2, got 3'], [new Map(), new Map([['a', 1]]), '[\'a\']: expected undefined, got 1'], [new Set([1]), new Set([2]), 'expected Set(1) {1}, got Set(1) {2}'],
        [new Set([1, 2]), new Set([1]), 'expected Set(2) {1, 2}, got Set(1) {1}'], [new Point(1), {x: 1}, 'expected Point {x: 1}, got {x: 1}'], [cycle(1), cycle(2), 'value: expected 1, got 2'],
        [{a: 'x'.repeat(9)}, {a: 'y'}, 'a: expected \'xxxxxxxxx\', got \'y\'']
    ])('finds what is between %o and %o', (expected, actual, text) => {
        expect(differences(expected, actual)).toEqual([text]);
        expect(isEqual(expected, actual)).toBe(false);
    });

    it('finds all of them', () => {
        expect(differences({a: 1, b: {c: 2, d: 3}}, {a: 2, b: {c: 2, d: 4, e: 5}}, 'payload')).toEqual([
            'payload.a: expected 1, got 2', 'payload.b.d: expected 3, got 4', 'payload.b.e: expected undefined, got 5'
        ]);
    });
});
