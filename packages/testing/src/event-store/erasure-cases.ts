import assert from 'node:assert/strict';
import {STATE_EXISTS, STATE_NEW, type AppendResult, type EventData, type ExpectedRevision, type IEventStore, type ReadOptions, type RecordedEvent} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {EventStoreCase, EventStoreCases} from './cases.ts';
import {eventData, eventsOf, follow, readAll} from './support.ts';

type Erasing = IEventStore & Required<Pick<IEventStore, 'erase'>>;

const ids = (records: readonly {readonly id: string}[]): string[] => records.map(({id}) => id);
const tombstone = (overrides: Partial<EventData> = {}): EventData => eventData({type: 'tombstone', payload: {reason: 'wanted'}, tags: ['t:1'], ...overrides});

/** What a subscription from the start delivers up to now; of an erased stream the tombstone alone, as far as the store claims that. */
async function everything(store: IEventStore, tombstones: readonly RecordedEvent[] = []): Promise<RecordedEvent[]> {
    const {records} = await follow(store, {}, (_, {caughtUp}) => caughtUp);
    if (store.supports.erasesLater !== true)
        return records;
    const ends = new Map(tombstones.map(({aggregateId, id}) => [aggregateId, id]));
    return records.filter(({aggregateId, id}) => !ends.has(aggregateId) || ends.get(aggregateId) === id);
}

const READS: readonly ReadOptions[] = [
    {}, {fromRevision: 0n}, {fromRevision: 3n}, {fromRevision: 4n}, {fromRevision: 100n}, {limit: 1}, {direction: 'backwards'}, {direction: 'backwards', fromRevision: 1n}
];

const ifErasing = (run: (store: Erasing, underTest: Parameters<EventStoreCase>[1]) => Promise<void>): EventStoreCase => async (store, underTest) => {
    // That it is missing where it isn't claimed is a case of its own.
    if (store.supports.erasure === true)
        await run(store as Erasing, underTest);
};

