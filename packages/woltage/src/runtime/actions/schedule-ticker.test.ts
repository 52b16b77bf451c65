import {afterEach, describe, expect, it} from 'vitest';
import {Action, onSchedule} from '../../actions/index.ts';
import {MemoryStore, MemoryStoreData} from '../../memory/index.ts';
import type {IStore} from '../../ports/index.ts';
import {systemClock, type Clock} from '../../shared/clock.ts';
import {decodeValue} from '../../shared/json-codec.ts';
import {silentLogger} from '../../shared/logger.ts';
import {uuidV7} from '../../shared/uuid.ts';
import {openTasks, TaskQueue} from '../../tasks/index.ts';
import {ScheduleTicker} from './schedule-ticker.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 5, 1, 12);

/** A clock that is set by hand. */
class HandClock implements Clock {
    time = START;
    readonly #sleepers = new Set<{readonly at: number; readonly ring: () => void}>();

    now = (): number => this.time;
    newId = uuidV7;
    isSteady = true;

    delay = (ms: number, signal?: AbortSignal): Promise<void> => new Promise(resolve => {
        const sleeper = {at: this.time + ms, ring: () => {
            this.#sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.ring);
            resolve();
        }};
        if (signal?.aborted === true || !(ms > 0))
            return resolve();
        this.#sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.ring);
    });

    /** Sets it, forwards or back. Whoever sleeps wakes when it is time. */
    async set(time: number): Promise<void> {
        this.time = time;
        for (const sleeper of [...this.#sleepers].filter(({at}) => at <= time))
            sleeper.ring();
        await settle();
    }

    /** Goes on in steps. */
    async walk(until: number, step: number): Promise<void> {
        while (this.time < until)
            await this.set(Math.min(until, this.time + step));
    }
}

const tickers: ScheduleTicker[] = [];

const settle = async (): Promise<void> => {
    for (let i = 0; i < 3 || tickers.some(({isFiring}) => isFiring); i++)
        await new Promise(resolve => setImmediate(resolve));
};

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
    await Promise.all(stops.splice(0).map(stop => stop()));
    tickers.length = 0;
});

async function scopeOf(data: MemoryStoreData): Promise<IStore> {
    const store = new MemoryStore(data).scope({namespace: 'action', tables: {}});
    await store.connect();
    return store;
}

const actionOn = (...on: readonly ReturnType<typeof onSchedule>[]): Action => Action.create('report', {on, handler: () => undefined});

async function start(action: Action, clock: Clock, data = new MemoryStoreData(), adapt: (store: IStore) => void = () => undefined, thereSince?: number) {
    const store = await scopeOf(data);
    adapt(store);
    const queue = new TaskQueue({store, clock, log: silentLogger, self: {owner: {id: 'x', host: 'h', pid: 1, startedAt: 1}, isGone: () => false}});
    const abort = new AbortController();
    const ticker = new ScheduleTicker({action, queue, store, clock, log: silentLogger});
    tickers.push(ticker);
    const running = ticker.run(abort.signal, thereSince);
    const stop = async (): Promise<void> => {
        abort.abort();
        await running;
    };
    stops.push(stop);
    await settle();
    return {data, store, stop, fired: async () => (await openTasks(store)).map(({payload}) => (decodeValue(payload) as {scheduledFor: number}).scheduledFor).sort((a, b) => a - b)};
}

const inMinutes = (times: readonly number[]): number[] => times.map(time => (time - START) / MINUTE);

