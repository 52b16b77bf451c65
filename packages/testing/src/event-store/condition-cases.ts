import assert from 'node:assert/strict';
import {isWoltageError, matchesEventQuery, STATE_NEW, type AppendCondition, type AppendResult, type EventData, type EventQuery, type IEventStore, type StreamAppend} from 'woltage';
import {rejectsWith} from '../assertions.ts';
import type {EventStoreCases} from './cases.ts';
import {queryAll, whereClaimed} from './query-cases.ts';
import {eventData, readAll} from './support.ts';

const tagged = (...tags: readonly string[]): EventData => eventData({tags});
const at = (aggregateId: string, ...events: readonly EventData[]): StreamAppend => ({aggregateName: 'thing', aggregateId, events});

async function appendIf(store: IEventStore, streams: readonly StreamAppend[], condition: AppendCondition): Promise<readonly AppendResult[]> {
    assert.ok(store.appendAll);
    return store.appendAll(streams, condition);
}

/** Adds one event to what the query finds, again and again until nobody has come between; gives up where there are `most`. */
async function addOne(store: IEventStore, query: EventQuery, tags: readonly string[], most: number): Promise<boolean> {
    for (; ;) {
        const found = await queryAll(store, query);
        if (found.length >= most)
            return false;
        try {
            await appendIf(store, [at(`${found.length}`, tagged(...tags))], {query, after: found.at(-1)?.position});
            return true;
        } catch (error) {
            ignoreConflict(error);
        }
    }
}

function ignoreConflict(error: unknown): undefined {
    if (!isWoltageError(error) || error.code !== 'CONDITION_FAILED')
        throw error;
}

