import {createTestWoltage} from '@woltage/testing';
import {afterEach, describe, expect, it} from 'vitest';
import {Action, Aggregate, createWoltage, defineEvent, MemoryEventStore, MemoryStore, onEvent, onSchedule, z, type Woltage} from 'woltage';
import {eventually} from './support/account.ts';
import {walletData} from './support/wallet.ts';

const schema = z.object({text: z.string()});
const Noted = defineEvent('Noted', {schema, version: 1});
const book = Aggregate.create('book', {});
const note = book.registerCommand(schema, function note(_state, payload) {
    return new Noted({payload});
});

const running: Woltage[] = [];
afterEach(() => Promise.all(running.splice(0).map(woltage => woltage.stop())));

const notes = async (woltage: Woltage) => (await woltage.insides.events()).map(({event}) => (event.payload as {text: string}).text);

describe('the schedule of an action', () => {
    it('runs it at each time once, whichever of many instances is there', async () => {
        const data = walletData();
        const tick = Action.create('tick', {on: onSchedule({everyMs: 100}, {missed: 'all'}), handler: async ({scheduledFor}, {run}) => {
            await run(note, 'ticks', {text: scheduledFor.toISOString()});
        }, retry: {backoffMs: 1}, concurrency: 1});
        const start = async () => {
            const woltage = await createWoltage({
                eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.records]},
                eventClasses: [Noted], aggregates: [book], actions: [tick], projectorClasses: []
            });
            running.push(woltage);
            return woltage;
        };
        const [first, second] = [await start(), await start()];
        await eventually(async () => (await notes(second)).length >= 5);
        await first.stop();
        const before = (await notes(second)).length;
        await eventually(async () => (await notes(second)).length >= before + 5);
        const times = (await notes(second)).map(text => Date.parse(text)).sort((a, b) => a - b);
        expect(times.slice(1).map((time, i) => time - (times[i] as number))).toEqual(times.slice(1).map(() => 100));
    });

    it('goes by the clock of a test', async () => {
        const runs: string[] = [];
        const report = Action.create('report', {on: onSchedule('0 6 * * *', {timeZone: 'Europe/Berlin'}), handler: ({scheduledFor}) => void runs.push(scheduledFor.toISOString())});
        const {clock, settled, stop} = await createTestWoltage({aggregates: [book], actions: [report], eventClasses: [Noted]});
        await clock.advance(3 * 24 * 3_600_000);
        await settled();
        expect(runs).toEqual(['2026-01-01T05:00:00.000Z', '2026-01-02T05:00:00.000Z', '2026-01-03T05:00:00.000Z']);
        await stop();
    });
});

describe('an action', () => {
    it('schedules commands once however often it is tried, and takes them back', async () => {
        let attempts = 0;
        const remind = Action.create('remind', {
            on: onEvent(Noted), retry: {backoffMs: 1}, handler: async ({text}, {scheduleCommand, cancelScheduled, event}) => {
                if (text !== 'begin')
                    return;
                await scheduleCommand(new Date(Date.now() + 30), note, event.aggregateId, {text: 'reminder'});
                const id = await scheduleCommand(new Date(Date.now() + 3_600_000), 'book', event.aggregateId, 'note', {text: 'never'});
                if (attempts++ < 2)
                    throw new Error('Once more.');
                expect(await cancelScheduled(id)).toBe(true);
            }
        });
        const data = walletData();
        const woltage = await createWoltage({
            eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.records]},
            eventClasses: [Noted], aggregates: [book], actions: [remind], projectorClasses: []
        });
        running.push(woltage);
        const {events: [cause]} = await woltage.executeCommand(note, 'a', {text: 'begin'});
        await eventually(async () => (await notes(woltage)).length === 2 && attempts === 3 && (await woltage.getScheduledCommands()).length === 0);
        expect(await notes(woltage)).toEqual(['begin', 'reminder']);
        expect((await woltage.insides.events()).at(-1)?.event).toMatchObject({causationId: cause?.id, correlationId: cause?.correlationId});
    });

    it('is tested with scheduled commands by the clock of a test', async () => {
        const {woltage, clock, settled, stop} = await createTestWoltage({aggregates: [book], eventClasses: [Noted]});
        await woltage.scheduleCommand(new Date(clock.now + 3_600_000), note, 'a', {text: 'in an hour'});
        await woltage.scheduleCommand(new Date(clock.now + 60 * 24 * 3_600_000), note, 'a', {text: 'in sixty days'});
        await settled();
        expect(await notes(woltage)).toEqual([]);
        await clock.advance(3_600_000);
        expect(await notes(woltage)).toEqual(['in an hour']);
        await settled({advance: true});
        expect(await notes(woltage)).toEqual(['in an hour', 'in sixty days']);
        await stop();
    });
});
