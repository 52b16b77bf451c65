import assert from 'node:assert/strict';
import {STATE_EXISTS, STATE_NEW, type AppendResult, type ExpectedRevision} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {EventStoreCases} from './cases.ts';
import {eventData, eventsOf, readAll} from './support.ts';

export const appendCases: EventStoreCases = {
    'append returns revision and position of the last event': async store => {
        const first = await store.append('order', '1', eventsOf(2), STATE_NEW);
        assert.equal(first.revision, 1n);
        const second = await store.append('order', '1', eventsOf(3), 1n);
        assert.equal(second.revision, 4n);
        assert.ok(second.position > first.position);
        assert.equal(await store.getLatestPosition(), second.position);
    },

    'append refuses a stream that is not as expected, and writes nothing': async store => {
        await rejectsWith('REVISION_CONFLICT', () => store.append('order', '1', eventsOf(1), STATE_EXISTS));
        await rejectsWith('REVISION_CONFLICT', () => store.append('order', '1', eventsOf(1), 0n));
        await store.append('order', '1', eventsOf(2), STATE_NEW);
        for (const revision of [STATE_NEW, 0n, 2n, 100n] as const)
            await rejectsWith('REVISION_CONFLICT', () => store.append('order', '1', eventsOf(2), revision));
        await store.append('order', '1', eventsOf(1), STATE_EXISTS);
        await store.append('order', '1', eventsOf(1));
        assert.equal((await readAll(store, 'order', '1')).length, 4);
    },

    'append refuses an empty list': async store => {
        await rejectsWith('NO_EVENTS', () => store.append('order', '1', []));
    },

    'a repeated append succeeds with the first one\'s result and makes no copy': async store => {
        for (const [index, revision] of ([STATE_NEW, undefined] as const).entries()) {
            const events = eventsOf(3);
            const first = await store.append('order', `new-${index}`, events, revision);
            await store.append('order', `new-${index}`, eventsOf(1));
            assert.deepEqual(await store.append('order', `new-${index}`, events, revision), first);
            assert.equal((await readAll(store, 'order', `new-${index}`)).length, 4);
        }
        const before = await store.append('order', 'exact', eventsOf(1));
        const events = eventsOf(2);
        const first = await store.append('order', 'exact', events, before.revision);
        assert.deepEqual(await store.append('order', 'exact', events, before.revision), first);
        assert.deepEqual(await store.append('order', 'exact', events, STATE_EXISTS), first);
        assert.equal((await readAll(store, 'order', 'exact')).length, 3);
    },

    'an append that repeats another only in part is a conflict': async store => {
        const [a, b, c] = eventsOf(3);
        assert.ok(a && b && c);
        await store.append('order', '1', [a, b], STATE_NEW);
        await rejectsWith('REVISION_CONFLICT', () => store.append('order', '1', [a, c], STATE_NEW));
        await rejectsWith('EVENT_ID_EXISTS', () => store.append('order', '1', [a, b, c]));
        await rejectsWith('EVENT_ID_EXISTS', () => store.append('order', '1', [c, a], 1n));
        assert.equal((await readAll(store, 'order', '1')).length, 2);
    },

    'an event id that is taken in another stream is a conflict, unless ids are taken by stream': async store => {
        const event = eventData();
        await store.append('order', '1', [event]);
        if (store.supports.eventIdsPerStream === true) {
            assert.equal((await store.append('order', '2', [eventData(), event], STATE_NEW)).revision, 1n);
            return;
        }
        for (const revision of [undefined, STATE_NEW] as const)
            await rejectsWith('EVENT_ID_EXISTS', () => store.append('order', '2', [eventData(), event], revision));
        assert.deepEqual(await readAll(store, 'order', '2'), []);
    },

    'of concurrent appends with one expectation exactly one wins': async store => {
        let last: ExpectedRevision = STATE_NEW;
        for (let round = 0; round < 20; round++) {
            const results = await Promise.allSettled(Array.from({length: 10}, () => store.append('order', '1', eventsOf(1), last)));
            const won = results.filter(result => result.status === 'fulfilled');
            assert.equal(won.length, 1);
            for (const result of results)
                assert.ok(result.status === 'fulfilled' || (result.reason as {code: string}).code === 'REVISION_CONFLICT');
            last = (won[0] as PromiseFulfilledResult<AppendResult>).value.revision;
        }
        assert.equal((await readAll(store, 'order', '1')).length, 20);
    },

    'concurrent appends to many streams all succeed, each position once': async store => {
        const results = await Promise.all(Array.from({length: 300}, (_, i) => store.append('order', String(i), eventsOf(1), STATE_NEW)));
        assert.equal(new Set(results.map(({position}) => position)).size, 300);
        assert.ok(results.every(({revision}) => revision === 0n));
    },

    'every field of an event comes back as it was': async store => {
        const payloads: unknown[] = [
            {}, [], null, true, false, 0, -1.5, 1e300, Number.MAX_SAFE_INTEGER, '', 'ä€😀\u0000\n"\\\'', '1st iteration',
            {a: {b: [{c: null}]}, '': 1, 'a.b$c': 2}, JSON.parse('{"__proto__":{"x":1},"constructor":2}')
        ];
        const events = payloads.map((payload, i) => eventData({
            payload: payload as never, meta: {user: 'ä😀', n: i}, version: i + 1, timestamp: i, correlationId: `c-${i}`,
            causationId: i % 2 === 0 ? null : `k-${i}`, tags: i % 2 === 0 ? [] : [`t:${i}`, 'ä:😀']
        }));
        await store.append('order', 'values', events);
        const records = await readAll(store, 'order', 'values');
        for (const [i, record] of records.entries()) {
            const {revision, position, aggregateName, aggregateId, ...rest} = record;
            assert.deepEqual(JSON.stringify(rest.payload), JSON.stringify(events[i]?.payload));
            assert.deepEqual({...rest}, {...events[i]});
            assert.deepEqual([revision, aggregateName, aggregateId, typeof position], [BigInt(i), 'order', 'values', 'bigint']);
        }
        assert.equal(records.length, events.length);
    },

    'appendAll writes to all streams or to none, where it is supported': async store => {
        if (!store.supports.multiStreamAppend) {
            assert.equal(store.appendAll, undefined, 'an adapter without multiStreamAppend must not have the method');
            return;
        }
        assert.ok(store.appendAll);
        await store.append('order', '1', eventsOf(1), STATE_NEW);
        const stream = (aggregateId: string, revision: ExpectedRevision) => ({aggregateName: 'order', aggregateId, events: eventsOf(2), revision});
        const results = await store.appendAll([stream('1', 0n), stream('2', STATE_NEW)]);
        assert.deepEqual(results.map(({revision}) => revision), [2n, 1n]);
        await rejectsWith('REVISION_CONFLICT', async () => store.appendAll?.([stream('3', STATE_NEW), stream('1', 0n)]));
        assert.deepEqual(await readAll(store, 'order', '3'), []);
        assert.equal((await readAll(store, 'order', '1')).length, 3);
    }
};
