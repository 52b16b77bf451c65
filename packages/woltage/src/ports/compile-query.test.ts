import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {compileFilter, compileQuery} from './compile-query.ts';
import {compileTables} from './table-spec.ts';
import type {TableSpec} from './table-access.ts';

const spec = compileTables({
    orders: {key: z.object({shop: z.string(), id: z.string()}), schema: z.object({total: z.number(), placedAt: z.date(), data: z.unknown()})}
}, 'the test').get('orders') as TableSpec;
const open: TableSpec = {...spec, fields: undefined};
const refusal = (code: string): Error => expect.objectContaining({code, message: expect.stringContaining('\'orders\'') as string}) as Error;

describe('compileFilter', () => {
    it('takes plain values as equality, and objects of operators as what they say', () => {
        const at = new Date(5);
        expect(compileFilter(spec, {shop: 'a', total: {$gte: 1, $lt: 5}, placedAt: at, id: {$in: ['x', 'y']}, data: {a: 1}})).toEqual([
            {field: 'shop', operator: 'eq', value: 'a'},
            {field: 'total', operator: 'gte', value: 1},
            {field: 'total', operator: 'lt', value: 5},
            {field: 'placedAt', operator: 'eq', value: at},
            {field: 'id', operator: 'in', value: ['x', 'y']},
            {field: 'data', operator: 'eq', value: {a: 1}}
        ]);
    });

    it('takes null and undefined for "not there", and an operator that is undefined for none', () => {
        expect(compileFilter(spec, {shop: null, total: undefined, id: {$eq: undefined, $ne: null}})).toEqual([
            {field: 'shop', operator: 'eq', value: null},
            {field: 'total', operator: 'eq', value: undefined},
            {field: 'id', operator: 'ne', value: null}
        ]);
    });

    it('takes objects that are not all operators, and lists, as values', () => {
        for (const data of [{}, [], [{$gt: 1}], {$gt: 1, other: 2}])
            expect(compileFilter(spec, {data})).toEqual([{field: 'data', operator: 'eq', value: data}]);
        expect(compileFilter(spec, {data: {$eq: {$gt: 1}}})).toEqual([{field: 'data', operator: 'eq', value: {$gt: 1}}]);
    });

    it('allows any field where the schema does not tell', () => {
        expect(compileFilter(open, {'any "thing"': 1})).toHaveLength(1);
    });

    it.each([
        [{nope: 1}, 'UNKNOWN_FIELD'], [{constructor: 1}, 'UNKNOWN_FIELD'], [JSON.parse('{"__proto__": 1}'), 'UNKNOWN_FIELD'],
        [{total: {$regex: 'x'}}, 'INVALID_QUERY'], [{total: {$where: 'x'}}, 'INVALID_QUERY'], [{total: {$in: 5}}, 'INVALID_QUERY'],
        [{total: {$gt: null}}, 'INVALID_QUERY'], [{total: {$gt: true}}, 'INVALID_QUERY'], [{total: {$lte: {}}}, 'INVALID_QUERY'],
        [null, 'INVALID_QUERY'], ['id', 'INVALID_QUERY'], [[{id: 1}], 'INVALID_QUERY']
    ] as [never, string][])('refuses %j', (filter, code) => {
        expect(() => compileFilter(spec, filter)).toThrow(refusal(code));
    });

    it('refuses values that can\'t be stored, and so never match', () => {
        for (const filter of [{total: NaN}, {total: {$gt: Infinity}}, {data: () => 1}, {data: {$in: [undefined]}}, {placedAt: new Date(NaN)}])
            expect(() => compileFilter(spec, filter)).toThrow(expect.objectContaining({code: 'NOT_ENCODABLE'}) as Error);
    });
});

describe('compileQuery', () => {
    it('settles ties by the key fields that the sort does not name', () => {
        expect(compileQuery(spec, {}, {sort: {total: 'desc', id: 'desc'}}).sort).toEqual([
            {field: 'total', descending: true}, {field: 'id', descending: true}, {field: 'shop', descending: false}
        ]);
        expect(compileQuery(spec, undefined).sort.map(({field}) => field)).toEqual(['shop', 'id']);
    });

    it('passes limit and cursor on', () => {
        const cursor = {shop: 'a', id: '1', total: 5};
        expect(compileQuery(spec, {}, {limit: 0, cursor})).toMatchObject({limit: 0, cursor});
        expect(compileQuery(spec, {})).toMatchObject({limit: undefined, cursor: undefined, where: []});
    });

    it.each([
        [{limit: -1}, 'INVALID_QUERY'], [{limit: 1.5}, 'INVALID_QUERY'], [{limit: NaN}, 'INVALID_QUERY'], [{limit: '5'}, 'INVALID_QUERY'], [{limit: Infinity}, 'INVALID_QUERY'],
        [{sort: {total: 'up'}}, 'INVALID_QUERY'], [{sort: {total: 1}}, 'INVALID_QUERY'], [{sort: {nope: 'asc'}}, 'UNKNOWN_FIELD'],
        [{cursor: 'a'}, 'INVALID_QUERY'], [{cursor: null}, 'INVALID_QUERY'], [{cursor: {shop: 'a'}}, 'INVALID_QUERY'], [{cursor: {shop: 'a', id: null}}, 'INVALID_QUERY']
    ] as [never, string][])('refuses %j', (options, code) => {
        expect(() => compileQuery(spec, {}, options)).toThrow(refusal(code));
    });
});
