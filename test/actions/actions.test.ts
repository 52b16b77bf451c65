import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {runChild, type Child} from '../processes/run-child.ts';

const ORDERS = 240;
const ROUNDS = 8;
const script = new URL('child.ts', import.meta.url);

interface Told {
    readonly done: number;
}

let folder: string;
let children: Child<Told>[] = [];
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'woltage-'));
});
afterEach(async () => {
    for (const {process} of children)
        process.kill('SIGKILL');
    await Promise.all(children.map(({ended}) => ended));
    children = [];
    rmSync(folder, {recursive: true, force: true});
});

function start(first: number, end: number): Child<Told> {
    const child = runChild<Told>(script, folder, String(first), String(end));
    children.push(child);
    return child;
}

/** How often each type has been recorded for each order. */
async function recorded(): Promise<Map<string, number>> {
    const store = new SQLiteEventStore({path: `${folder}/events.db`});
    await store.connect();
    const counts = new Map<string, number>();
    for await (const {events, caughtUp} of store.subscribe()) {
        for (const {type, payload} of events) {
            const key = `${type} ${(payload as {n: number}).n}`;
            counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        if (caughtUp)
            break;
    }
    await store.close();
    return counts;
}

describe('actions, while processes are killed at any moment', () => {
    it('do all that follows from each event, once', async () => {
        for (let round = 0; round < ROUNDS; round++) {
            const share = ORDERS / ROUNDS;
            const [placing, helping] = [start(round * share, (round + 1) * share), start(0, 0)];
            await Promise.race([placing, helping].map(child => child.told(3 + round * 2)));
            placing.process.kill('SIGKILL');
            helping.process.kill('SIGKILL');
            await Promise.all([placing.ended, helping.ended]);
        }
        start(0, ORDERS);
        start(0, 0);
        const expected = new Map(['order.placed', 'order.shipped', 'order.booked', 'order.billed'].flatMap(type => Array.from({length: ORDERS}, (_, n) => [`${type} ${n}`, 1] as const)));
        await vi.waitFor(async () => expect((await recorded()).size).toBe(expected.size), {timeout: 60_000, interval: 300});
        expect([...await recorded()].filter(([, count]) => count !== 1)).toEqual([]);
    }, 120_000);
});
