import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import type {TableDefinition} from './table-definition.ts';
import {compileTables, rowId} from './table-spec.ts';

const compile = (definition: unknown, name = 'orders') => {
    const spec = compileTables({[name]: definition as TableDefinition}, 'OrderProjector').get(name);
    if (spec === undefined)
        throw new Error('not compiled');
    return spec;
};
const key = z.object({id: z.string()});
const foreign = {'~standard': {version: 1, vendor: 'test', validate: (value: unknown) => ({value})}};

describe('compileTables', () => {
    it('knows the key fields in their order, and all fields', () => {
        const spec = compile({key: z.object({b: z.string(), a: z.string()}), schema: z.object({c: z.number()}), indexes: [['c', 'a']]});
        expect(spec.keyFields).toEqual(['b', 'a']);
        expect([...spec.fields ?? []]).toEqual(['b', 'a', 'c']);
        expect(spec.indexes).toEqual([['c', 'a']]);
    });

    it('allows any field where the schema does not tell its fields', () => {
        expect(compile({key: foreign, keyFields: ['id'], schema: foreign, indexes: [['whatever']]}).fields).toBeUndefined();
        expect(compile({key, schema: foreign}).fields).toBeUndefined();
        expect([...compile({key}).fields ?? []]).toEqual(['id']);
    });

    it.each([
        ['without a key', {}, 'needs a `key`'],
        ['that is nothing', null, 'needs a `key`'],
        ['whose key is no schema', {key: {id: 'string'}}, 'needs a `key`'],
        ['whose schema is no schema', {key, schema: {total: 'number'}}, '`schema`'],
        ['whose key fields can\'t be told', {key: foreign}, '`keyFields'],
        ['with an empty key', {key: z.object({})}, '`keyFields'],
        ['whose key fields are no list', {key: foreign, keyFields: 'id'}, '`keyFields'],
        ['whose index names an unknown field', {key, indexes: [['nope']]}, '\'nope\''],
        ['whose index is empty', {key, indexes: [[]]}, 'at least one field'],
        ['whose indexes are no lists', {key, indexes: ['id']}, 'lists of field names'],
        ['whose indexes are no list', {key, indexes: 'id'}, 'lists of field names']
    ])('refuses a table %s, and names it', (_what, definition, why) => {
        expect(() => compile(definition)).toThrow(expect.objectContaining({code: 'TABLE_INVALID', message: expect.stringMatching(/^Table 'orders' of OrderProjector: /) as string}) as Error);
        expect(() => compile(definition)).toThrow(why);
    });

    it.each(['', '1a', 'a-b', 'a b', 'a"', '__proto__', 'ä', 'x'.repeat(49)])('refuses the table name %j', name => {
        expect(() => compile({key}, name)).toThrow(expect.objectContaining({code: 'TABLE_INVALID'}) as Error);
    });

    it.each(['a', 'A_1', 'constructor', 'toString', 'x'.repeat(48)])('allows the table name %j', name => {
        expect(compile({key}, name).name).toBe(name);
    });
});

describe('rowId', () => {
    const single = compile({key});
    const double = compile({key: z.object({left: z.unknown(), right: z.unknown()})});
    const part = fc.oneof(fc.string({unit: 'binary'}), fc.integer(), fc.double({noNaN: true, noDefaultInfinity: true}).map(n => n + 0), fc.bigInt(), fc.date({noInvalidDate: true}), fc.boolean());
    const same = (a: unknown, b: unknown): boolean => a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;

    it('differs for different keys, and only for them', () => {
        fc.assert(fc.property(part, part, part, part, (a, b, c, d) => {
            expect(rowId(single, {id: a}) === rowId(single, {id: b})).toBe(same(a, b));
            expect(rowId(double, {left: a, right: b}) === rowId(double, {right: d, left: c})).toBe(same(a, c) && same(b, d));
        }), {numRuns: 1000});
    });

    it('tells numbers, bigints, dates and the strings that look like them apart', () => {
        const keys = [1, '1', 1n, new Date(1), true, 'true', '{"$bigint":"1"}', '1n', ''];
        expect(new Set(keys.map(id => rowId(single, {id}))).size).toBe(keys.length);
    });

    it('looks at nothing but the key fields', () => {
        expect(rowId(single, {id: 'a', other: Symbol('never stored')})).toBe('"a"');
        expect(rowId(double, {right: 2, other: 3, left: 1})).toBe('[1,2]');
    });

    it.each([{}, {id: undefined}, {id: null}, null, undefined, 'a', Object.create({id: 'inherited'})])('refuses %j, which has no key', (row: unknown) => {
        expect(() => rowId(single, row as never)).toThrow(expect.objectContaining({code: 'INVALID_KEY'}) as Error);
    });

    it('refuses key values that can\'t be stored', () => {
        for (const id of [NaN, Infinity, Symbol('s'), () => 1, new Date(NaN)])
            expect(() => rowId(single, {id})).toThrow(expect.objectContaining({code: 'NOT_ENCODABLE'}) as Error);
    });
});
