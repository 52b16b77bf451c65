import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {IStore} from 'woltage';
import {runChild, type Child} from '../processes/run-child.ts';

const ROUNDS = 8;
const SHARE = 40;
const EVERY_MS = 100;
const script = new URL('child.ts', import.meta.url);

interface Told {
    readonly started?: true;
    readonly done?: number;
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

/** The numbers that have been recorded for each type, in order. */
async function recorded(): Promise<Record<string, number[]>> {
    const store = new SQLiteEventStore({path: `${folder}/events.db`});
    await store.connect();
    const numbers: Record<string, number[]> = {noted: [], booked: [], placed: [], expired: [], ticked: []};
    for await (const {events, caughtUp} of store.subscribe()) {
        for (const {type, payload} of events)
            numbers[type]?.push((payload as {n: number}).n);
        if (caughtUp)
            break;
    }
    await store.close();
    return Object.fromEntries(Object.entries(numbers).map(([type, list]) => [type, list.sort((a, b) => a - b)]));
}

async function inScope<R>(namespace: string, look: (scope: IStore) => Promise<R>): Promise<R> {
    const store = new SQLiteStore({path: `${folder}/store.db`});
    await store.connect();
    try {
        return await look(store.scope({namespace, tables: {}}));
    } finally {
        await store.close();
    }
}

/** What waits, or has failed, in the queue of scheduled commands. */
const left = (): Promise<number> => inScope('_woltage_scheduled', async scope => (await scope.listRecords('open/')).length + (await scope.listRecords('dead/')).length);

/** The ticks whose tasks aren't done. */
const openTicks = (): Promise<number[]> => inScope('_woltage_action/ticking', async scope =>
    (await scope.listRecords('id/')).flatMap(({value}) => value === 'done' ? [] : (JSON.parse(value) as {payload: {scheduledFor: number}}).payload.scheduledFor));

const distinct = (numbers: readonly number[] = []): number[] => [...new Set(numbers)];

describe('scheduled commands and schedules, while processes are killed at any moment', () => {
    it('are executed once each, and tick once each time; none is lost', async () => {
        const told: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
            const pair = [start(round * SHARE, round * SHARE + SHARE / 2), start(round * SHARE + SHARE / 2, (round + 1) * SHARE)];
            await Promise.race(pair.map(child => child.told(4 + round * 2)));
            for (const {process} of pair)
                process.kill('SIGKILL');
            await Promise.all(pair.map(({ended}) => ended));
            told.push(...pair.flatMap(({lines}) => lines.flatMap(({done}) => done ?? [])));
        }
        // The last ones schedule nothing.
        const last = [start(0, 0), start(0, 0)];
        await Promise.all(last.map(child => child.told(1)));
        await vi.waitFor(async () => expect(await left()).toBe(0), {timeout: 60_000, interval: 200});
        for (const {process} of last)
            process.kill('SIGKILL');
        await Promise.all(last.map(({ended}) => ended));
        const {noted, booked, placed, expired, ticked = []} = await recorded();
        expect(told.length).toBeGreaterThan(ROUNDS * 4);
        for (const numbers of [noted, booked, placed, expired]) {
            expect(numbers).toEqual(distinct(numbers));
            expect(distinct([...numbers ?? [], ...told])).toHaveLength(numbers?.length ?? 0);
        }
        // What a handler schedules is there whenever its event is.
        expect(expired).toEqual(placed);
        expect(ticked.length).toBeGreaterThan(20);
        expect(ticked).toEqual(distinct(ticked));
        const ticks = distinct([...ticked, ...await openTicks()]).sort((a, b) => a - b);
        expect(ticks.slice(1).map((time, i) => time - (ticks[i] as number)).filter(gap => gap !== EVERY_MS)).toEqual([]);
    }, 180_000);
});