describe('a schedule', () => {
    it('queues a run at each of its times, and no other', async () => {
        const clock = new HandClock();
        const {fired} = await start(actionOn(onSchedule('*/20 * * * *'), onSchedule({everyMs: 25 * MINUTE})), clock);
        expect(await fired()).toEqual([]);
        await clock.walk(START + 19 * MINUTE, MINUTE);
        expect(await fired()).toEqual([]);
        await clock.walk(START + HOUR, MINUTE);
        expect(inMinutes(await fired())).toEqual([20, 25, 40, 50, 60]);
    });

    it('has intervals that don\'t drift, however late they are looked at', async () => {
        const clock = new HandClock();
        const {fired} = await start(actionOn(onSchedule({everyMs: 1000})), clock);
        for (const late of [1010, 2090, 3001, 6500])
            await clock.set(START + late);
        expect((await fired()).map(time => time - START)).toEqual([1000, 2000, 3000, 4000, 5000, 6000]);
    });

    const policies: ['skip' | 'once' | 'all', number, number[]][] = [
        ['skip', 195, []], ['once', 195, [180]], ['all', 195, [60, 120, 180]], ['skip', 180.5, [180]], ['once', 180.5, [180]], ['once', 59, []], ['all', 59, []], ['skip', 60, [60]]
    ];
    it.each(policies)('with the policy %s makes up for what it missed in %d minutes', async (missed, minutes, expected) => {
        for (const schedule of [onSchedule('0 * * * *', {missed}), onSchedule({everyMs: HOUR}, {missed})]) {
            const clock = new HandClock();
            const first = await start(actionOn(schedule), clock);
            await first.stop();
            await clock.set(START + minutes * MINUTE);
            const second = await start(actionOn(schedule), clock, first.data);
            expect(inMinutes(await second.fired())).toEqual(expected);
            await second.stop();
            // None of it a second time, and it goes on as before.
            const third = await start(actionOn(schedule), clock, first.data);
            await clock.walk(START + 4 * HOUR, 10 * MINUTE);
            expect(inMinutes(await third.fired())).toEqual([...new Set([...expected, ...[60, 120, 180, 240].filter(at => at > minutes)])]);
        }
    });

    it.each(['skip', 'once'] as const)('with the policy %s drops nothing when an instance takes over that was standing by', async missed => {
        const SECOND = 1000;
        const action = actionOn(onSchedule({everyMs: SECOND}, {missed}));
        const seconds = (times: readonly number[]): number[] => times.map(time => (time - START) / SECOND);
        const clock = new HandClock();
        const first = await start(action, clock);
        await clock.walk(START + 3 * SECOND, SECOND);
        await first.stop();
        await clock.set(START + 30 * SECOND);
        const second = await start(action, clock, first.data, undefined, START);
        expect(seconds(await second.fired())).toEqual(Array.from({length: 30}, (_, n) => n + 1));
        await second.stop();
        // What came before it was there was missed, and so was what is too old.
        for (const thereSince of [40 * SECOND, 0]) {
            const from = clock.time;
            await clock.set(from + (thereSince > 0 ? 20 : 90) * SECOND);
            const next = await start(action, clock, first.data, undefined, START + thereSince);
            expect(seconds(await next.fired()).filter(at => at > (from - START) / SECOND)).toEqual([(clock.time - START) / SECOND]);
            await next.stop();
        }
    });

    it('makes up for a thousand runs at most, the oldest', async () => {
        const clock = new HandClock();
        const first = await start(actionOn(onSchedule('* * * * *', {missed: 'all'})), clock);
        await first.stop();
        await clock.set(START + 100 * HOUR);
        const second = await start(actionOn(onSchedule('* * * * *', {missed: 'all'})), clock, first.data);
        for (let n = 0; (await second.fired()).length < 1000; n++) {
            expect(n).toBeLessThan(1000);
            await settle();
        }
        expect(inMinutes(await second.fired())).toEqual(Array.from({length: 1000}, (_, n) => n + 1));
    }, 30_000);

    it('is made up for, too, when its process was asleep', async () => {
        const clock = new HandClock();
        const {fired} = await start(actionOn(onSchedule({everyMs: MINUTE})), clock);
        await clock.set(START + 30 * MINUTE + 5);
        expect(inMinutes(await fired())).toEqual([30]);
        await clock.set(START + 31 * MINUTE);
        expect(inMinutes(await fired())).toEqual([30, 31]);
    });

    it('never runs twice for one time when the clock is set back', async () => {
        const clock = new HandClock();
        const first = await start(actionOn(onSchedule('*/10 * * * *')), clock);
        await clock.walk(START + 25 * MINUTE, MINUTE);
        await clock.set(START + MINUTE);
        await clock.walk(START + 15 * MINUTE, MINUTE);
        await first.stop();
        const second = await start(actionOn(onSchedule('*/10 * * * *')), clock, first.data);
        await clock.walk(START + 40 * MINUTE, MINUTE);
        expect(inMinutes(await second.fired())).toEqual([10, 20, 30, 40]);
    });

    it('begins anew when its expression, its zone or its interval has changed, also when it changes back', async () => {
        const clock = new HandClock();
        const first = await start(actionOn(onSchedule('0 * * * *')), clock);
        await first.stop();
        await clock.set(START + 90 * MINUTE);
        const second = await start(actionOn(onSchedule('0 * * * *', {timeZone: 'Asia/Kolkata'})), clock, first.data);
        expect(await second.fired()).toEqual([]);
        await clock.set(START + 95 * MINUTE);
        await second.stop();
        const third = await start(actionOn(onSchedule('0 * * * *')), clock, first.data);
        await clock.walk(START + 121 * MINUTE, MINUTE);
        expect(inMinutes(await third.fired())).toEqual([120]);
        await third.stop();
        expect((await third.store.listRecords('schedule/')).map(({key}) => key)).toEqual(['schedule/["0 * * * *","UTC"]']);
    });

    it('fires each time once when several processes are at it, without a lease, on a store that fails and loses answers', async () => {
        const clock = new HandClock();
        const data = new MemoryStoreData();
        let n = 0;
        const unreliable = (store: IStore): void => {
            const commit = store.commit.bind(store);
            store.commit = async batch => {
                n++;
                if (n % 7 === 0)
                    throw new Error('The database is away.');
                await commit(batch);
                if (n % 11 === 0)
                    throw new Error('The answer was lost.');
            };
        };
        const action = actionOn(onSchedule('* * * * *', {missed: 'all'}), onSchedule({everyMs: 90_000}, {missed: 'all'}));
        const [one] = [await start(action, clock, data, unreliable), await start(action, clock, data, unreliable), await start(action, clock, data)];
        await clock.walk(START + 45 * MINUTE, 30_000);
        const expected = [...Array.from({length: 45}, (_, i) => i + 1), ...Array.from({length: 30}, (_, i) => (i + 1) * 1.5)].sort((a, b) => a - b);
        for (let round = 0; (await one.fired()).length < expected.length && round < 200; round++)
            await new Promise(resolve => setTimeout(resolve, 20));
        expect(inMinutes(await one.fired())).toEqual(expected);
    });

    it('waits while there is too much to do', async () => {
        const clock = new HandClock();
        const data = new MemoryStoreData();
        const store = await scopeOf(data);
        const queue = new TaskQueue({store, clock, log: silentLogger, self: {owner: {id: 'x', host: 'h', pid: 1, startedAt: 1}, isGone: () => false}});
        await queue.enqueue(Array.from({length: 2000}, (_, i) => ({id: `t${i}`, kind: 'k', payload: {scheduledFor: 0}})));
        const {fired, store: scope} = await start(actionOn(onSchedule({everyMs: MINUTE})), clock, data);
        await clock.walk(START + 5 * MINUTE, MINUTE);
        expect(await fired()).toHaveLength(2000);
        await scope.commit({records: (await scope.listRecords('open/', {limit: 1500})).map(({key}) => ({key, value: null, token: uuidV7()}))});
        await new Promise(resolve => setTimeout(resolve, 60));
        await clock.set(START + 5 * MINUTE + 1000);
        expect(inMinutes(await fired()).filter(at => at > 0)).toEqual([5]);
    });

    it('fires by the system\'s clock', async () => {
        const began = Date.now();
        const {fired} = await start(actionOn(onSchedule({everyMs: 50})), systemClock);
        for (let times = await fired(); times.length < 5; times = await fired())
            await new Promise(resolve => setTimeout(resolve, 5));
        const times = await fired();
        expect(times.slice(1).map((time, i) => time - (times[i] as number))).toEqual(times.slice(1).map(() => 50));
        expect(times[0]).toBeGreaterThanOrEqual(began + 50);
    });
});

