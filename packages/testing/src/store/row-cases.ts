import assert from 'node:assert/strict';
import {rejectsWith} from '../assertions.ts';
import type {StoreCases} from './cases.ts';
import {openScope} from './support.ts';

const values: readonly unknown[] = [
    null, true, false, 0, -0.5, 1e21, Number.MIN_VALUE, '', '0', 'true', 'null', '1st iteration', '{"$date":1}', '2020-01-01T00:00:00.000Z',
    'a\u0000b', '"\'`;--', '😀\u{10ffff}ä', 0n, 12345678901234567890n, -(2n ** 62n), new Date(0), new Date(-1), new Date(8.64e15),
    [], {}, [null, [1n, [new Date(5)]]], {a: {b: {c: [1, '2', 3n]}}}, {$date: 1}, {$bigint: '1'}, {$escaped: {$date: new Date(1)}},
    {'a.b': 1, 'c$d': 2, '': 3, 'e"f': 4}, JSON.parse('{"__proto__": {"x": 1}, "constructor": 1}')
];

export const rowCases: StoreCases = {
    'a row is there after set and gone after remove': async store => {
        const {things} = (await openScope(store)).tables;
        assert.equal(await things.get({id: 'a'}), null);
        await things.set({id: 'a', value: 1, group: 'g', rank: 1});
        assert.deepEqual(await things.get({id: 'a'}), {id: 'a', value: 1, group: 'g', rank: 1});
        await things.set({id: 'a', value: 2, group: 'g', rank: 1});
        assert.deepEqual(await things.get({id: 'a'}), {id: 'a', value: 2, group: 'g', rank: 1});
        await things.remove({id: 'a'});
        await things.remove({id: 'a'});
        assert.equal(await things.get({id: 'a'}), null);
    },

    'update changes some fields of an existing row, and nothing where there is none': async store => {
        const {things} = (await openScope(store)).tables;
        assert.equal(await things.update({id: 'a'}, {rank: 1}), false);
        assert.equal(await things.get({id: 'a'}), null);
        await things.set({id: 'a', value: {deep: [1]}, group: 'g', rank: 1});
        assert.equal(await things.update({id: 'a'}, {rank: 2}), true);
        assert.deepEqual(await things.get({id: 'a'}), {id: 'a', value: {deep: [1]}, group: 'g', rank: 2});
        await things.update({id: 'a'}, {value: undefined, id: 'b'} as never);
        assert.deepEqual(await things.get({id: 'a'}), {id: 'a', group: 'g', rank: 2});
    },

    'every value comes back as it was': async store => {
        const {things} = (await openScope(store)).tables;
        for (const [i, value] of values.entries())
            await things.set({id: String(i), value, group: 'g', rank: i});
        for (const [i, value] of values.entries())
            assert.deepEqual((await things.get({id: String(i)}))?.value, value);
        assert.deepEqual((await things.find({}, {sort: {rank: 'asc'}})).map(row => row.value), values);
    },

    'undefined is left out, null stays': async store => {
        const {things} = (await openScope(store)).tables;
        await things.set({id: 'a', value: null, group: undefined, rank: 1} as never);
        const row = await things.get({id: 'a'});
        assert.deepEqual(Object.keys(row ?? {}).sort(), ['id', 'rank', 'value']);
        assert.equal(row?.value, null);
    },

    'values that can\'t be stored are refused by name': async store => {
        const {things} = (await openScope(store)).tables;
        for (const value of [NaN, Infinity, () => 1, Symbol('s'), new Map(), new Date(NaN), [undefined]])
            await rejectsWith('NOT_ENCODABLE', () => things.set({id: 'a', value, group: 'g', rank: 1}));
        assert.equal(await things.get({id: 'a'}), null);
    },

    'keys that look alike are different rows': async store => {
        const {pairs} = (await openScope(store)).tables;
        const keys = [['a', 'b'], ['a,b', ''], ['', 'a,b'], ['1', 'x'], [1, 'x'], [1n, 'x'], [new Date(1), 'x'], ['a"', '"b'], ['A', 'b'], ['ä', '\u0000'], ['%', '_']] as const;
        for (const [n, [left, right]] of keys.entries())
            await pairs.set({left, right, n});
        for (const [n, [left, right]] of keys.entries())
            assert.equal((await pairs.get({left, right}))?.n, n);
        assert.equal(await pairs.count(), keys.length);
    },

    'a missing key field is refused': async store => {
        const {pairs} = (await openScope(store)).tables;
        await rejectsWith('INVALID_KEY', () => pairs.get({left: 'a'} as never));
        await rejectsWith('INVALID_KEY', () => pairs.set({right: 'a', n: 1} as never));
        await rejectsWith('INVALID_KEY', () => pairs.remove(null as never));
    },

    'rows belong to the caller, on the way in and out': async store => {
        const {things} = (await openScope(store)).tables;
        const row = {id: 'a', value: {list: [1]}, group: 'g', rank: 1};
        await things.set(row);
        row.value.list.push(2);
        for (const read of [() => things.get({id: 'a'}), () => things.findOne({id: 'a'})]) {
            const found = await read();
            assert.deepEqual(found?.value, {list: [1]});
            (found?.value).list.push(3);
        }
        assert.deepEqual((await things.get({id: 'a'}))?.value, {list: [1]});
    },

    'injection in keys, values, names and namespaces does nothing': async store => {
        const evil = '\'; DROP TABLE woltage_records; --"`$.[]{}\\';
        const scope = await openScope(store, evil);
        await scope.tables.things.set({id: evil, value: evil, group: evil, rank: 1});
        assert.equal((await scope.tables.things.findOne({group: evil, value: evil}))?.id, evil);
        await rejectsWith('UNKNOWN_FIELD', () => scope.tables.things.find({[evil]: 1} as never));
        await scope.commit({records: [{key: evil, value: evil, token: evil}]});
        assert.deepEqual(await scope.getRecords([evil]), [{value: evil, token: evil}]);
    }
};
