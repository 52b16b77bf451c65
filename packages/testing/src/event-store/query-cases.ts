import assert from 'node:assert/strict';
import {matchesEventQuery, type EventQuery, type EventQueryOptions, type IEventStore, type RecordedEvent} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {EventStoreCase, EventStoreCases} from './cases.ts';
import {eventData, follow} from './support.ts';

/** A case of stores that claim `conditionalAppend`. That others have no `query` is a case of its own. */
export const whereClaimed = (run: EventStoreCase): EventStoreCase => async (store, underTest) => {
    if (store.supports.conditionalAppend === true)
        await run(store, underTest);
};

export async function queryAll(store: IEventStore, query: EventQuery, options?: EventQueryOptions): Promise<RecordedEvent[]> {
    assert.ok(store.query);
    const records: RecordedEvent[] = [];
    for await (const page of store.query(query, options)) {
        assert.ok(page.length > 0, 'a page is empty');
        records.push(...page);
    }
    return records;
}

const everything = async (store: IEventStore): Promise<RecordedEvent[]> =>
    (await follow(store, {}, (_, {caughtUp}) => caughtUp)).records;

/** Appends one event for each `type tag tag ...`, to streams of their own in turn. */
async function appendTagged(store: IEventStore, events: readonly string[]): Promise<void> {
    for (const [i, event] of events.entries()) {
        const [type = '', ...tags] = event.split(' ');
        await store.append('thing', String(i % 3), [eventData({type, tags, payload: {event}})]);
    }
}

const named = (records: readonly RecordedEvent[]): unknown[] => records.map(({payload}) => (payload as {event: string}).event);

const BAD_QUERIES: readonly unknown[] = [
    [], {}, null, undefined, 'type', [null], ['type'], [[]], [{types: []}], [{tags: []}], [{types: ['a'], tags: []}], [{types: 'a'}], [{tags: 'a:1'}], [{types: null}],
    [{types: ['']}], [{tags: ['']}], [{types: [1]}], [{tags: [{}]}], [{tags: ['a\0b']}], [{tags: ['\ud800']}], [{tags: ['x'.repeat(501)]}], [{type: 'a'}], [{types: ['a']}, {tags: []}]
];

