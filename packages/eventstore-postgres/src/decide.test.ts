import {describe, expect, it} from 'vitest';
import {STATE_EXISTS, STATE_NEW, type ExpectedRevision} from 'woltage';
import {decide, type Outcome} from './decide.ts';
import {encodeAppend, type EncodedAppend} from './encode.ts';
import {assumedState, streamKey, type StreamState} from './streams.ts';

const append = (aggregateId: string, ids: readonly string[], revision?: ExpectedRevision): EncodedAppend => encodeAppend({
    aggregateName: 'order', aggregateId, revision,
    events: ids.map(id => ({id, type: 'a', version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags: []}))
});
const key = (aggregateId: string): string => streamKey({aggregateName: 'order', aggregateId});
const stateOf = (last: Readonly<Record<string, number>>, places: Readonly<Record<string, readonly [id: string, revision: number, position: bigint]>> = {}): StreamState => ({
    last: new Map(Object.entries(last).map(([id, revision]) => [key(id), revision])), isRead: true,
    places: new Map(Object.entries(places).map(([id, [stream, revision, position]]) => [id, {stream: key(stream), revision, position}]))
});
const told = (outcome: Outcome): unknown => 'error' in outcome ? (outcome.error as {code: string}).code : outcome.results.map(({revision, position}) => [Number(revision), Number(position)]);

describe('A decision upon a group of appends', () => {
    it('lets each task see what those before it have written, and gives positions behind the base', () => {
        const {events, outcomes} = decide([[append('1', ['a', 'b'], STATE_NEW)], [append('1', ['c'], 1n)], [append('1', ['d'], 1n)], [append('2', ['e'])], [append('2', ['f'], STATE_EXISTS)]], stateOf({1: -1, 2: 4}));
        expect(outcomes(100n).map(told)).toEqual([[[1, 102]], [[2, 103]], 'REVISION_CONFLICT', [[5, 104]], [[6, 105]]]);
        expect(events.map(({aggregateId, revision, columns: [id]}) => [aggregateId, revision, id])).toEqual([['1', 0, 'a'], ['1', 1, 'b'], ['1', 2, 'c'], ['2', 5, 'e'], ['2', 6, 'f']]);
    });

    it('takes back all of a task that is refused in the middle', () => {
        const {events, outcomes} = decide([[append('1', ['a'], STATE_NEW), append('2', ['b'], STATE_NEW)], [append('1', ['a'], STATE_NEW)]], stateOf({1: -1, 2: 0}));
        expect(outcomes(0n).map(told)).toEqual(['REVISION_CONFLICT', [[0, 1]]]);
        expect(events).toHaveLength(1);
    });

    it('recognises a repetition of what is in the table, and of what the group itself writes', () => {
        const state = stateOf({1: 3}, {a: ['1', 1, 41n], b: ['1', 2, 42n], x: ['9', 0, 7n]});
        const {events, outcomes} = decide([
            [append('1', ['a', 'b'], 0n)], [append('1', ['a', 'b'])], [append('1', ['c'], 3n)], [append('1', ['c'], 3n)], [append('1', ['b', 'a'])], [append('1', ['x'])], [append('1', ['y', 'y'])], [append('1', ['a', 'b'], 1n)]
        ], state);
        expect(outcomes(50n).map(told)).toEqual([[[2, 42]], [[2, 42]], [[4, 51]], [[4, 51]], 'EVENT_ID_EXISTS', 'EVENT_ID_EXISTS', 'EVENT_ID_EXISTS', 'REVISION_CONFLICT']);
        expect(events).toHaveLength(1);
    });

    it('can start from what the appends expect, where all of them tell it', () => {
        expect(assumedState([append('1', ['a'], STATE_NEW), append('2', ['b'], 7n), append('1', ['c'])])).toMatchObject({last: new Map([[key('1'), -1], [key('2'), 7]]), isRead: false});
        expect(assumedState([append('1', ['a'])])).toBeUndefined();
        expect(assumedState([append('1', ['a'], STATE_EXISTS)])).toBeUndefined();
    });

    it('tells streams apart, whatever their names are', () => {
        expect(streamKey({aggregateName: 'a', aggregateId: 'bc'})).not.toBe(streamKey({aggregateName: 'ab', aggregateId: 'c'}));
        expect(streamKey({aggregateName: '1 a', aggregateId: ''})).not.toBe(streamKey({aggregateName: '1', aggregateId: ' a'}));
    });
});
