import assert from 'node:assert/strict';
import {rejectsWith} from '../assertions.ts';
import type {EventStoreCases} from './cases.ts';
import {eventData, eventsOf, readAll} from './support.ts';

const revisions = (records: readonly {readonly revision: bigint}[]): number[] => records.map(({revision}) => Number(revision));

export const readCases: EventStoreCases = {
    'read gives nothing for a stream without events': async store => {
        assert.deepEqual(await readAll(store, 'order', 'none'), []);
        assert.deepEqual(await readAll(store, 'order', 'none', {direction: 'backwards'}), []);
        assert.equal(await store.getLatestPosition(), null);
    },

    'read gives a part of a stream, in either direction': async store => {
        await store.append('order', '1', eventsOf(5));
        assert.deepEqual(revisions(await readAll(store, 'order', '1')), [0, 1, 2, 3, 4]);
        assert.deepEqual(revisions(await readAll(store, 'order', '1', {fromRevision: 3n})), [3, 4]);
        assert.deepEqual(revisions(await readAll(store, 'order', '1', {fromRevision: 5n})), []);
        assert.deepEqual(revisions(await readAll(store, 'order', '1', {fromRevision: 1n, limit: 2})), [1, 2]);
        assert.deepEqual(revisions(await readAll(store, 'order', '1', {direction: 'backwards', limit: 2})), [4, 3]);
        assert.deepEqual(revisions(await readAll(store, 'order', '1', {direction: 'backwards', fromRevision: 2n})), [2, 1, 0]);
        assert.deepEqual(revisions(await readAll(store, 'order', '1', {limit: 0})), []);
    },

    'read pages through long streams': async store => {
        await store.append('order', 'long', eventsOf(2500));
        const forwards = await readAll(store, 'order', 'long');
        assert.deepEqual(revisions(forwards), Array.from({length: 2500}, (_, i) => i));
        const backwards = await readAll(store, 'order', 'long', {direction: 'backwards', fromRevision: 2400n, limit: 2100});
        assert.deepEqual(revisions(backwards), Array.from({length: 2100}, (_, i) => 2400 - i));
    },

    'streams whose names look alike never meet': async store => {
        const names = [['a', 'b-c'], ['a-b', 'c'], ['a', 'b'], ['ab', ''], ['a\'b', '"'], ['%', '_'], ['A', 'b'], ['a\nb', 'c'], ['ä😀', '\u0000'], ['a', 'b\nc']] as const;
        for (const [name, id] of names)
            await store.append(name, id, [eventData({payload: {name, id}})]);
        for (const [name, id] of names)
            assert.deepEqual((await readAll(store, name, id)).map(({payload, aggregateName, aggregateId}) => [payload, aggregateName, aggregateId]), [[{name, id}, name, id]]);
    },

    'what was read belongs to the caller': async store => {
        const event = eventData({payload: {list: [1], nested: {a: 1}}, meta: {who: 'me'}});
        await store.append('order', '1', [event]);
        (event.payload as unknown as {list: number[]}).list.push(2);
        const spoil = async () => {
            const [record] = await readAll(store, 'order', '1');
            assert.deepEqual(record?.payload, {list: [1], nested: {a: 1}});
            assert.deepEqual(record?.meta, {who: 'me'});
            (record.payload as unknown as {list: number[]}).list.push(3);
            (record.meta).who = 'you';
        };
        await spoil();
        await spoil();
    },

    'getLatestPosition tells the last event that matches whole types': async store => {
        const a = await store.append('order', '1', [eventData({type: 'user.registered'})]);
        const b = await store.append('order', '1', [eventData({type: 'user.registered.new'})]);
        assert.equal(await store.getLatestPosition(), b.position);
        assert.equal(await store.getLatestPosition({types: ['user.registered']}), a.position);
        assert.equal(await store.getLatestPosition({types: ['user']}), null);
        assert.equal(await store.getLatestPosition({types: []}), null);
    },

    'connect and close can be repeated, and a closed store refuses calls': async store => {
        await store.connect();
        await store.append('order', '1', eventsOf(1));
        await store.close();
        await store.close();
        await rejectsWith('CLOSED', () => store.append('order', '1', eventsOf(1)));
        await rejectsWith('CLOSED', () => readAll(store, 'order', '1'));
        await rejectsWith('CLOSED', () => store.getLatestPosition());
        await rejectsWith('CLOSED', async () => {
            for await (const batch of store.subscribe())
                assert.fail(`a closed store delivered ${batch.events.length} events`);
        });
        await store.connect();
        assert.equal((await readAll(store, 'order', '1')).length, 1);
    },

    'a second instance sees the same events and takes part in the same expectations': async (store, {second}) => {
        const other = second();
        await other.connect();
        try {
            await store.append('order', '1', eventsOf(1));
            assert.equal((await readAll(other, 'order', '1')).length, 1);
            const results = await Promise.allSettled([store, other].map(s => s.append('order', '1', eventsOf(1), 0n)));
            assert.deepEqual(results.map(({status}) => status).sort(), ['fulfilled', 'rejected']);
        } finally {
            await other.close();
        }
    }
};
