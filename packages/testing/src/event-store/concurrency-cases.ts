import assert from 'node:assert/strict';
import {STATE_NEW, type AppendResult, type IEventStore, type RecordedEvent} from 'woltage';
import type {EventStoreCases} from './cases.ts';
import {eventData, eventsOf, follow, readAll} from './support.ts';

const codeOf = (result: PromiseSettledResult<unknown>): unknown =>
    result.status === 'fulfilled' ? 'done' : (result.reason as {readonly code?: unknown}).code;

const byRevision = (a: AppendResult, b: AppendResult): number => Number(a.revision - b.revision);

const isRising = (positions: readonly bigint[]): boolean =>
    positions.every((position, i) => i === 0 || position > (positions[i - 1] as bigint));

export const concurrencyCases: EventStoreCases = {
    'hundreds of appends to one stream at once get one revision each, in the order of their positions': async store => {
        const results = await Promise.all(Array.from({length: 300}, () => store.append('order', '1', eventsOf(1))));
        results.sort(byRevision);
        assert.deepEqual(results.map(({revision}) => Number(revision)), Array.from({length: 300}, (_, i) => i));
        assert.ok(isRising(results.map(({position}) => position)));
        assert.ok(isRising((await readAll(store, 'order', '1')).map(({position}) => position)));
    },

    'of a hundred appends of several events with one expectation exactly one wins, as a whole': async store => {
        const attempts = Array.from({length: 100}, () => eventsOf(3));
        const results = await Promise.allSettled(attempts.map(events => store.append('order', '1', events, STATE_NEW)));
        const codes = results.map(codeOf);
        assert.equal(codes.filter(code => code === 'done').length, 1);
        assert.equal(codes.filter(code => code === 'REVISION_CONFLICT').length, 99);
        const winner = attempts[codes.indexOf('done')] ?? [];
        assert.deepEqual((await readAll(store, 'order', '1')).map(({id}) => id), winner.map(({id}) => id));
    },

    'an append that fails harms none of those that were made at the same time': async store => {
        const taken = eventData();
        await store.append('order', 'taken', [taken]);
        const isPerStream = store.supports.eventIdsPerStream === true;
        const results = await Promise.allSettled(Array.from({length: 100}, (_, i) => {
            if (i % 4 === 1)
                return store.append('order', isPerStream ? 'taken' : `new-${i}`, [eventData(), taken]);
            if (i % 4 === 2)
                return store.append('order', `new-${i}`, eventsOf(1), 7n);
            return store.append('order', `new-${i}`, i % 4 === 3 ? [] : eventsOf(2), STATE_NEW);
        }));
        const expected = ['done', 'EVENT_ID_EXISTS', 'REVISION_CONFLICT', 'NO_EVENTS'];
        assert.deepEqual(results.map(codeOf), results.map((_, i) => expected[i % 4]));
        for (const i of results.keys())
            assert.equal((await readAll(store, 'order', `new-${i}`)).length, i % 4 === 0 ? 2 : 0);
    },

    'one append repeated many times at once is made once': async store => {
        for (const revision of [STATE_NEW, undefined] as const) {
            const events = eventsOf(2);
            const id = `repeated-${String(revision)}`;
            const results = await Promise.all(Array.from({length: 20}, () => store.append('order', id, events, revision)));
            assert.equal(new Set(results.map(({position}) => position)).size, 1);
            assert.ok(results.every(result => result.revision === 1n));
            assert.equal((await readAll(store, 'order', id)).length, 2);
        }
    },

    'positions rise from append to append, over all streams': async store => {
        const positions: bigint[] = [];
        for (let i = 0; i < 30; i++)
            positions.push((await store.append('order', String(i % 3), eventsOf(1 + i % 2))).position);
        assert.ok(isRising(positions));
        const {records} = await follow(store, {}, (_, {caughtUp}) => caughtUp);
        assert.ok(isRising(records.map(({position}) => position)));
        for (const id of ['0', '1', '2'])
            assert.deepEqual(await readAll(store, 'order', id), records.filter(({aggregateId}) => aggregateId === id));
    },

    'subscriptions that start anywhere, with any filter, miss nothing and double nothing while many append': async store => {
        const total = 630;
        const types = ['a', 'b', 'c'];
        const everything = follow(store, {batchSize: 7}, records => records.length >= total);
        const onlyB = follow(store, {filter: {types: ['b']}, batchSize: 3}, records => records.length >= total / 3);
        const inLegs = followInLegs(store, total);
        await Promise.all(Array.from({length: 30}, async (_, writer) => {
            for (let i = 0; i < total / 30; i++)
                await store.append('order', `s-${(writer + i) % 11}`, [eventData({type: types[i % 3] ?? 'a', payload: {n: `${writer}-${i}`}})]);
        }));
        const {records} = await everything;
        assert.ok(isRising(records.map(({position}) => position)));
        assert.equal(new Set(records.map(({id}) => id)).size, total);
        assert.deepEqual((await inLegs).map(({id}) => id), records.map(({id}) => id));
        const b = records.filter(({type}) => type === 'b').map(({id}) => id);
        assert.deepEqual((await onlyB).records.map(({id}) => id), b);
    }
};

/** Follows the store by subscribing anew after each batch, where the one before has ended. */
async function followInLegs(store: IEventStore, total: number): Promise<RecordedEvent[]> {
    const all: RecordedEvent[] = [];
    let after: bigint | undefined;
    while (all.length < total) {
        const leg = await follow(store, {after, batchSize: 11}, records => records.length > 0);
        all.push(...leg.records);
        after = leg.batches.at(-1)?.position;
    }
    return all;
}
