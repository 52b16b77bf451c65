import assert from 'node:assert/strict';
import {STATE_EXISTS, STATE_NEW, type ExpectedRevision, type JsonValue, type RecordedEvent} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {EventStoreCases} from './cases.ts';
import {eventData, eventsOf, readAll} from './support.ts';

/** Of each plane that Unicode has characters in, and what tends to be mangled: marks that combine, no-breaks, direction marks. */
const TEXTS = ['ASCII', 'ß\u0308é', '\u2028\u2029\u00a0\u200e\ufeff', '漢字', '😀👩‍👩‍👧', '\u{20000}\u{2f800}', '\u{30000}', '\u{e0001}', '\u{f0000}', '\u{10fffd}'];

export const repetitionCases: EventStoreCases = {
    'the beginning of what stands in a stream can be repeated': async store => {
        const [a, b, c] = eventsOf(3);
        assert.ok(a && b && c);
        const first = await store.append('order', '1', [a], STATE_NEW);
        await store.append('order', '1', [b, c], 0n);
        assert.deepEqual(await store.append('order', '1', [a], STATE_NEW), first);
        assert.equal((await store.append('order', '1', [b], 0n)).revision, 1n);
        assert.equal((await store.append('order', '1', [b, c])).revision, 2n);
        assert.equal((await readAll(store, 'order', '1')).length, 3);
    },

    'events that stand elsewhere, in another order or with a gap are no repetition': async store => {
        const [a, b, c, d] = eventsOf(4);
        assert.ok(a && b && c && d);
        await store.append('order', '1', [a, b, c], STATE_NEW);
        await rejectsWith('REVISION_CONFLICT', () => store.append('order', '1', [a, b], 0n));
        await rejectsWith('REVISION_CONFLICT', () => store.append('order', '1', [b, d], 0n));
        await rejectsWith('EVENT_ID_EXISTS', () => store.append('order', '1', [a, b], 2n));
        for (const revision of [undefined, STATE_EXISTS] as const) {
            for (const events of [[b, a], [a, c], [c, d], [d, a]])
                await rejectsWith('EVENT_ID_EXISTS', () => store.append('order', '1', events, revision));
        }
        assert.equal((await readAll(store, 'order', '1')).length, 3);
        if (store.supports.eventIdsPerStream === true)
            return;
        await rejectsWith('EVENT_ID_EXISTS', () => store.append('order', '2', [a, b, c], STATE_NEW));
        assert.deepEqual(await readAll(store, 'order', '2'), []);
    },

    'an id twice in one list is a conflict, and nothing of the list is written': async store => {
        const twice = eventData();
        for (const revision of [undefined, STATE_NEW] as const)
            await rejectsWith('EVENT_ID_EXISTS', () => store.append('order', '1', [eventData(), twice, twice], revision));
        assert.deepEqual(await readAll(store, 'order', '1'), []);
        assert.equal((await store.append('order', '1', [twice], STATE_NEW)).revision, 0n);
    },

    'what the caller changes after the call of append is not appended': async store => {
        const events = eventsOf(2, {payload: {list: [1]}, meta: {who: 'me'}, tags: ['a:1']});
        const appended = store.append('order', '1', events);
        for (const {payload, meta, tags} of events) {
            (payload as unknown as {list: number[]}).list.push(2);
            (meta as {who: string}).who = 'you';
            (tags as string[]).push('b:2');
        }
        events.pop();
        await appended;
        const records = await readAll(store, 'order', '1');
        assert.deepEqual(records.map(({payload, meta, tags}) => [payload, meta, tags]), Array(2).fill([{list: [1]}, {who: 'me'}, ['a:1']]));
    },

    'text of every plane of Unicode comes back as it was, wherever it stands': async store => {
        for (const text of TEXTS) {
            const event = eventData({
                type: text, payload: {[text]: [text, '\ud800']}, meta: {[text]: text}, correlationId: text, causationId: text, tags: [text, `${text}:1`]
            });
            await store.append(text, `id ${text}`, [event], STATE_NEW);
            const [record] = await readAll(store, text, `id ${text}`);
            const {revision, position, aggregateName, aggregateId, ...rest} = record ?? assert.fail(`nothing was read of ${text}`);
            assert.deepEqual(rest, event);
            assert.deepEqual([revision, aggregateName, aggregateId], [0n, text, `id ${text}`]);
            assert.equal(await store.getLatestPosition({types: [text]}), position);
        }
    },

    'large and deep payloads come back as they were': async store => {
        let deep: JsonValue = 'core';
        for (let i = 0; i < 150; i++)
            deep = i % 2 === 0 ? [deep] : {d: deep};
        const payloads: JsonValue[] = ['x'.repeat(500_000), Array.from({length: 20_000}, (_, i) => i), deep, [Number.MIN_VALUE, -0.1, 2 ** 53 + 2, 1e21, -1e-7]];
        await store.append('order', '1', payloads.map(payload => eventData({payload})));
        assert.deepEqual((await readAll(store, 'order', '1')).map(({payload}) => payload), payloads);
    }
};

