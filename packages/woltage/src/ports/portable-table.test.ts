import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {PortableTable} from './portable-table.ts';
import {compileTables} from './table-spec.ts';
import type {TableAccess, TableSpec} from './table-access.ts';

const spec = compileTables({things: {key: z.object({id: z.string()}), schema: z.object({rank: z.number()})}}, 'the test').get('things') as TableSpec;

/** Writes down what the table asks of its access. */
function recorded(): {table: PortableTable; calls: unknown[][]} {
    const calls: unknown[][] = [];
    const note = <R>(name: string, result: R) => async (table: TableSpec, ...rest: unknown[]): Promise<R> => {
        expect(table).toBe(spec);
        calls.push([name, ...rest]);
        return result;
    };
    const access: TableAccess = {
        get: note('get', {id: 'a', rank: 1}), set: note('set', undefined), update: note('update', true), remove: note('remove', undefined),
        find: note('find', [{id: 'a'}, {id: 'b'}]), count: note('count', 2), beforeNative: note('beforeNative', undefined)
    };
    return {table: new PortableTable(spec, access), calls};
}

describe('A portable table', () => {
    it('reaches rows by the id that their key makes', async () => {
        const {table, calls} = recorded();
        expect(await table.get({id: 'a'})).toEqual({id: 'a', rank: 1});
        await table.set({id: 'a', rank: 2});
        expect(await table.update({id: 'a'}, {rank: 3})).toBe(true);
        await table.remove({id: 'a', rank: 9});
        expect(calls).toEqual([['get', '"a"'], ['set', '"a"', {id: 'a', rank: 2}], ['update', '"a"', {rank: 3}], ['remove', '"a"']]);
    });

    it('compiles queries; findOne asks for one row, whatever limit it was given', async () => {
        const {table, calls} = recorded();
        expect(await table.find({rank: 1}, {limit: 5})).toHaveLength(2);
        expect(await table.findOne({}, {limit: 5, sort: {rank: 'desc'}})).toEqual({id: 'a'});
        expect(await table.count({rank: {$gt: 1}})).toBe(2);
        expect(calls.map(call => call[1])).toMatchObject([
            {where: [{field: 'rank', operator: 'eq', value: 1}], limit: 5},
            {where: [], limit: 1, sort: [{field: 'rank', descending: true}, {field: 'id', descending: false}]},
            [{field: 'rank', operator: 'gt', value: 1}]
        ]);
    });

    it('gives null where findOne finds nothing', async () => {
        const access = {find: () => Promise.resolve([])} as Partial<TableAccess> as TableAccess;
        expect(await new PortableTable(spec, access).findOne()).toBeNull();
    });

    it('refuses bad keys and queries in the promise, before it asks its access', async () => {
        const {table, calls} = recorded();
        for (const run of [() => table.get({}), () => table.set({rank: 1}), () => table.update({id: null}, {}), () => table.remove(undefined as never)])
            await expect(run()).rejects.toMatchObject({code: 'INVALID_KEY'});
        for (const run of [() => table.find({nope: 1}), () => table.findOne({nope: 1}), () => table.count({nope: 1})])
            await expect(run()).rejects.toMatchObject({code: 'UNKNOWN_FIELD'});
        expect(calls).toEqual([]);
    });
});
