import {expect} from 'vitest';
import {addToDigest, PLACES, teamOf, type CounterRows, type Tick} from './counters.ts';

interface Counter {
    count: number;
    sum: number;
    last: number;
    place: number;
    since: string | undefined;
    weight: number;
}

/** What the rows must be: the events folded without a database. */
function fold(ticks: readonly Tick[]): CounterRows {
    const counters = new Map<string, Counter>();
    let digest = 0;
    for (const {id, aggregateId, by} of ticks) {
        const counter = counters.get(aggregateId) ?? {count: 0, sum: 0, last: 0, place: 0, since: undefined, weight: 0};
        counters.set(aggregateId, counter);
        counter.count++;
        counter.sum += by;
        counter.last = by;
        counter.place = (counter.place + by) % PLACES;
        counter.since = counter.since === undefined ? id : undefined;
        const team = [...counters].filter(([other]) => teamOf(other) === teamOf(aggregateId));
        team.sort(([a, {weight: one}], [b, {weight: two}]) => two - one || (a < b ? -1 : 1));
        for (const [, member] of team.slice(0, 3))
            member.weight += by;
        counter.weight++;
        digest = addToDigest(digest, id);
    }
    const rows = [...counters].map(([id, values]) => ({id, ...values}));
    return {
        counts: rows.map(({id, count, sum, place}) => ({id, count, sum, place})),
        updates: rows.map(({id, count, last}) => ({id, times: count, last})),
        flips: rows.flatMap(({id, since}) => since === undefined ? [] : [{id, since}]),
        // The whole way is one row that has moved.
        places: rows.map(({id, place, count}) => ({place, id, visits: count})),
        members: rows.map(({id, weight}) => ({id, team: teamOf(id), weight})),
        journal: [{name: 'all', events: ticks.length, digest}]
    };
}

/** Each event is there once, each acknowledged one is there, and the rows are exactly what the events make of them. @returns The number of rows */
export function expectExactlyOnce({ticks, rows}: {readonly ticks: readonly Tick[]; readonly rows: CounterRows}, acknowledged: readonly string[]): number {
    const ids = new Set(ticks.map(({id}) => id));
    expect(ids.size).toBe(ticks.length);
    expect(acknowledged.filter(id => !ids.has(id))).toEqual([]);
    expect(sorted(rows)).toEqual(sorted(fold(ticks)));
    return Object.values(rows).reduce((sum, {length}) => sum + length, 0);
}

const sorted = (rows: CounterRows): Record<string, unknown> =>
    Object.fromEntries(Object.entries(rows).map(([table, list]) => [table, [...list].map(row => JSON.stringify(row, Object.keys(row).sort())).sort()]));