export const appendAllCases: EventStoreCases = {
    'appendAll refuses the whole when one of its streams can\'t be appended to, whatever the reason': async store => {
        const {appendAll} = store;
        // That it is missing where it isn't claimed is a case of its own.
        if (appendAll === undefined)
            return;
        const isPerStream = store.supports.eventIdsPerStream === true;
        const taken = eventData();
        await store.append('order', 'taken', [taken], STATE_NEW);
        const good = (aggregateId: string) => ({aggregateName: 'order', aggregateId, events: eventsOf(2), revision: STATE_NEW as ExpectedRevision});
        const bad = {
            EVENT_ID_EXISTS: isPerStream ? {...good('taken'), events: [eventData(), taken], revision: 0n} : {...good('bad'), events: [eventData(), taken]},
            REVISION_CONFLICT: {...good('bad'), revision: 3n},
            NO_EVENTS: {...good('bad'), events: []}
        };
        for (const [code, stream] of Object.entries(bad)) {
            for (const streams of [[good('1'), stream], [stream, good('1')], [good('1'), stream, good('2')]])
                await rejectsWith(code, () => appendAll.call(store, streams));
        }
        const shared = eventData();
        if (!isPerStream)
            await rejectsWith('EVENT_ID_EXISTS', () => appendAll.call(store, [{...good('1'), events: [shared]}, {...good('2'), events: [shared]}]));
        for (const id of ['1', '2', 'bad'])
            assert.deepEqual(await readAll(store, 'order', id), []);
        assert.equal((await appendAll.call(store, [good('1'), good('2')])).length, 2);
    },

    'a repeated appendAll succeeds with the first one\'s results and makes no copies': async store => {
        const {appendAll} = store;
        if (appendAll === undefined)
            return;
        const streams = ['1', '2', '3'].map(aggregateId => ({aggregateName: 'order', aggregateId, events: eventsOf(2), revision: STATE_NEW}) as const);
        const first = await appendAll.call(store, streams);
        assert.deepEqual(await appendAll.call(store, streams), first);
        for (const [i, {aggregateId}] of streams.entries()) {
            const records = await readAll(store, 'order', aggregateId);
            assert.equal(records.length, 2);
            assert.deepEqual(first[i], {revision: records[1]?.revision, position: records[1]?.position});
        }
    },

    'appendAll takes a stream several times, in the order of the list, where the store says so': async store => {
        const {appendAll} = store;
        if (appendAll === undefined || store.supports.orderedAppendAll !== true)
            return;
        await store.append('order', '1', eventsOf(1));
        const streams = ['1', '2', '1', '2', '3', '1'].map((aggregateId, i) =>
            ({aggregateName: 'order', aggregateId, events: eventsOf(1 + i % 2), revision: [0n, STATE_NEW, 1n, 1n, STATE_NEW, 2n][i] as ExpectedRevision}));
        const results = await appendAll.call(store, streams);
        assert.deepEqual(results.map(({revision}) => revision), [1n, 1n, 2n, 3n, 0n, 4n]);
        const placed: RecordedEvent[] = [];
        for (const id of ['1', '2', '3'])
            placed.push(...await readAll(store, 'order', id));
        placed.sort((a, b) => a.position < b.position ? -1 : 1);
        assert.deepEqual(placed.slice(1).map(({id}) => id), streams.flatMap(({events}) => events.map(({id}) => id)));
        assert.deepEqual(await appendAll.call(store, streams), results);
        await rejectsWith('REVISION_CONFLICT', () => appendAll.call(store, [...streams.slice(0, 2), {aggregateName: 'order', aggregateId: '4', events: eventsOf(1)}, {aggregateName: 'order', aggregateId: '4', events: eventsOf(1), revision: 1n}]));
        assert.deepEqual(await readAll(store, 'order', '4'), []);
    },

    'of many appendAll at once over the same streams exactly one wins, as a whole': async store => {
        const {appendAll} = store;
        if (appendAll === undefined)
            return;
        const attempts = Array.from({length: 30}, (_, i) => ['1', '2'].map(aggregateId =>
            ({aggregateName: 'order', aggregateId, events: eventsOf(1, {payload: {attempt: i}}), revision: STATE_NEW}) as const));
        const results = await Promise.allSettled(attempts.map(async (streams, i) => appendAll.call(store, i % 2 === 0 ? streams : streams.reverse())));
        assert.equal(results.filter(({status}) => status === 'fulfilled').length, 1);
        const attempt = results.findIndex(({status}) => status === 'fulfilled');
        for (const id of ['1', '2'])
            assert.deepEqual((await readAll(store, 'order', id)).map(({payload}) => payload), [{attempt}]);
    }
};