export const conditionCases: EventStoreCases = {
    'an append with a condition fails exactly where a later event matches': whereClaimed(async store => {
        const {position} = await store.append('thing', 'first', [eventData({type: 'a', tags: ['x:1', 'y:1']})]);
        const cases: readonly (readonly [EventQuery, matches: boolean])[] = [
            [[{tags: ['x:1']}], true], [[{types: ['a']}], true], [[{types: ['a'], tags: ['y:1', 'x:1']}], true], [[{}], true], [[{tags: ['z:1']}, {types: ['b', 'a']}], true],
            [[{tags: ['x:2']}], false], [[{types: ['b']}], false], [[{types: ['b'], tags: ['x:1']}], false], [[{tags: ['x:1', 'z:1']}], false], [[{types: ['b']}, {tags: ['z:1']}], false]
        ];
        for (const [i, [query, matches]] of cases.entries()) {
            const streams = [at(`case ${i}`, eventData({type: 'other', tags: ['other:1']}))];
            if (!matches) {
                await appendIf(store, streams, {query});
                continue;
            }
            await rejectsWith('CONDITION_FAILED', () => appendIf(store, streams, {query}));
            if (position > 0n)
                await rejectsWith('CONDITION_FAILED', () => appendIf(store, streams, {query, after: position - 1n}));
            assert.deepEqual(await readAll(store, 'thing', `case ${i}`), []);
        }
        await appendIf(store, [at('behind', tagged('x:1'))], {query: [{tags: ['x:1']}, {types: ['a']}], after: position});
        await rejectsWith('CONDITION_FAILED', () => appendIf(store, [at('behind', tagged('x:1'))], {query: [{tags: ['x:1']}, {types: ['a']}], after: position}));
    }),

    'a condition that fails leaves nothing of any stream, and no id taken': whereClaimed(async store => {
        await store.append('thing', 'there', [tagged('x:1')]);
        const streams: StreamAppend[] = [at('1', tagged('x:1'), eventData()), {...at('2', eventData()), revision: STATE_NEW}, at('there', eventData())];
        await rejectsWith('CONDITION_FAILED', () => appendIf(store, streams, {query: [{tags: ['x:1']}]}));
        assert.deepEqual(await readAll(store, 'thing', '1'), []);
        assert.deepEqual(await readAll(store, 'thing', '2'), []);
        assert.equal((await readAll(store, 'thing', 'there')).length, 1);
        assert.equal((await queryAll(store, [{tags: ['x:1']}])).length, 1);
        assert.equal((await appendIf(store, streams, {query: [{tags: ['x:2']}]})).length, 3);
    }),

    'an append with a condition also expects the revisions of its streams': whereClaimed(async store => {
        await store.append('thing', '1', [tagged('x:1')]);
        for (const tag of ['x:1', 'x:2'])
            await rejectsWith('REVISION_CONFLICT', () => appendIf(store, [{...at('1', eventData()), revision: 4n}], {query: [{tags: [tag]}]}));
        await rejectsWith('NO_EVENTS', () => appendIf(store, [at('1')], {query: [{tags: ['x:2']}]}));
        assert.equal((await readAll(store, 'thing', '1')).length, 1);
    }),

    'a repeated append succeeds as the first did, though its own events match the condition by now': whereClaimed(async store => {
        for (const revision of [undefined, STATE_NEW] as const) {
            const [a, b] = [`${revision} a`, `${revision} b`];
            const tag = `${revision}:1`;
            const streams: StreamAppend[] = [{...at(a, tagged(tag), tagged(tag)), revision}, {...at(b, tagged(tag)), revision}];
            const query = [{tags: [tag]}];
            const first = await appendIf(store, streams, {query});
            await store.append('thing', 'later', [tagged(tag)]);
            assert.deepEqual(await appendIf(store, streams, {query}), first);
            // Half of it is no repetition.
            await rejectsWith('CONDITION_FAILED', () => appendIf(store, [...streams, at('new', eventData())], {query}));
            assert.deepEqual(await readAll(store, 'thing', 'new'), []);
            assert.equal((await queryAll(store, query)).length, 4);
        }
        const twice = [at('twice', tagged('x:1'))];
        await rejectsWith('CONDITION_FAILED', () => appendIf(store, twice, {query: [{tags: ['x:1']}, {types: ['thing.happened']}]}));
        const results = await Promise.all([1, 2, 3].map(() => appendIf(store, twice, {query: [{tags: ['x:1']}]})));
        assert.deepEqual(results[1], results[0]);
        assert.deepEqual(results[2], results[0]);
    }),

    'of 200 appends at once on one boundary exactly one succeeds, through one connection and through two': whereClaimed(async (store, {second}) => {
        const other = second();
        await other.connect();
        try {
            for (const [name, stores] of [['one', [store]], ['two', [store, other]]] as const) {
                const query: EventQuery = [{types: ['thing.happened'], tags: [`boundary:${name}`]}];
                const results = await Promise.allSettled(Array.from({length: 200}, async (_, i) =>
                    appendIf(stores[i % stores.length] as IEventStore, [at(`${name} ${i}`, tagged(`boundary:${name}`, `n:${i}`)), at(`${name} all`, eventData())], {query})));
                const refused = results.flatMap(result => result.status === 'rejected' ? [result.reason as unknown] : []);
                assert.equal(refused.length, 199);
                assert.ok(refused.every(error => isWoltageError(error) && error.code === 'CONDITION_FAILED'), String(refused[0]));
                assert.equal((await queryAll(store, query)).length, 1);
                assert.equal((await readAll(store, 'thing', `${name} all`)).length, 1);
            }
        } finally {
            await other.close();
        }
    }),

    'however many try at once, no more events come than the rule allows, among rivals that append elsewhere': whereClaimed(async (store, {second}) => {
        const other = second();
        await other.connect();
        try {
            const query: EventQuery = [{tags: ['course:1']}];
            const noise = Array.from({length: 40}, (_, i) => (i % 2 === 0 ? other : store).append('noise', String(i), [tagged('course:2')]));
            const added = await Promise.all(Array.from({length: 40}, (_, i) => addOne(i % 2 === 0 ? store : other, query, ['course:1', `student:${i}`], 12)));
            assert.equal(added.filter(Boolean).length, 12);
            assert.equal((await queryAll(other, query)).length, 12);
            await Promise.all(noise);
        } finally {
            await other.close();
        }
    }),

    'whatever the boundaries, each append that succeeds has read all that stands before it': whereClaimed(async (store, {second}) => {
        const other = second();
        await other.connect();
        try {
            const queries: readonly EventQuery[] = [
                [{tags: ['a:1']}], [{tags: ['b:1']}], [{types: ['x'], tags: ['a:1']}], [{tags: ['a:1', 'b:1']}], [{types: ['y']}], [{types: ['x', 'y'], tags: ['b:1']}, {tags: ['a:2']}], [{tags: ['a:2']}, {types: ['x'], tags: ['b:1']}]
            ];
            const seen = new Map<string, {readonly query: EventQuery; readonly count: number}>();
            await Promise.all(Array.from({length: 12}, async (_, worker) => {
                const own = worker % 2 === 0 ? store : other;
                for (let n = 0; n < 12; n++) {
                    const query = queries[(worker + n * 5) % queries.length] as EventQuery;
                    const event = eventData({type: n % 3 === 0 ? 'y' : 'x', tags: [`a:${(worker + n) % 3}`, `b:${n % 2}`].slice(worker % 3 === 0 ? 1 : 0)});
                    if (n % 6 === 5) {
                        await own.append('noise', String(worker), [event]);
                        continue;
                    }
                    const found = await queryAll(own, query);
                    const appended = await appendIf(own, [at(String(worker), event)], {query, after: found.at(-1)?.position}).catch(ignoreConflict);
                    if (appended !== undefined)
                        seen.set(event.id, {query, count: found.length});
                }
            }));
            const all = await queryAll(store, [{}]);
            assert.ok(seen.size > 12, `only ${seen.size} appends have succeeded`);
            for (const [i, {id}] of all.entries()) {
                const {query, count} = seen.get(id) ?? {};
                if (query !== undefined)
                    assert.equal(all.slice(0, i).filter(event => matchesEventQuery(query, event)).length, count);
            }
        } finally {
            await other.close();
        }
    }),

    'an append that comes without a condition makes the conditions of others fail': whereClaimed(async (store, {second}) => {
        const other = second();
        await other.connect();
        try {
            for (let i = 0; i < 20; i++) {
                const tag = `round:${i}`;
                const [plain, conditional] = await Promise.allSettled([
                    other.append('thing', `plain ${i}`, [tagged(tag)]), appendIf(store, [at(`conditional ${i}`, tagged(tag))], {query: [{tags: [tag]}]})
                ]);
                assert.equal(plain.status, 'fulfilled');
                const found = await queryAll(store, [{tags: [tag]}]);
                // Both are there only where the conditional one came first.
                assert.deepEqual(found.map(({aggregateId}) => aggregateId), conditional.status === 'fulfilled' ? [`conditional ${i}`, `plain ${i}`] : [`plain ${i}`]);
            }
        } finally {
            await other.close();
        }
    })
};