describe('where clocks are changed', () => {
    const berlin = {timeZone: 'Europe/Berlin', missed: 'all' as const};

    async function runs(expression: string, from: string, to: string, policy: 'all' | 'once' = 'all'): Promise<string[]> {
        const clock = new HandClock();
        clock.time = Date.parse(from);
        const {fired} = await start(actionOn(onSchedule(expression, {...berlin, missed: policy})), clock);
        await clock.walk(Date.parse(to), 15 * MINUTE);
        return (await fired()).map(time => new Date(time).toISOString().slice(0, 16));
    }

    it('one time of the day runs once on each day: after the gap, and at the first of two', async () => {
        expect(await runs('30 2 * * *', '2026-03-28T00:00Z', '2026-03-30T12:00Z')).toEqual(['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']);
        expect(await runs('30 2 * * *', '2026-10-24T00:00Z', '2026-10-26T12:00Z', 'once')).toEqual(['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']);
    });

    it('all other schedules go by what the clock shows', async () => {
        // 1:30, then 3:30, as the clock shows it; and 1:30, 2:30, 2:30, 3:30.
        expect(await runs('30 1-3 * * *', '2026-03-29T00:00Z', '2026-03-29T12:00Z')).toEqual(['2026-03-29T00:30', '2026-03-29T01:30']);
        expect(await runs('30 1-3 * * *', '2026-10-24T23:00Z', '2026-10-25T12:00Z')).toEqual(['2026-10-24T23:30', '2026-10-25T00:30', '2026-10-25T01:30', '2026-10-25T02:30']);
    });

    it('what was missed is made up for by the same times', async () => {
        const clock = new HandClock();
        clock.time = Date.parse('2026-10-24T12:00Z');
        const action = actionOn(onSchedule('30 2 * * *', {...berlin, missed: 'once'}));
        const first = await start(action, clock);
        await first.stop();
        await clock.set(Date.parse('2026-10-25T01:45Z'));
        const second = await start(action, clock, first.data);
        expect((await second.fired()).map(time => new Date(time).toISOString())).toEqual(['2026-10-25T00:30:00.000Z']);
        await clock.walk(Date.parse('2026-10-26T00:00Z'), 15 * MINUTE);
        expect(await second.fired()).toHaveLength(1);
    });
});

describe('onSchedule', () => {
    it('refuses what never comes, and what nobody can read', () => {
        const bad: [unknown, object?][] = [
            ['61 * * * *'], ['* * *'], ['* * * * * * 2026'], ['@reboot'], ['0 0 30 2 *'], ['2026-01-01T00:00'], ['nonsense'], [''], [undefined], [{everyMs: 0}], [{everyMs: NaN}], [{everyMs: '5'}], [{}],
            ['* * * * *', {timeZone: 'Nowhere/City'}], [{everyMs: 5}, {timeZone: 'x'}], ['* * * * *', {missed: 'never'}], ['* * * * *', {zone: 'UTC'}]
        ];
        for (const [every, options] of bad)
            expect(() => onSchedule(every as string, options), JSON.stringify([every, options])).toThrow(expect.objectContaining({code: 'TRIGGER_INVALID'}) as Error);
        for (const good of ['* * * * *', '*/5 * * * * *', '@daily', '0 6 * * MON-FRI', '0 0 L * *'])
            expect(onSchedule(good, {timeZone: 'America/New_York'}).every).toBe(good);
    });
});
