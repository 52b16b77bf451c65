import {describe, expect, it} from 'vitest';
import {TestClock} from './test-clock.ts';

describe('the clock of a test', () => {
    it('stands still, and rings what falls due in its order and at its time', async () => {
        const clock = new TestClock(1000);
        const rung: [string, number][] = [];
        const sleep = async (name: string, ...ms: number[]) => {
            for (const pause of ms) {
                await clock.source.delay(pause);
                rung.push([name, clock.now]);
            }
        };
        void sleep('b', 30, 30);
        void sleep('a', 20, 20, 20);
        await new Promise(resolve => setTimeout(resolve, 5));
        expect(rung).toEqual([]);
        await clock.advance(39);
        expect(rung).toEqual([['a', 1020], ['b', 1030]]);
        await clock.advance(1);
        expect(rung.at(-1)).toEqual(['a', 1040]);
        await clock.advance(1000);
        expect(rung.slice(3).sort()).toEqual([['a', 1060], ['b', 1060]]);
        expect(clock.now).toBe(2040);
    });

    it('takes calls at once one after the other', async () => {
        const clock = new TestClock(0);
        const times: number[] = [];
        clock.follow(async () => times.push(clock.now));
        await Promise.all([clock.advance(10), clock.advance(20)]);
        expect(clock.now).toBe(30);
        expect(times).toEqual([...times].sort((a, b) => a - b));
    });

    it('leaves pauses that are aborted or over', async () => {
        const clock = new TestClock(0);
        const abort = new AbortController();
        const aborted = clock.source.delay(10, abort.signal);
        abort.abort();
        await aborted;
        await clock.source.delay(10, abort.signal);
        await clock.source.delay(0);
        await clock.source.delay(-1);
        const forever = Promise.race([clock.source.delay(Infinity).then(() => 'over'), clock.advance(1e12).then(() => 'still waiting')]);
        expect(await forever).toBe('still waiting');
        expect(clock.now).toBe(1e12);
    });

    it('gives ids that sort by time, are UUIDs of version 7, and the same in every run', async () => {
        const take = async (): Promise<string[]> => {
            const clock = new TestClock(new Date('2026-03-01T12:00:00Z'));
            const ids = [clock.source.newId(), clock.source.newId()];
            await clock.advance(1);
            return [...ids, clock.source.newId()];
        };
        const ids = await take();
        expect(await take()).toEqual(ids);
        expect([...ids].sort()).toEqual(ids);
        expect(new Set(ids).size).toBe(3);
        for (const id of ids)
            expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt((ids[0] as string).replaceAll('-', '').slice(0, 12), 16)).toBe(Date.UTC(2026, 2, 1, 12));
    });

    it('rejects once for a bad call, and goes on', async () => {
        const clock = new TestClock(0);
        await expect(clock.advance(-5)).rejects.toMatchObject({code: 'TEST_INVALID'});
        await clock.advance(5);
        expect(clock.now).toBe(5);
    });
});