export const queryCases: EventStoreCases = {
    'query and conditions are there exactly where they are claimed': async store => {
        assert.equal(typeof store.query, store.supports.conditionalAppend === true ? 'function' : 'undefined');
        assert.ok(store.supports.conditionalAppend !== true || store.supports.multiStreamAppend, 'conditions need appendAll');
        if (store.supports.conditionalAppend === true || store.appendAll === undefined)
            return;
        // Never without a word: the caller relies on it.
        await rejectsWith('CONDITION_UNSUPPORTED', async () => store.appendAll?.([{aggregateName: 'thing', aggregateId: '1', events: [eventData()]}], {query: [{types: ['a']}]}));
        assert.deepEqual(await everything(store), []);
    },

    'a query finds events of any of its types that carry all of its tags': whereClaimed(async store => {
        await appendTagged(store, ['a x:1 y:1', 'b x:1', 'a x:2', 'a', 'c y:1 x:1', 'ab x:1 x:11', 'a x:1 x:1']);
        const cases: readonly (readonly [EventQuery, readonly string[]])[] = [
            [[{types: ['a']}], ['a x:1 y:1', 'a x:2', 'a', 'a x:1 x:1']],
            [[{tags: ['x:1']}], ['a x:1 y:1', 'b x:1', 'c y:1 x:1', 'ab x:1 x:11', 'a x:1 x:1']],
            [[{types: ['a'], tags: ['x:1']}], ['a x:1 y:1', 'a x:1 x:1']],
            [[{tags: ['x:1', 'y:1']}], ['a x:1 y:1', 'c y:1 x:1']],
            [[{tags: ['y:1', 'x:1', 'y:1']}], ['a x:1 y:1', 'c y:1 x:1']],
            [[{types: ['a', 'b', 'a'], tags: ['x:1']}], ['a x:1 y:1', 'b x:1', 'a x:1 x:1']],
            [[{types: ['b', 'c'], tags: ['x:1', 'y:1']}], ['c y:1 x:1']],
            [[{tags: ['x:2']}, {types: ['b']}], ['b x:1', 'a x:2']],
            [[{types: ['a']}, {tags: ['x:1']}, {tags: ['y:1']}], ['a x:1 y:1', 'b x:1', 'a x:2', 'a', 'c y:1 x:1', 'ab x:1 x:11', 'a x:1 x:1']],
            [[{}], ['a x:1 y:1', 'b x:1', 'a x:2', 'a', 'c y:1 x:1', 'ab x:1 x:11', 'a x:1 x:1']],
            [[{tags: ['x']}], []], [[{tags: ['X:1']}], []], [[{tags: ['x:1', 'z:1']}], []], [[{types: ['A']}], []], [[{types: ['b'], tags: ['x:2']}], []]
        ];
        for (const [query, expected] of cases)
            assert.deepEqual(named(await queryAll(store, query)), expected, JSON.stringify(query));
    }),

    'what a query finds are whole records, and belong to the caller': whereClaimed(async store => {
        await store.append('thing', '1', [eventData({tags: ['x:1', 'y:1'], payload: {list: [1]}, meta: {who: 'me'}})]);
        const all = await everything(store);
        const [found] = await queryAll(store, [{tags: ['x:1']}]);
        assert.deepEqual([found], all);
        ((found as RecordedEvent).payload as {list: number[]}).list.push(2);
        assert.deepEqual(await queryAll(store, [{tags: ['y:1']}]), all);
    }),

    'a query\'s bounds are exclusive below and inclusive above': whereClaimed(async store => {
        await appendTagged(store, ['a x:1', 'b', 'a x:1', 'b x:1', 'a x:1']);
        const positions = (await everything(store)).map(({position}) => position);
        const query: EventQuery = [{types: ['a']}, {tags: ['x:1']}];
        for (const after of [undefined, ...positions, (positions.at(-1) ?? 0n) + 100n]) {
            for (const until of [undefined, ...positions, (positions.at(-1) ?? 0n) + 100n]) {
                const found = await queryAll(store, query, {after, until});
                assert.deepEqual(found.map(({position}) => position), [0, 2, 3, 4].map(i => positions[i] as bigint)
                    .filter(position => (after === undefined || position > after) && (until === undefined || position <= until)));
            }
        }
    }),

    'a query of many events gives each once, in the order of their positions, page by page': whereClaimed(async store => {
        const kinds = ['a', 'b', 'c', 'd'];
        for (let n = 0; n < 5000; n += 500)
            await store.append('thing', String(n), Array.from({length: 500}, (_, i) =>
                eventData({type: kinds[(n + i) % 4] as string, tags: [`all:1`, `third:${i % 3}`, `seventh:${(n + i) % 7}`].slice(0, (n + i) % 5)})));
        const all = await everything(store);
        const queries: EventQuery[] = [
            [{tags: ['all:1']}], [{types: ['a', 'b']}], [{tags: ['all:1', 'seventh:3']}], [{types: ['c'], tags: ['all:1']}], [{tags: ['third:1']}, {types: ['a', 'd'], tags: ['seventh:2']}],
            [{types: ['a']}, {types: ['a', 'b'], tags: ['all:1']}, {tags: ['all:1', 'third:0']}], [{}, {tags: ['all:1']}], [{types: ['b'], tags: ['seventh:1', 'third:2']}]
        ];
        for (const query of queries)
            assert.deepEqual((await queryAll(store, query)).map(({id}) => id), all.filter(event => matchesEventQuery(query, event)).map(({id}) => id), JSON.stringify(query));
    }),

    'a tag of every plane of Unicode, long, or with marks of any query language is found, and no other': whereClaimed(async store => {
        const tags = ['ß\u0308é', '漢字:1', '😀👩‍👩‍👧', '\u{10fffd}', 'a"b', 'a\'b', 'a\\b', '{a,b}', '%', '_', 'a b', 'NULL', '""', '[]', '1', 'x'.repeat(500), `${'x'.repeat(499)}y`];
        await store.append('thing', '1', tags.map(tag => eventData({tags: [tag], type: tag})));
        for (const tag of tags) {
            assert.deepEqual((await queryAll(store, [{tags: [tag]}])).map(event => event.tags), [[tag]]);
            assert.deepEqual((await queryAll(store, [{types: [tag]}])).map(({type}) => type), [tag]);
        }
    }),

    'a bad query is refused, whatever is bad about it': whereClaimed(async store => {
        for (const query of BAD_QUERIES) {
            await rejectsWith('INVALID_QUERY', () => queryAll(store, query as EventQuery));
            await rejectsWith('INVALID_QUERY', async () => store.appendAll?.([{aggregateName: 'thing', aggregateId: '1', events: [eventData()]}], {query: query as EventQuery}));
        }
        assert.deepEqual(await everything(store), []);
    }),

    'a query of a store that is closed is refused': whereClaimed(async store => {
        await store.close();
        await rejectsWith('CLOSED', () => queryAll(store, [{types: ['a']}]));
    })
};
