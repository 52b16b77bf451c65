import assert from 'node:assert/strict';
import type {ListRecordsOptions, RowWrite} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {StoreCases} from './cases.ts';
import {openScope, record, tables} from './support.ts';

const write = (id: string, rank: number): RowWrite => ({table: 'things', id: JSON.stringify(id), row: {id, value: rank, group: 'g', rank}});

export const commitCases: StoreCases = {
    'a commit writes rows and records together': async store => {
        const scope = await openScope(store);
        const first = record('checkpoint', '1', null);
        await scope.commit({writes: [write('a', 1), write('b', 2)], records: [first]});
        await scope.commit({writes: [{...write('a', 1), row: null}], records: [record('other', 'x')]});
        assert.deepEqual(await scope.getRecords(['other', 'none', 'checkpoint']).then(list => list.map(r => r?.value)), ['x', undefined, '1']);
        assert.equal((await scope.getRecords(['checkpoint']))[0]?.token, first.token);
        assert.deepEqual((await scope.tables.things.find()).map(({id}) => id), ['b']);
    },

    'a stale record refuses the whole commit': async store => {
        const scope = await openScope(store);
        const first = record('checkpoint', '1', null);
        await scope.commit({records: [first]});
        for (const stale of [record('checkpoint', '2', null), record('checkpoint', '2', 'other'), record('none', '2', first.token), record('checkpoint', null, 'other')])
            await rejectsWith('STALE_RECORD', () => scope.commit({writes: [write('a', 1)], records: [record('fresh', 'x', null), stale]}));
        assert.equal(await scope.tables.things.count(), 0);
        assert.deepEqual(await scope.getRecords(['fresh', 'none']), [undefined, undefined]);
        await scope.commit({records: [record('checkpoint', '2', first.token)]});
        await scope.commit({records: [record('checkpoint', null)]});
        assert.deepEqual(await scope.getRecords(['checkpoint']), [undefined]);
        await scope.commit({records: [record('checkpoint', '3', null)]});
    },

    'of concurrent compare-and-sets exactly one wins': async (store, {second}) => {
        const scope = await openScope(store);
        const other = second?.() ?? store;
        await other.connect();
        const rival = other.scope({namespace: 'test@1', tables});
        let token: string | null = null;
        for (let round = 0; round < 20; round++) {
            const attempts = Array.from({length: 10}, () => record('r', String(round), token));
            const results = await Promise.allSettled(attempts.map((attempt, i) => (i % 2 === 0 ? scope : rival).commit({records: [attempt]})));
            const winners = attempts.filter((_, i) => results[i]?.status === 'fulfilled');
            assert.equal(winners.length, 1);
            token = winners[0]?.token ?? null;
        }
        if (other !== store)
            await other.close();
    },

    'listRecords finds by prefix, in order, to the letter': async store => {
        const scope = await openScope(store);
        const keys = ['a/2', 'a/1', 'a%', 'A/3', 'ab', 'a_1', 'ä/1', 'a/ä', 'b'];
        await scope.commit({records: keys.map(key => record(key, key.toUpperCase()))});
        assert.deepEqual((await scope.listRecords('a/')).map(({key, value}) => [key, value]), [['a/1', 'A/1'], ['a/2', 'A/2'], ['a/ä', 'A/Ä']]);
        assert.deepEqual((await scope.listRecords('a%')).map(({key}) => key), ['a%']);
        assert.equal((await scope.listRecords('')).length, keys.length);
    },

    'listRecords pages by key and limit, in the order of code points': async store => {
        const scope = await openScope(store);
        const keys = ['', 'a', 'a/', 'a/0', 'a/1', 'b', 'é', '\uffee', '\u{1f600}'];
        await scope.commit({records: [...keys].reverse().map(key => record(key, key))});
        const list = async (prefix: string, options: ListRecordsOptions) => (await scope.listRecords(prefix, options)).map(({key}) => key);
        assert.deepEqual(await list('', {}), keys);
        assert.deepEqual(await list('', {limit: 3}), keys.slice(0, 3));
        assert.deepEqual(await list('', {after: ''}), keys.slice(1));
        assert.deepEqual(await list('a', {after: 'a', limit: 2}), ['a/', 'a/0']);
        assert.deepEqual(await list('a/', {after: 'a'}), ['a/', 'a/0', 'a/1']);
        assert.deepEqual(await list('a/', {after: 'b'}), []);
        assert.deepEqual(await list('', {after: '\uffee'}), ['\u{1f600}']);
        assert.deepEqual(await list('a/', {limit: 0}), []);
        const many = Array.from({length: 2500}, (_, i) => `m/${String(i).padStart(5, '0')}`);
        await scope.commit({records: many.map(key => record(key, key))});
        const found: string[] = [];
        for (let after: string | undefined; ;) {
            const page = await list('m/', {after, limit: 700});
            found.push(...page);
            if (page.length < 700)
                break;
            after = page.at(-1);
        }
        assert.deepEqual(found, many);
    },

    'watchRecords, where it is offered, tells of changes of the scope by whomever, until it is ended': async (store, {second}) => {
        const scope = await openScope(store);
        if (scope.watchRecords === undefined)
            return;
        const other = second?.() ?? store;
        await other.connect();
        const rival = await openScope(other);
        let told = 0;
        const end = await scope.watchRecords(() => told++);
        await rival.commit({records: [record('r', 'new')]});
        for (let i = 0; i < 500 && told === 0; i++)
            await new Promise(resolve => setTimeout(resolve, 10));
        assert.ok(told > 0);
        end();
        const before = told;
        await rival.commit({records: [record('r', 'newer')]});
        await new Promise(resolve => setTimeout(resolve, 50));
        assert.equal(told, before);
        if (other !== store)
            await other.close();
    },

    'scopes never meet, whatever their names': async store => {
        const names = ['a_b', 'a-b', 'A_B', 'a b', 'a@1', 'a@11', 'ä', '😀', '"', '\'', '', 'x'.repeat(200), 'x'.repeat(201)];
        const scopes = [];
        for (const name of names) {
            const scope = await openScope(store, name);
            await scope.commit({writes: [write(name, 1)], records: [record('r', name)]});
            scopes.push(scope);
        }
        await scopes[0]?.dropTables();
        await scopes[0]?.createTables();
        for (const [i, scope] of scopes.entries()) {
            assert.deepEqual((await scope.tables.things.find()).map(({id}) => id), i === 0 ? [] : [names[i]]);
            assert.equal((await scope.getRecords(['r']))[0]?.value, i === 0 ? undefined : names[i]);
        }
    },

    'createTables can be repeated and keeps what is there, also with a new index': async store => {
        const scope = await openScope(store);
        await scope.tables.things.set({id: 'a', value: 1, group: 'g', rank: 1});
        await scope.createTables();
        const wider = store.scope({namespace: 'test@1', tables: {...tables, things: {...tables.things, indexes: [['rank'], ['group']]}, more: tables.pairs}});
        await wider.createTables();
        assert.equal((await wider.tables.things.findOne({rank: 1}))?.id, 'a');
        assert.equal(await wider.tables.more.count(), 0);
    },

    'a large commit goes in at once': async store => {
        const scope = await openScope(store);
        await scope.commit({writes: Array.from({length: 20_000}, (_, i) => write(`row-${i}`, i)), records: [record('r', 'x')]});
        assert.equal(await scope.tables.things.count(), 20_000);
        assert.equal(await scope.tables.things.count({rank: {$lt: 100}}), 100);
        const [found] = await scope.getRows({name: 'things', definition: tables.things, keyFields: ['id'], fields: undefined, indexes: []}, ['"row-19999"']);
        assert.equal(found?.['rank'], 19_999);
    },

    'connect and close can be repeated, and a closed store refuses calls': async store => {
        const scope = await openScope(store);
        await store.connect();
        await scope.tables.things.set({id: 'a', value: 1, group: 'g', rank: 1});
        await store.close();
        await store.close();
        await rejectsWith('CLOSED', () => scope.tables.things.get({id: 'a'}));
        await rejectsWith('CLOSED', () => scope.tables.things.find());
        await rejectsWith('CLOSED', () => scope.commit({writes: [write('b', 1)]}));
        await rejectsWith('CLOSED', () => scope.getRecords(['r']));
        await rejectsWith('CLOSED', () => scope.createTables());
        await store.connect();
        assert.equal((await scope.tables.things.get({id: 'a'}))?.rank, 1);
    }
};
