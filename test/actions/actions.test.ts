import {describe, expect, it, vi} from 'vitest';
import {useChildren} from '../processes/use-children.ts';

const ORDERS = 240;
const ROUNDS = 8;
const children = useChildren<{readonly done: number}>(new URL('child.ts', import.meta.url));

/** Orders from one number up to before another are placed by it. */
const start = (first: number, end: number) => children.start(String(first), String(end));

/** How often each type has been recorded for each order. */
async function recorded(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const {type, payload} of await children.recorded()) {
        const key = `${type} ${(payload as {n: number}).n}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
}

describe('actions, while processes are killed at any moment', () => {
    it('do all that follows from each event, once', async () => {
        for (let round = 0; round < ROUNDS; round++) {
            const share = ORDERS / ROUNDS;
            const pair = [start(round * share, (round + 1) * share), start(0, 0)];
            await Promise.race(pair.map(child => child.told(3 + round * 2)));
            await children.kill(pair);
        }
        start(0, ORDERS);
        start(0, 0);
        const expected = new Map(['order.placed', 'order.shipped', 'order.booked', 'order.billed'].flatMap(type => Array.from({length: ORDERS}, (_, n) => [`${type} ${n}`, 1] as const)));
        await vi.waitFor(async () => expect((await recorded()).size).toBe(expected.size), {timeout: 60_000, interval: 300});
        expect([...await recorded()].filter(([, count]) => count !== 1)).toEqual([]);
    }, 120_000);
});
