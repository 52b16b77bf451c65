import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {migrate, openDatabase} from '@woltage/sqlite';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {uuidV7, type EventData, type EventQuery, type IEventStore} from 'woltage';
import {SQLiteEventStore} from '../src/index.ts';
import {migrations} from '../src/schema.ts';

const event = (type: string, ...tags: string[]): EventData => {
    const id = uuidV7();
    return {id, type, version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags};
};

async function positions(store: IEventStore, query: EventQuery, after?: bigint): Promise<number[]> {
    const found: number[] = [];
    for await (const page of store.query?.(query, {after}) ?? [])
        found.push(...page.map(({position}) => Number(position)));
    return found;
}

let folder = '';
let path = '';
beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-'));
    path = join(folder, 'events.db');
});
afterEach(() => rm(folder, {recursive: true, force: true}));

describe('Queries of a SQLite file', () => {
    it('find what the release before queries has written, also what it still writes through an open connection', async () => {
        const old = openDatabase({path});
        migrate(old, 'events', migrations.slice(0, 1));
        const insert = old.prepare(`INSERT INTO events (aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload, meta, correlation_id, causation_id, tags)
            VALUES ('cart', ?, 0, ?, ?, 1, 1, '{}', '{}', 'c', NULL, ?)`);
        for (let i = 1; i <= 300; i++)
            insert.run(String(i), String(i), i % 2 === 0 ? 'even' : 'odd', i % 3 === 0 ? JSON.stringify(['third:1', `n:${i}`, 'third:1']) : null);

        const store = new SQLiteEventStore({path});
        await store.connect();
        expect(await positions(store, [{tags: ['third:1']}])).toEqual(Array.from({length: 100}, (_, i) => (i + 1) * 3));
        expect(await positions(store, [{types: ['even'], tags: ['third:1']}], 290n)).toEqual([294, 300]);
        expect(await positions(store, [{types: ['even'], tags: ['n:6', 'third:1']}])).toEqual([6]);
        insert.run('301', '301', 'odd', JSON.stringify(['third:1']));
        expect(await positions(store, [{tags: ['third:1']}], 297n)).toEqual([300, 301]);
        await expect(store.appendAll([{aggregateName: 'cart', aggregateId: '1', events: [event('odd')]}], {query: [{tags: ['third:1']}], after: 300n}))
            .rejects.toMatchObject({code: 'CONDITION_FAILED'});
        old.prepare('DELETE FROM events WHERE position <= 300').run();
        expect(old.prepare('SELECT tag, position FROM event_tags').raw().all()).toEqual([['third:1', 301]]);
        old.close();
        await store.close();
    });

    it('go by an index, whatever they ask for', async () => {
        const store = new SQLiteEventStore({path});
        await store.connect();
        for (let i = 0; i < 20; i++)
            await store.append('thing', String(i), Array.from({length: 1000}, (_, n) => event(n === 0 ? 'rare' : 'common', 'hot:1', 'hot:2', `one:${i}-${n}`)));
        await store.append('thing', 'last', [event('common', 'hot:1', 'late:1')]);
        const milliseconds = async (query: EventQuery, after?: bigint): Promise<number> => {
            let best = Infinity;
            for (let i = 0; i < 20; i++) {
                const began = performance.now();
                expect((await positions(store, query, after)).length).toBeLessThanOrEqual(20);
                best = Math.min(best, performance.now() - began);
            }
            return best;
        };
        // Going through all of it takes some 3 ms and more; a step in an index a few µs.
        expect(await milliseconds([{tags: ['hot:1', 'one:3-3']}])).toBeLessThan(2);
        expect(await milliseconds([{tags: ['late:1', 'hot:2']}])).toBeLessThan(2);
        expect(await milliseconds([{tags: ['hot:1']}], 20_000n)).toBeLessThan(2);
        expect(await milliseconds([{types: ['common']}], 20_000n)).toBeLessThan(2);
        expect(await milliseconds([{types: ['rare'], tags: ['hot:2', 'hot:1']}])).toBeLessThan(2);
        expect(await milliseconds([{types: ['rare']}])).toBeLessThan(2);
        await store.close();
    });
});
