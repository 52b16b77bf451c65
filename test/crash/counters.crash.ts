import {describe, expect, it} from 'vitest';
import {MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData} from 'woltage';
import {adapters, type CrashAdapters} from './adapters.ts';
import {fill, settle, startCounters, work} from './counters.ts';
import {expectExactlyOnce} from './counters-model.ts';
import {endAt, randomEnd} from './end.ts';
import {intercepted} from './intercepted.ts';
import {inFolder, pause, Process} from './support.ts';

const KILLS = Number(process.env['WOLTAGE_CRASH_KILLS'] ?? 105);
const HISTORY = Number(process.env['WOLTAGE_CRASH_HISTORY'] ?? 3000);
/** Databases that are worked on at the same time, each by one process. */
const LANES = 3;

/** Where an event takes several steps or round trips: with less history there are switches in a short life as well. */
const MANY_STEPS: ReadonlySet<string> = new Set(['single-key', 'postgres']);

/** Where commands would come faster than a projection can follow, and none became live in a short life: how long a worker pauses between them, in ms. */
const PAUSE_MS: Readonly<Record<string, string>> = {postgres: '200'};
/** How many times longer a life may be where every call goes to a server, for there to be switches. */
const LIFE: Readonly<Record<string, number>> = {postgres: 4};

/** What a lane has seen. */
interface Count {
    kills: number;
    switches: number;
    events: number;
    rows: number;
}

async function inLanes(lane: (number: number) => Promise<Count>): Promise<Count> {
    const sum = {kills: 0, switches: 0, events: 0, rows: 0};
    for (const count of await Promise.all(Array.from({length: LANES}, (_, number) => lane(number)))) {
        for (const key of Object.keys(sum) as (keyof Count)[])
            sum[key] += count[key];
    }
    return sum;
}

const report = (name: string, {kills, switches, events, rows}: Count): boolean =>
    process.stdout.write(`counters on ${name}: ${kills} crashes, ${switches} switches, ${events} events, ${rows} rows\n`);

describe.each(Object.keys(adapters))('on %s, a process that is killed in replays, under commands and at commits', adapter => {
    async function kill(folder: string, acknowledged: string[]): Promise<number> {
        // By its own hand at a certain call, or from outside at any time.
        const byHand = Math.random() < 0.5;
        const calls = adapter === 'single-key' ? ['write'] : undefined;
        const life = new Process('counters-app.ts', [folder, adapter, 'work', byHand ? randomEnd(60, calls) : ''], {WOLTAGE_CRASH_PAUSE_MS: PAUSE_MS[adapter] ?? ''});
        try {
            if (Math.random() < 0.9)
                await life.says('ready');
            await Promise.race([life.ended(), pause(Math.random() * (byHand ? 3000 : 400) * (LIFE[adapter] ?? 1))]);
        } finally {
            life.child.kill('SIGKILL');
        }
        expect(await life.ended()).toBe('SIGKILL');
        acknowledged.push(...life.acknowledged);
        return [...life.output.matchAll(/^switched/gm)].length;
    }

    it(`handles each event exactly once in ${KILLS} kills`, async () => {
        const count = await inLanes(() => inFolder(async folder => {
            const history = MANY_STEPS.has(adapter) ? Math.ceil(HISTORY / 8) : HISTORY;
            expect(await new Process('counters-app.ts', [folder, adapter, 'fill', String(history)]).ended()).toBeNull();
            const acknowledged: string[] = [];
            let switches = 0;
            const kills = Math.ceil(KILLS / LANES);
            for (let round = 0; round < kills; round++)
                switches += await kill(folder, acknowledged);
            const settled = new Process('counters-app.ts', [folder, adapter, 'settle']);
            expect(await settled.ended()).toBeNull();
            const found = JSON.parse(settled.output) as Awaited<ReturnType<typeof settle>>;
            return {kills, switches, events: found.ticks.length, rows: expectExactlyOnce(found, acknowledged)};
        }));
        expect(count.switches).toBeGreaterThan(0);
        report(adapter, count);
    }, 3_600_000);
});

describe('in memory, an instance whose adapters stop working for good at any of their calls', () => {
    const LEASE_MS = 100;

    /** Nothing that it does has an effect any more, and none of its calls returns. */
    async function liveAndDie({eventStore, store}: CrashAdapters, acknowledged: string[]): Promise<number> {
        let isOver = false;
        let switches = 0;
        let end = (): void => undefined;
        const ended = new Promise<void>(resolve => end = resolve);
        const dead = new Promise<never>(() => undefined);
        const die = (): Promise<never> => {
            isOver = true;
            end();
            return dead;
        };
        const atEnd = endAt(randomEnd(80), die);
        const mortal = {
            before: (call: string) => isOver ? dead : atEnd.before(call),
            after: (call: string) => isOver ? dead : atEnd.after(call)
        };
        const tell = (line: string): void => {
            if (isOver)
                return;
            if (line.startsWith('ack '))
                acknowledged.push(line.slice(4));
            else
                switches++;
        };
        const lived = startCounters({eventStore: intercepted(eventStore, mortal), store: intercepted(store, mortal)}, LEASE_MS).then(woltage => work(woltage, tell, () => isOver));
        // An end that doesn't come by itself, because there are not so many calls of its kind.
        await Promise.race([lived, ended, pause(Math.random() * 500).then(() => void die())]);
        expect(isOver).toBe(true);
        return switches;
    }

    it(`handles each event exactly once in ${KILLS} crashes`, async () => {
        const count = await inLanes(async () => {
            const store = {adapter: MemoryStore, args: [new MemoryStoreData()]};
            const data: CrashAdapters = {eventStore: {adapter: MemoryEventStore, args: [new MemoryEventStoreData()]}, store};
            const first = await startCounters(data, LEASE_MS);
            await fill(first, HISTORY);
            await first.stop();
            const acknowledged: string[] = [];
            let switches = 0;
            const kills = Math.ceil(KILLS / LANES);
            for (let round = 0; round < kills; round++)
                switches += await liveAndDie(data, acknowledged);
            const last = await startCounters(data, LEASE_MS);
            try {
                const found = await settle(last, data.eventStore);
                return {kills, switches, events: found.ticks.length, rows: expectExactlyOnce(found, acknowledged)};
            } finally {
                await last.stop();
            }
        });
        expect(count.switches).toBeGreaterThan(0);
        report('memory', count);
    }, 3_600_000);
});
