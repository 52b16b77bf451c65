import assert from 'node:assert/strict';
import {compareRows, compileFilter, compileQuery, compileTables, matches, type Row} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {StoreCases} from './cases.ts';
import {openScope, tables} from './support.ts';

const spec = compileTables(tables, 'the suite').get('things') as NonNullable<ReturnType<ReturnType<typeof compileTables>['get']>>;

const rows = Array.from({length: 60}, (_, i) => ({
    id: `id-${i % 7}-${i}`, group: ['a', 'B', 'ä', '😀', '\uffee'][i % 5] as string, rank: i % 4 === 0 ? i / 3 : i % 6,
    ...i % 6 === 0 ? {} : {value: [1, '1', true, null, 5n, new Date(5), 'x', {a: 1, b: [2]}, 2 ** 40][i % 9]}
}));

const filters: readonly object[] = [
    {}, {group: 'a'}, {group: 'ä', rank: 2}, {rank: {$gt: 3}}, {rank: {$gte: 3, $lt: 5}}, {group: {$lte: 'ä'}}, {group: {$in: ['a', '😀', 'none']}},
    {group: {$ne: 'a'}}, {value: 1}, {value: '1'}, {value: true}, {value: false}, {value: null}, {value: 5n}, {value: new Date(5)}, {value: {b: [2], a: 1}},
    {value: {$ne: null}}, {value: {$ne: 1}}, {value: {$gt: 0}}, {value: {$gt: new Date(0)}}, {value: {$gte: '1'}}, {value: {$in: [1, '1', null]}}, {value: {$in: []}},
    {value: {$gt: 3n}}, {value: {$eq: 'x'}}, {id: 'id-3-3'}, {value: {$in: [{a: 1, b: [2]}, 5n]}}
];

const sorts = [undefined, {rank: 'desc'}, {group: 'asc', rank: 'desc'}, {group: 'desc', id: 'asc'}, {id: 'desc'}] as const;
const ids = (list: readonly Row[]): unknown[] => list.map(({id}) => id);

export const queryCases: StoreCases = {
    'find, findOne and count give what the filter means, in order': async store => {
        const {things} = (await openScope(store)).tables;
        for (const row of rows)
            await things.set(row as never);
        for (const filter of filters) {
            const where = compileFilter(spec, filter);
            assert.equal(await things.count(filter), rows.filter(row => matches(row, where)).length, `count of ${JSON.stringify(where, bigintText)}`);
            for (const sort of sorts) {
                const query = compileQuery(spec, filter, {sort});
                const expected = rows.filter(row => matches(row, where)).sort(compareRows(query.sort));
                assert.deepEqual(ids(await things.find(filter, {sort})), ids(expected), `find of ${JSON.stringify(query, bigintText)}`);
                assert.deepEqual(ids(await things.find(filter, {sort, limit: 3})), ids(expected.slice(0, 3)));
                assert.equal((await things.findOne(filter, {sort}))?.id, expected[0]?.id);
            }
        }
    },

    'a cursor leads through all pages without gaps or doubles': async store => {
        const {things} = (await openScope(store)).tables;
        for (const row of rows)
            await things.set(row as never);
        for (const sort of sorts) {
            const expected = [...rows].sort(compareRows(compileQuery(spec, {}, {sort}).sort));
            const found: Row[] = [];
            for (let page = await things.find({}, {sort, limit: 7}); page.length > 0; page = await things.find({}, {sort, limit: 7, cursor: page.at(-1)}))
                found.push(...page);
            assert.deepEqual(ids(found), ids(expected));
        }
    },

    'missing values come first, also for a cursor': async store => {
        const {things} = (await openScope(store)).tables;
        for (const [i, rank] of [3, undefined, 1, null, 2].entries())
            await things.set({id: String(i), value: 0, group: 'g', rank} as never);
        assert.deepEqual(ids(await things.find({}, {sort: {rank: 'asc'}})), ['1', '3', '2', '4', '0']);
        const descending = await things.find({}, {sort: {rank: 'desc'}});
        assert.deepEqual(ids(descending), ['0', '4', '2', '1', '3']);
        for (const [i, cursor] of descending.entries())
            assert.deepEqual(ids(await things.find({}, {sort: {rank: 'desc'}, cursor})), ids(descending.slice(i + 1)));
    },

    'queries that make no sense are refused': async store => {
        const {things} = (await openScope(store)).tables;
        await rejectsWith('UNKNOWN_FIELD', () => things.find({nope: 1} as never));
        await rejectsWith('UNKNOWN_FIELD', () => things.find({}, {sort: {nope: 'asc'} as never}));
        await rejectsWith('INVALID_QUERY', () => things.find({rank: {$regex: 'x'} as never}));
        await rejectsWith('INVALID_QUERY', () => things.find({rank: {$gt: {} as never}}));
        await rejectsWith('INVALID_QUERY', () => things.find({rank: {$in: 1 as never}}));
        await rejectsWith('INVALID_QUERY', () => things.find({}, {limit: -1}));
        await rejectsWith('INVALID_QUERY', () => things.find({}, {sort: {rank: 'up' as never}}));
        assert.deepEqual(await things.find({}, {limit: 0}), []);
    }
};

const bigintText = (_key: string, value: unknown): unknown => typeof value === 'bigint' ? `${value}n` : value;
