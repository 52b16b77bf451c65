import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parseQuery} from './query-string.ts';

const names = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'a[b]', 'a.b', ''), fc.string({unit: 'grapheme'}));

describe('a query string', () => {
    it('gives back every name and value as it was sent', () => {
        fc.assert(fc.property(fc.array(fc.tuple(names, fc.string({unit: 'grapheme'}))), pairs => {
            const query = parseQuery(`/todos/echo?${new URLSearchParams(pairs).toString()}`);
            for (const name of new Set(pairs.map(([name]) => name))) {
                const values = pairs.filter(pair => pair[0] === name).map(([, value]) => value);
                expect(Object.getOwnPropertyDescriptor(query, name)?.value).toEqual(values.length === 1 ? values[0] : values);
            }
            expect(Object.getPrototypeOf(query)).toBe(Object.prototype);
        }));
    });

    it('may be missing, empty or odd', () => {
        for (const url of ['/todos/echo', '/todos/echo?', '/todos/echo?&&'])
            expect(parseQuery(url)).toEqual({});
        expect(parseQuery('/?a&b=%zz&c=1?2=3')).toEqual({a: '', b: '%zz', c: '1?2=3'});
    });

    it('of sixteen thousand repetitions takes no time', () => {
        expect(parseQuery(`/?${'a&'.repeat(16_000)}`)).toEqual({a: Array(16_000).fill('')});
    });
});