export const erasureCases: EventStoreCases = {
    'an event store that claims no erasure has none': async store => {
        assert.equal(store.erase !== undefined, store.supports.erasure === true);
    },

    'erase leaves the tombstone of a stream and nothing else, for subscriptions alone': ifErasing(async store => {
        const other = await store.append('order', 'other', eventsOf(2));
        await store.append('order', '1', eventsOf(2, {type: 'secret'}), STATE_NEW);
        await store.append('order', 'other', eventsOf(1));
        await store.append('order', '1', eventsOf(1, {type: 'secret'}), 1n);
        const end = tombstone();
        const result = await store.erase('order', '1', end, 2n);
        assert.equal(result.revision, 3n);
        assert.ok(result.position > other.position);
        for (const options of READS)
            await rejectsWith('GONE', () => readAll(store, 'order', '1', options));
        const [left, ...more] = await readAll(store, 'order', '1', {tombstone: true});
        assert.ok(left);
        assert.deepEqual(more, []);
        const {revision, position, aggregateName, aggregateId, ...data} = left;
        assert.deepEqual(data, end);
        assert.deepEqual({revision, position, aggregateName, aggregateId}, {...result, aggregateName: 'order', aggregateId: '1'});
        assert.deepEqual(await readAll(store, 'order', '1', {tombstone: true, fromRevision: 4n}), []);
        assert.deepEqual((await everything(store, [left])).map(({aggregateId: id, revision: r}) => [id, Number(r)]), [['other', 0], ['other', 1], ['other', 2], ['1', 3]]);
        assert.equal(await store.getLatestPosition(), result.position);
        assert.equal(await store.getLatestPosition({types: ['tombstone']}), result.position);
        if (store.supports.erasesLater !== true)
            assert.equal(await store.getLatestPosition({types: ['secret']}), null);
        assert.equal((await readAll(store, 'order', 'other')).length, 3);
    }),

    'an erased stream takes no append, whatever it expects, also not one of what was removed': ifErasing(async store => {
        const events = eventsOf(3);
        await store.append('order', '1', events, STATE_NEW);
        const end = tombstone();
        const {revision} = await store.erase('order', '1', end);
        for (const expected of [undefined, STATE_NEW, STATE_EXISTS, revision, revision - 1n, revision + 1n, 100n] satisfies (ExpectedRevision | undefined)[]) {
            await rejectsWith('GONE', () => store.append('order', '1', eventsOf(1), expected));
            // Where they linger, a repetition may still be recognised as one: nothing is written then.
            if (store.supports.erasesLater !== true || expected !== STATE_NEW)
                await rejectsWith('GONE', () => store.append('order', '1', events, expected));
        }
        await rejectsWith('GONE', () => store.append('order', '1', [end]));
        if (store.appendAll !== undefined) {
            await rejectsWith('GONE', async () => store.appendAll?.([
                {aggregateName: 'order', aggregateId: '2', events: eventsOf(1)}, {aggregateName: 'order', aggregateId: '1', events: eventsOf(1)}
            ]));
        }
        assert.deepEqual(await readAll(store, 'order', '2'), []);
        assert.equal((await store.append('order', '10', eventsOf(1), STATE_NEW)).revision, 0n);
        assert.equal((await store.append('orders', '1', eventsOf(1), STATE_NEW)).revision, 0n);
    }),

    'a repeated erasure succeeds like the first, one with another tombstone does not': ifErasing(async store => {
        await store.append('order', '1', eventsOf(2));
        const end = tombstone();
        const first = await store.erase('order', '1', end, 1n);
        await store.append('order', '2', eventsOf(1));
        for (const expected of [1n, undefined, STATE_NEW, 7n] as const)
            assert.deepEqual(await store.erase('order', '1', end, expected), first);
        await rejectsWith('GONE', () => store.erase('order', '1', tombstone()));
        await rejectsWith('GONE', () => store.erase('order', '1', tombstone(), first.revision));
        assert.equal((await everything(store)).filter(({type}) => type === 'tombstone').length, 1);
    }),

    'an erasure that is refused removes nothing': ifErasing(async store => {
        const taken = eventData();
        await store.append('order', '1', eventsOf(2));
        await store.append('order', store.supports.eventIdsPerStream === true ? '1' : '2', [taken]);
        const before = await readAll(store, 'order', '1');
        const last = BigInt(before.length - 1);
        for (const expected of [STATE_NEW, last - 1n, last + 1n] as const)
            await rejectsWith('REVISION_CONFLICT', () => store.erase('order', '1', tombstone(), expected));
        await rejectsWith('REVISION_CONFLICT', () => store.erase('order', 'none', tombstone(), STATE_EXISTS));
        await rejectsWith('EVENT_ID_EXISTS', () => store.erase('order', '1', {...taken, type: 'tombstone'}));
        assert.deepEqual(await readAll(store, 'order', '1'), before);
        assert.deepEqual(await readAll(store, 'order', 'none'), []);
        assert.equal((await store.append('order', '1', eventsOf(1), last)).revision, last + 1n);
    }),

    'a stream without events can be erased, and is gone then': ifErasing(async store => {
        assert.equal((await store.erase('order', '1', tombstone(), STATE_NEW)).revision, 0n);
        await rejectsWith('GONE', () => readAll(store, 'order', '1'));
        await rejectsWith('GONE', () => store.append('order', '1', eventsOf(1), STATE_NEW));
    }),

    'of appends that race an erasure each comes before it and is removed, or fails': ifErasing(async store => {
        for (let round = 0; round < 8; round++) {
            const id = `raced-${round}`;
            await store.append('order', id, eventsOf(1), STATE_NEW);
            const appended: AppendResult[] = [];
            const append = async (expected?: ExpectedRevision): Promise<void> => {
                try {
                    appended.push(await store.append('order', id, eventsOf(1), expected));
                } catch (error) {
                    assert.ok(['GONE', 'REVISION_CONFLICT'].includes((error as {code: string}).code), String(error));
                }
            };
            const calls = Array.from({length: 20}, (_, i) => append(i % 4 === 0 ? BigInt(i / 4) : undefined));
            const end = tombstone();
            const erased = store.erase('order', id, end);
            calls.push(...Array.from({length: 20}, () => append()));
            const [{revision, position}] = await Promise.all([erased, ...calls]);
            for (const result of appended)
                assert.ok(result.revision < revision && result.position < position);
            await rejectsWith('GONE', () => readAll(store, 'order', id));
            const left = await readAll(store, 'order', id, {tombstone: true});
            assert.deepEqual(ids(left), [end.id]);
            assert.deepEqual(ids((await everything(store, left)).filter(({aggregateId}) => aggregateId === id)), [end.id]);
        }
    }),

    'of erasures at once one wins, and those with its tombstone have its result': ifErasing(async store => {
        await store.append('order', '1', eventsOf(3));
        const ends = Array.from({length: 4}, () => tombstone());
        const attempts = Array.from({length: 16}, (_, i) => ends[i % 4] as EventData);
        const results = await Promise.allSettled(attempts.map(end => store.erase('order', '1', end)));
        const [left] = await readAll(store, 'order', '1', {tombstone: true});
        assert.ok(left);
        for (const [i, result] of results.entries()) {
            if (attempts[i]?.id === left.id)
                assert.deepEqual(result, {status: 'fulfilled', value: {revision: 3n, position: left.position}});
            else
                assert.equal((result as PromiseRejectedResult).reason.code, 'GONE');
        }
    }),

    'subscriptions that are under way lose nothing and break off nowhere while streams are erased': ifErasing(async store => {
        const streams = Array.from({length: 12}, (_, i) => `s-${i}`);
        for (const id of streams)
            await store.append('order', id, eventsOf(20));
        const kept: string[] = [];
        const isEnd = ({type}: RecordedEvent): boolean => type === 'last';
        const following = [3, 50, 1000].map(batchSize => follow(store, {batchSize}, records => records.some(isEnd)));
        const ends: string[] = [];
        await Promise.all(streams.map(async (id, i) => {
            const event = eventData({payload: {kept: i}});
            await store.append('kept', id, [event]);
            kept.push(event.id);
            if (i % 2 === 0) {
                const end = tombstone();
                await store.erase('order', id, end);
                ends.push(end.id);
            } else {
                await store.append('order', id, eventsOf(5));
            }
        }));
        await store.append('kept', 'last', [eventData({type: 'last'})]);
        for (const {records} of await Promise.all(following)) {
            const seen = new Set(ids(records));
            assert.equal(seen.size, records.length);
            assert.ok(records.every(({position}, i) => i === 0 || position > (records[i - 1] as RecordedEvent).position));
            assert.ok([...kept, ...ends].every(id => seen.has(id)));
            assert.equal(records.filter(({aggregateName, aggregateId}) => aggregateName === 'order' && Number(aggregateId.slice(2)) % 2 === 1).length, 6 * 25);
        }
    }),

    'an erased stream is gone for other instances and after a restart, also where they knew it before': ifErasing(async (store, {second}) => {
        const other = second();
        await other.connect();
        try {
            const {revision} = await store.append('order', '1', eventsOf(3));
            assert.equal((await readAll(other, 'order', '1')).length, 3);
            await other.append('order', '1', eventsOf(1), revision);
            const end = tombstone();
            const result = await store.erase('order', '1', end);
            await rejectsWith('GONE', () => readAll(other, 'order', '1', {fromRevision: 4n}));
            for (const expected of [3n, 4n, undefined, STATE_NEW] as const)
                await rejectsWith('GONE', () => other.append('order', '1', eventsOf(1), expected));
            assert.deepEqual(await (other as Erasing).erase('order', '1', end), result);
            await store.close();
            await store.connect();
            await rejectsWith('GONE', () => readAll(store, 'order', '1'));
            await rejectsWith('GONE', () => store.append('order', '1', eventsOf(1), STATE_NEW));
            assert.deepEqual(await store.erase('order', '1', end), result);
        } finally {
            await other.close();
        }
    }),

    'a closed store refuses to erase': ifErasing(async store => {
        await store.close();
        await rejectsWith('CLOSED', () => store.erase('order', '1', tombstone()));
    })
};
