import assert from 'node:assert/strict';
import type {SubscriptionBatch} from 'woltage';
import type {EventStoreCases} from './cases.ts';
import {eventData, eventsOf, follow, readAll} from './support.ts';

export const batchCases: EventStoreCases = {
    'the next batch is prepared only when it is asked for': async store => {
        await store.append('order', '1', eventsOf(3));
        const iterator = store.subscribe({batchSize: 2})[Symbol.asyncIterator]();
        const sizes: number[] = [];
        const take = async (): Promise<SubscriptionBatch> => {
            const {value, done} = await iterator.next();
            assert.ok(done !== true);
            sizes.push((value).events.length);
            return value;
        };
        assert.equal((await take()).caughtUp, false);
        // Had the second batch been prepared already, it would hold one event and claim to have caught up.
        await store.append('order', '2', eventsOf(2));
        assert.equal((await take()).caughtUp, false);
        assert.equal((await take()).caughtUp, true);
        assert.deepEqual(sizes, [2, 2, 1]);
        await iterator.return?.();
    },

    'a subscription can be resumed after any batch, also where its filter left out long stretches': async store => {
        const types = Array.from({length: 200}, (_, i) => i % 50 === 7 || i > 190 ? 'wanted' : 'other');
        await store.append('order', '1', types.map(type => eventData({type})));
        const options = {filter: {types: ['wanted']}, batchSize: 3};
        const {records, batches} = await follow(store, options, (_, {caughtUp}) => caughtUp);
        assert.equal(records.length, types.filter(type => type === 'wanted').length);
        let delivered = 0;
        let before = -1n;
        for (const {events, position} of batches) {
            delivered += events.length;
            assert.ok(position !== undefined && position >= before && position >= (events.at(-1)?.position ?? position));
            before = position;
            const rest = await follow(store, {...options, after: position}, (_, {caughtUp}) => caughtUp);
            assert.deepEqual(rest.records, records.slice(delivered));
        }
        assert.equal(batches.at(-1)?.position, await store.getLatestPosition());
    },

    'a subscription after the last position waits for what is new': async store => {
        const {position} = await store.append('order', '1', eventsOf(5));
        const following = follow(store, {after: position}, records => records.length > 0);
        const appended = await store.append('order', '1', eventsOf(1));
        const {records} = await following;
        assert.deepEqual(records.map(record => record.position), [appended.position]);
    },

    'batches of one event work as well as those that are larger than the store': async store => {
        await store.append('order', '1', eventsOf(5));
        for (const [batchSize, count] of [[1, 5], [5, 1], [100_000, 1]] as const) {
            const {records, batches} = await follow(store, {batchSize}, (_, {caughtUp}) => caughtUp);
            assert.equal(records.length, 5);
            assert.equal(batches.filter(({events}) => events.length > 0).length, count);
        }
    },

    'what a subscription delivers is what read gives, and belongs to the caller': async store => {
        await store.append('order', '1', eventsOf(2, {payload: {list: [1]}, meta: {who: 'me'}, tags: ['a:1']}));
        const expected = await readAll(store, 'order', '1');
        for (let round = 0; round < 2; round++) {
            const {records} = await follow(store, {}, (_, {caughtUp}) => caughtUp);
            assert.deepEqual(records, expected);
            for (const {payload, meta, tags} of records) {
                (payload as unknown as {list: number[]}).list.push(2);
                (meta as {who: string}).who = 'you';
                (tags as string[]).push('b:2');
            }
        }
        assert.deepEqual(await readAll(store, 'order', '1'), expected);
        (expected[0]?.tags as string[]).push('c:3');
        assert.deepEqual((await readAll(store, 'order', '1')).map(({tags}) => tags), [['a:1'], ['a:1']]);
    },

    'an abort while a batch is handled ends the subscription after it': async store => {
        await store.append('order', '1', eventsOf(10));
        const controller = new AbortController();
        let batches = 0;
        for await (const {events} of store.subscribe({signal: controller.signal, batchSize: 2})) {
            assert.equal(events.length, 2);
            batches++;
            controller.abort();
        }
        assert.equal(batches, 1);
    },

    'an empty store says so to every filter': async store => {
        for (const filter of [undefined, {}, {types: undefined}, {types: []}, {types: ['a']}]) {
            const {batches} = await follow(store, {filter}, (_, {caughtUp}) => caughtUp);
            assert.deepEqual(batches, [{events: [], position: undefined, caughtUp: true}]);
            assert.equal(await store.getLatestPosition(filter), null);
        }
    }
};
