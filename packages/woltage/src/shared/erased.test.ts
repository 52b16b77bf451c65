import {describe, expect, it} from 'vitest';
import {cloneData} from './data.ts';
import {Erased, isErased} from './erased.ts';
import {copyStorable, decodeJson, decodeValue, encodeJson, encodeValue} from './json-codec.ts';

describe('Erased', () => {
    it('stays what it is in every kind of copy', () => {
        const copies: readonly ((value: unknown) => unknown)[] = [
            cloneData, structuredClone, copyStorable, value => JSON.parse(JSON.stringify(value)) as unknown, value => decodeJson(encodeJson(value)), value => decodeValue(encodeValue(value))
        ];
        for (const copy of copies) {
            const {name, list} = copy({name: Erased, list: [Erased]}) as {name: unknown; list: unknown[]};
            expect([name, list[0]].every(isErased)).toBe(true);
            expect(name instanceof Erased && list[0] instanceof Erased).toBe(true);
            expect(name).toEqual(Erased);
        }
    });

    it('is nothing else, and can\'t be changed', () => {
        for (const value of [null, undefined, '', '$erased', {}, [], {$erased: false}, {$erased: true, more: 1}, true])
            expect(isErased(value) || value instanceof Erased).toBe(false);
        expect(() => Object.assign(Erased, {$erased: false})).toThrow(TypeError);
    });
});
