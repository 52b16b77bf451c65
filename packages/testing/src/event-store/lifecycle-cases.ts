import assert from 'node:assert/strict';
import {STATE_NEW, type IEventStore, type SubscriptionBatch} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {EventStoreCases} from './cases.ts';
import {eventsOf, follow, readAll} from './support.ts';

/** A subscription that has delivered everything and waits: `next` is on its way. */
async function waitingSubscription(store: IEventStore, signal?: AbortSignal): Promise<{
    readonly iterator: AsyncIterator<SubscriptionBatch>;
    readonly pending: Promise<IteratorResult<SubscriptionBatch, unknown>>;
}> {
    const iterator = store.subscribe({signal})[Symbol.asyncIterator]();
    for (let caughtUp = false; !caughtUp;) {
        const {value, done} = await iterator.next();
        assert.ok(done !== true, 'the subscription ended by itself');
        ({caughtUp} = value);
    }
    return {iterator, pending: iterator.next()};
}

export const lifecycleCases: EventStoreCases = {
    'a subscription\'s return ends it, also while a next is on its way': async store => {
        await store.append('order', '1', eventsOf(1));
        const {iterator, pending} = await waitingSubscription(store);
        assert.ok(iterator.return);
        await iterator.return();
        assert.equal((await pending).done, true);
        assert.equal((await iterator.next()).done, true);
    },

    'a signal and a close end every subscription that waits, without an error': async store => {
        const controllers = Array.from({length: 5}, () => new AbortController());
        const waiting = await Promise.all(controllers.map(({signal}) => waitingSubscription(store, signal)));
        controllers[0]?.abort();
        assert.equal((await waiting[0]?.pending)?.done, true);
        await store.append('order', '1', eventsOf(1));
        for (const {pending} of waiting.slice(1))
            assert.equal((await pending).done, false);
        const ends = waiting.slice(1).map(async ({iterator}) => {
            for (let result = await iterator.next(); result.done !== true;)
                result = await iterator.next();
        });
        await store.close();
        await Promise.all(ends);
    },

    'a subscription that a close has ended stays ended when the store is connected again': async store => {
        await store.append('order', '1', eventsOf(2));
        const iterator = store.subscribe({batchSize: 1})[Symbol.asyncIterator]();
        assert.equal((await iterator.next()).done, false);
        await store.close();
        await store.connect();
        assert.equal((await iterator.next()).done, true);
        assert.equal((await follow(store, {}, (_, {caughtUp}) => caughtUp)).records.length, 2);
    },

    'a consumer that throws ends its subscription alone': async store => {
        await store.append('order', '1', eventsOf(3));
        const other = await waitingSubscription(store);
        await assert.rejects(follow(store, {}, () => {
            throw new RangeError('thrown by the consumer');
        }), RangeError);
        await store.append('order', '1', eventsOf(1));
        assert.equal((await other.pending).done, false);
        await other.iterator.return?.();
    },

    'close lets appends that are under way finish': async store => {
        const results = Array.from({length: 50}, (_, i) => store.append('order', String(i), eventsOf(2), STATE_NEW));
        await store.close();
        const settled = await Promise.allSettled(results);
        assert.deepEqual(settled.map(({status}) => status), Array(50).fill('fulfilled'));
        await store.connect();
        for (const i of results.keys())
            assert.equal((await readAll(store, 'order', String(i))).length, 2);
    },

    'connect and close may be called by several at once, and again and again': async store => {
        for (let round = 0; round < 3; round++) {
            await Promise.all([store.connect(), store.connect()]);
            assert.equal((await store.append('order', '1', eventsOf(1))).revision, BigInt(round));
            await Promise.all([store.close(), store.close()]);
            await rejectsWith('CLOSED', () => store.append('order', '1', eventsOf(1)));
        }
        await Promise.all([store.connect(), store.close(), store.connect()]);
        assert.equal((await readAll(store, 'order', '1')).length, 3);
    },

    'a store that was never connected, or is closed, refuses every call': async (store, {second}) => {
        await store.close();
        for (const closed of [store, second()]) {
            await rejectsWith('CLOSED', () => closed.append('order', '1', eventsOf(1)));
            await rejectsWith('CLOSED', () => readAll(closed, 'order', '1'));
            await rejectsWith('CLOSED', () => closed.getLatestPosition({types: ['a']}));
            await rejectsWith('CLOSED', () => follow(closed, {}, () => true));
            if (closed.appendAll !== undefined)
                await rejectsWith('CLOSED', async () => closed.appendAll?.([{aggregateName: 'order', aggregateId: '1', events: eventsOf(1)}]));
        }
    },

    'a subscription that waits is woken by what another instance alone appends': async (store, {second}) => {
        await store.append('order', '1', eventsOf(1));
        const {iterator, pending} = await waitingSubscription(store);
        const other = second();
        await other.connect();
        try {
            const {position} = await other.append('order', '1', eventsOf(1), 0n);
            const {value, done} = await pending;
            assert.ok(done !== true);
            assert.equal((value).position, position);
        } finally {
            await iterator.return?.();
            await other.close();
        }
    },

    'everything is there after a restart': async (store, {second}) => {
        const events = eventsOf(20, {tags: ['a:1']});
        const appended = await store.append('order', '1', events, STATE_NEW);
        const before = await readAll(store, 'order', '1');
        await store.close();
        const restarted = second();
        await restarted.connect();
        try {
            assert.deepEqual(await readAll(restarted, 'order', '1'), before);
            assert.equal(await restarted.getLatestPosition(), appended.position);
            assert.deepEqual(await restarted.append('order', '1', events, STATE_NEW), appended);
            const next = await restarted.append('order', '1', eventsOf(1), appended.revision);
            assert.ok(next.position > appended.position);
            const {records} = await follow(restarted, {after: appended.position}, (_, {caughtUp}) => caughtUp);
            assert.deepEqual(records.map(({position}) => position), [next.position]);
        } finally {
            await restarted.close();
        }
    }
};
