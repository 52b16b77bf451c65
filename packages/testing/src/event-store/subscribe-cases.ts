import assert from 'node:assert/strict';
import type {RecordedEvent} from 'woltage';
import type {EventStoreCases} from './cases.ts';
import {eventData, eventsOf, follow} from './support.ts';

const numbers = (records: readonly RecordedEvent[]): unknown[] => records.map(({payload}) => (payload as {n: unknown}).n);

export const subscribeCases: EventStoreCases = {
    'subscribe delivers the past and then what comes': async store => {
        await store.append('order', '1', eventsOf(3));
        const following = follow(store, {}, records => records.length >= 5);
        await store.append('order', '2', eventsOf(1));
        await store.append('order', '1', eventsOf(1));
        const {records, batches} = await following;
        assert.equal(records.length, 5);
        for (const [i, record] of records.entries())
            assert.ok(i === 0 || record.position > (records[i - 1] as RecordedEvent).position);
        for (const {events, position} of batches)
            assert.ok(events.length === 0 || position !== undefined && position >= (events.at(-1) as RecordedEvent).position);
    },

    'subscribe goes on after a position, of which 0n is one': async store => {
        await store.append('order', '1', eventsOf(4));
        const {records} = await follow(store, {}, (_, {caughtUp}) => caughtUp);
        for (const [index, {position}] of records.entries()) {
            const rest = await follow(store, {after: position}, (_, {caughtUp}) => caughtUp);
            assert.deepEqual(numbers(rest.records), numbers(records.slice(index + 1)));
        }
    },

    'subscribe says that it has caught up when nothing lies beyond': async store => {
        const empty = await follow(store, {}, (_, {caughtUp}) => caughtUp);
        assert.deepEqual(empty.batches, [{events: [], position: undefined, caughtUp: true}]);
        await store.append('order', '1', eventsOf(10));
        const {batches} = await follow(store, {batchSize: 4}, (_, {caughtUp}) => caughtUp);
        assert.deepEqual(batches.map(({events}) => events.length).filter(n => n > 0), [4, 4, 2]);
        assert.deepEqual(batches.map(({caughtUp}) => caughtUp), batches.map((_, i) => i === batches.length - 1));
    },

    'a type filter takes whole types, and positions move over what it leaves out': async store => {
        const types = ['user.registered', 'user.registered.new', 'user', 'USER.registered', 'user_registered'];
        for (const type of types)
            await store.append('order', '1', eventsOf(3, {type}));
        const last = await store.getLatestPosition();
        const {records, batches} = await follow(store, {filter: {types: ['user.registered', 'user']}}, (_, {caughtUp}) => caughtUp);
        assert.deepEqual(records.map(({type}) => type), [...Array<string>(3).fill('user.registered'), ...Array<string>(3).fill('user')]);
        assert.equal(batches.at(-1)?.position, last);
        const none = await follow(store, {filter: {types: []}}, (_, {caughtUp}) => caughtUp);
        assert.deepEqual(none.records, []);
        assert.equal(none.batches.at(-1)?.position, last);
    },

    'a subscription that waits hears of positions that its filter leaves out': async store => {
        const following = follow(store, {filter: {types: ['wanted']}}, (records, {position}) => records.length === 0 && position !== undefined);
        const {position} = await store.append('order', '1', eventsOf(1, {type: 'unwanted'}));
        assert.equal((await following).batches.at(-1)?.position, position);
    },

    'subscribe ends without an error when its signal aborts, also while it waits': async store => {
        const controller = new AbortController();
        let isWaiting = (): void => undefined;
        const waiting = new Promise<void>(resolve => isWaiting = resolve);
        const ended = (async () => {
            for await (const {caughtUp} of store.subscribe({signal: controller.signal})) {
                if (caughtUp)
                    isWaiting();
            }
        })();
        await waiting;
        controller.abort();
        await ended;
        for await (const batch of store.subscribe({signal: controller.signal}))
            assert.fail(`delivered ${batch.events.length} events after the abort`);
    },

    'close ends subscriptions': async store => {
        let isWaiting = (): void => undefined;
        const waiting = new Promise<void>(resolve => isWaiting = resolve);
        const ended = (async () => {
            for await (const {caughtUp} of store.subscribe()) {
                if (caughtUp)
                    isWaiting();
            }
        })();
        await waiting;
        await store.close();
        await ended;
    },

    'many subscriptions at once miss nothing under concurrent appends': async store => {
        const total = 400;
        const following = Array.from({length: 5}, (_, i) => follow(store, {batchSize: 10 + i * 40}, records => records.length >= total));
        await Promise.all(Array.from({length: 20}, async (_, writer) => {
            for (let i = 0; i < total / 20; i++)
                await store.append('order', `w-${writer}`, [eventData({payload: {n: `${writer}-${i}`}})]);
        }));
        const all = await Promise.all(following);
        for (const {records} of all) {
            assert.deepEqual(numbers(records), numbers(all[0]?.records ?? []));
            assert.equal(new Set(numbers(records)).size, total);
            assert.ok(records.every(({position}, i) => i === 0 || position > (records[i - 1] as RecordedEvent).position));
        }
    },

    'a slow consumer is not overrun: batches stay within their size': async store => {
        await store.append('order', '1', eventsOf(250));
        let count = 0;
        for await (const {events, caughtUp} of store.subscribe({batchSize: 100})) {
            assert.ok(events.length <= 100);
            count += events.length;
            await new Promise(resolve => setImmediate(resolve));
            if (caughtUp)
                break;
        }
        assert.equal(count, 250);
    },

    'a subscription sees what a second instance appends': async (store, {second}) => {
        const other = second();
        await other.connect();
        try {
            const following = follow(store, {}, records => records.length >= 20);
            for (let i = 0; i < 10; i++) {
                await other.append('order', '1', eventsOf(1));
                await store.append('order', '2', eventsOf(1));
            }
            assert.equal((await following).records.length, 20);
        } finally {
            await other.close();
        }
    }
};
