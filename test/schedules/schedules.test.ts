import {SQLiteStore} from '@woltage/store-sqlite';
import {describe, expect, it, vi} from 'vitest';
import type {IStore} from 'woltage';
import {useChildren} from '../processes/use-children.ts';

const ROUNDS = 8;
const SHARE = 40;
const EVERY_MS = 100;

const children = useChildren<{readonly started?: true; readonly done?: number}>(new URL('child.ts', import.meta.url));

/** Commands from one number up to before another are scheduled by it. */
const start = (first: number, end: number) => children.start(String(first), String(end));

/** The numbers that have been recorded for each type, in order. */
async function recorded(): Promise<Record<string, number[]>> {
    const numbers: Record<string, number[]> = {noted: [], booked: [], placed: [], expired: [], ticked: []};
    for (const {type, payload} of await children.recorded())
        numbers[type]?.push((payload as {n: number}).n);
    return Object.fromEntries(Object.entries(numbers).map(([type, list]) => [type, list.sort((a, b) => a - b)]));
}

async function inScope<R>(namespace: string, look: (scope: IStore) => Promise<R>): Promise<R> {
    const store = new SQLiteStore({path: `${children.folder}/store.db`});
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
            await children.kill(pair);
            told.push(...pair.flatMap(({lines}) => lines.flatMap(({done}) => done ?? [])));
        }
        // The last ones schedule nothing.
        const last = [start(0, 0), start(0, 0)];
        await Promise.all(last.map(child => child.told(1)));
        await vi.waitFor(async () => expect(await left()).toBe(0), {timeout: 60_000, interval: 200});
        await children.kill(last);
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
