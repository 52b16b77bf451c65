import {afterEach, describe, expect, it} from 'vitest';
import {
    ConflictError, createWoltage, Decision, defineEvent, MemoryEventStore, MemoryStore, NotFoundError, UnavailableError, z, Aggregate, type Woltage, type WoltageConfig
} from 'woltage';
import {eventually} from './support/account.ts';
import {walletData, type WalletData} from './support/wallet.ts';

const noteSchema = z.object({text: z.string(), at: z.date().optional(), n: z.bigint().optional()});
const Noted = defineEvent('Noted', {schema: noteSchema, version: 1, tags: ({text}: {text: string}) => [`note:${text}`]});

interface Probe {
    readonly calls: {payload: unknown; context: unknown}[];
    fail: (attempt: number) => void;
}

function definitions() {
    const probe: Probe = {calls: [], fail: () => undefined};
    const book = Aggregate.create<{notes: string[]}>('book', {$init: () => ({notes: []})}).on(Noted, (state, event) => ({notes: [...state.notes, event.payload.text]}));
    const note = book.registerCommand(noteSchema, function note(_state, payload, context) {
        probe.calls.push({payload, context});
        probe.fail(probe.calls.length);
        return new Noted({payload});
    });
    const slow = book.registerCommand(z.object({ms: z.number()}), async function slow(_state, {ms}) {
        probe.calls.push({payload: ms, context: undefined});
        await new Promise(resolve => setTimeout(resolve, ms));
        return new Noted({payload: {text: 'slow'}});
    });
    const once = Decision.create('once', {
        input: z.object({text: z.string()}), query: ({text}) => ({tags: [`note:${text}`]}), init: () => ({is: false}),
        decide(state, {text}, context) {
            probe.calls.push({payload: text, context});
            probe.fail(probe.calls.length);
            if (state.is)
                throw new ConflictError('It is noted already.');
            return new Noted({payload: {text}});
        }
    }).on(Noted, () => ({is: true}));
    return {probe, book, note, slow, once};
}

const started: Woltage[] = [];
afterEach(async () => {
    await Promise.all(started.splice(0).map(woltage => woltage.stop()));
});

async function start(data: WalletData = walletData(), config: Partial<WoltageConfig> = {}, own = definitions()) {
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.records]},
        eventClasses: [Noted], aggregates: [own.book], decisions: [own.once], projectorClasses: [], ...config
    });
    started.push(woltage);
    return {...own, woltage, data};
}

const inMs = (ms: number): Date => new Date(Date.now() + ms);
const notes = async (woltage: Woltage): Promise<string[]> => (await woltage.insides.events()).map(({event}) => (event.payload as {text: string}).text);

describe('a scheduled command', () => {
    it('is executed at its time, by handle, by names and as a decision, with what it was given', async () => {
        const {woltage, note, once, book, probe} = await start();
        const began = Date.now();
        const at = (ms: number): Date => new Date(began + ms);
        await woltage.scheduleCommand(at(600), note, 'c', {text: 'handle', at: new Date(5), n: 2n ** 70n}, {user: 'ann'});
        await woltage.scheduleCommand(at(580), 'book', 'a', 'note', {text: 'names'});
        await woltage.scheduleCommand(at(560), book, 'b', 'note', {text: 'aggregate'}, {});
        await woltage.scheduleCommand(at(540), once, {text: 'decision'}, {user: 'bob'});
        expect((await woltage.getScheduledCommands()).map(({decision, aggregate, aggregateId, command, payload, attempts}) => [decision, aggregate, aggregateId, command, payload, attempts])).toEqual([
            ['once', undefined, undefined, undefined, {text: 'decision'}, 0], [undefined, 'book', 'b', 'note', {text: 'aggregate'}, 0],
            [undefined, 'book', 'a', 'note', {text: 'names'}, 0], [undefined, 'book', 'c', 'note', {text: 'handle', at: new Date(5), n: 2n ** 70n}, 0]
        ]);
        expect(await notes(woltage)).toEqual([]);
        await eventually(async () => (await notes(woltage)).length === 4);
        expect(Date.now() - began).toBeGreaterThanOrEqual(599);
        expect((await notes(woltage)).sort()).toEqual(['aggregate', 'decision', 'handle', 'names']);
        expect(probe.calls).toContainEqual({payload: 'decision', context: {user: 'bob'}});
        expect(probe.calls).toContainEqual({payload: {text: 'handle', at: new Date(5), n: 2n ** 70n}, context: {user: 'ann', aggregateId: 'c', aggregateVersion: 0}});
        await eventually(async () => (await woltage.getScheduledCommands()).length === 0);
        expect(await woltage.getFailedCommands()).toEqual([]);
    });

    it('is executed within some ms of its time, and at once where that has passed', async () => {
        const {woltage, note} = await start();
        const late: number[] = [];
        for (let n = 0; n < 15; n++) {
            const at = inMs(n % 3 === 0 ? -86_400_000 * 365 * 80 : 15);
            const due = Math.max(Date.now(), at.getTime());
            await woltage.scheduleCommand(at, note, `a${n}`, {text: String(n)});
            await eventually(async () => (await notes(woltage)).length === n + 1);
            const [last] = (await woltage.insides.events()).slice(-1);
            late.push((last?.event.timestamp as number) - due);
        }
        expect(late.sort((a, b) => a - b)[7]).toBeLessThan(20);
    });

    it('is refused at once for what can\'t ever be executed', async () => {
        const {woltage, note, once, book} = await start();
        const at = inMs(5);
        const schedule = woltage.scheduleCommand.bind(woltage) as (...args: unknown[]) => Promise<string>;
        const cases: [string, unknown[]][] = [
            ['INVALID_DATE', [new Date(NaN), note, 'a', {text: 'x'}]], ['INVALID_DATE', ['2026-01-01', note, 'a', {text: 'x'}]], ['INVALID_DATE', [Date.now(), note, 'a', {text: 'x'}]],
            ['INVALID_DATE', [new Date(8.64e15), note, 'a', {text: 'x'}]], ['INVALID_DATE', [undefined, note, 'a', {text: 'x'}]],
            ['VALIDATION_FAILED', [at, note, 'a', {text: 5}]], ['VALIDATION_FAILED', [at, note, 'a']], ['VALIDATION_FAILED', [at, once, {}]],
            ['UNKNOWN_AGGREGATE', [at, 'nope', 'a', 'note', {}]], ['UNKNOWN_AGGREGATE', [at, 'constructor', 'a', 'note', {}]], ['UNKNOWN_AGGREGATE', [at]], ['UNKNOWN_AGGREGATE', [at, null]],
            ['UNKNOWN_COMMAND', [at, 'book', 'a', 'toString', {}]], ['UNKNOWN_COMMAND', [at, book, 'a', undefined, {}]],
            ['UNKNOWN_DECISION', [at, definitions().once, {text: 'x'}]],
            ['INVALID_AGGREGATE_ID', [at, note, '', {text: 'x'}]], ['INVALID_AGGREGATE_ID', [at, note, undefined, {text: 'x'}]],
            ['NOT_ENCODABLE', [at, note, 'a', {text: 'x', extra: () => 1}]], ['NOT_ENCODABLE', [at, note, 'a', {text: 'x'}, {when: new Date(NaN)}]], ['NOT_ENCODABLE', [at, note, 'a', {text: 'x'}, new Map()]],
            ['INVALID_COMMANDS', [at, note, 'a', {text: 'x'}, 'context']], ['INVALID_OPTIONS', [at, note, 'a', {text: 'x'}, {}, {ID: 'x'}]], ['INVALID_OPTIONS', [at, note, 'a', {text: 'x'}, {}, 'id']],
            ['INVALID_TASK_ID', [at, note, 'a', {text: 'x'}, {}, {id: ''}]], ['INVALID_TASK_ID', [at, note, 'a', {text: 'x'}, {}, {id: 'x'.repeat(257)}]], ['INVALID_TASK_ID', [at, note, 'a', {text: 'x'}, {}, {id: 5}]],
            ['INVALID_IDEMPOTENCY_KEY', [at, note, 'a', {text: 'x'}, {}, {idempotencyKey: ''}]]
        ];
        for (const [code, args] of cases)
            await expect(schedule(...args), JSON.stringify(args)).rejects.toMatchObject({code});
        expect(await woltage.getScheduledCommands()).toEqual([]);
    });

    it('has an id: a repetition schedules nothing, nor after it was executed, and it can be taken back', async () => {
        const {woltage, note, data} = await start();
        const id = await woltage.scheduleCommand(inMs(3_600_000), note, 'a', {text: 'later'}, {}, {id: 'mine/1'});
        expect(id).toBe('mine/1');
        await woltage.scheduleCommand(inMs(0), note, 'a', {text: 'repeated'}, {}, {id: 'mine/1'});
        const keyed = await woltage.scheduleCommand(inMs(0), note, 'a', {text: 'keyed'}, {}, {idempotencyKey: 'mine/1'});
        await eventually(async () => (await notes(woltage)).length === 1);
        expect(await woltage.scheduleCommand(inMs(0), note, 'a', {text: 'keyed'}, {}, {idempotencyKey: 'mine/1'})).toBe(keyed);
        expect((await woltage.getScheduledCommands()).map(({payload}) => payload)).toEqual([{text: 'later'}]);
        const other = await start(data);
        expect(await other.woltage.cancelScheduled('mine/1')).toBe(true);
        expect(await woltage.cancelScheduled('mine/1')).toBe(false);
        expect(await woltage.cancelScheduled(keyed)).toBe(false);
        expect(await woltage.cancelScheduled('never')).toBe(false);
        await woltage.scheduleCommand(inMs(0), note, 'a', {text: 'again'}, {}, {id: 'mine/1'});
        await eventually(async () => (await notes(woltage)).length === 2);
        expect(await notes(woltage)).toEqual(['keyed', 'again']);
    });

    it('isn\'t cancelled when it has begun, wherever that is', async () => {
        const {woltage, slow, probe, data} = await start();
        const other = await start(data);
        const id = await woltage.scheduleCommand(inMs(0), slow, 'a', {ms: 60});
        await eventually(() => probe.calls.length + other.probe.calls.length === 1);
        expect(await woltage.cancelScheduled(id)).toBe(false);
        expect(await other.woltage.cancelScheduled(id)).toBe(false);
        await eventually(async () => (await notes(woltage)).length === 1);
    });

    it('survives a stop, comes when it is due meanwhile, and what runs is waited for', async () => {
        const data = walletData();
        const first = await start(data);
        const meanwhile = inMs(400);
        await first.woltage.scheduleCommand(meanwhile, first.note, 'a', {text: 'meanwhile'});
        await first.woltage.scheduleCommand(inMs(3_600_000), first.note, 'a', {text: 'later'});
        await first.woltage.scheduleCommand(inMs(0), first.slow, 'b', {ms: 40});
        await eventually(() => first.probe.calls.length === 1);
        await first.woltage.stop();
        await expect(first.woltage.scheduleCommand(inMs(0), first.note, 'a', {text: 'x'})).rejects.toMatchObject({code: 'STOPPED'});
        await eventually(() => Date.now() > meanwhile.getTime());
        const second = await start(data);
        await eventually(async () => (await notes(second.woltage)).length === 2);
        expect(await notes(second.woltage)).toEqual(['slow', 'meanwhile']);
        expect((await second.woltage.getScheduledCommands()).map(({payload}) => payload)).toEqual([{text: 'later'}]);
        await first.woltage.start();
        await first.woltage.scheduleCommand(inMs(0), first.note, 'a', {text: 'started again'});
        await eventually(async () => (await notes(second.woltage)).length === 3);
    });

    it('is executed once among many instances', async () => {
        const data = walletData();
        const all = [await start(data), await start(data), await start(data)];
        const [{woltage, note}] = all as [typeof all[number]];
        const at = inMs(50);
        await Promise.all(Array.from({length: 150}, (_, n) => woltage.scheduleCommand(at, note, `a${n % 50}`, {text: String(n)})));
        await eventually(async () => (await notes(woltage)).length >= 150, 15_000);
        expect(new Set(await notes(woltage)).size).toBe(150);
        await eventually(async () => (await woltage.getScheduledCommands()).length === 0);
        expect(await notes(woltage)).toHaveLength(150);
    });

    it('runs beside 99 others', async () => {
        let begun = 0;
        let go = (): void => undefined;
        const allThere = new Promise<void>(resolve => go = resolve);
        const book = Aggregate.create('book', {});
        const meet = book.registerCommand(async function meet() {
            if (++begun === 100)
                go();
            await allThere;
            return new Noted({payload: {text: 'met'}});
        });
        const {woltage} = await start(walletData(), {aggregates: [book]});
        const at = inMs(50);
        await Promise.all(Array.from({length: 100}, (_, n) => woltage.scheduleCommand(at, meet, `a${n}`, {})));
        await eventually(async () => (await notes(woltage)).length === 100, 15_000);
    });

    it('follows from where it was scheduled', async () => {
        const {woltage, note} = await start();
        await woltage.scheduleCommand(inMs(0), note, 'a', {text: 'root'});
        await eventually(async () => (await notes(woltage)).length === 1);
        const [root] = await woltage.insides.events();
        expect(root?.event.causationId).toBe(null);
        expect(root?.event.correlationId).toBe(root?.event.id);
    });

    it('is listed in pages', async () => {
        const {woltage, note} = await start();
        const at = inMs(3_600_000);
        for (let n = 0; n < 5; n++)
            await woltage.scheduleCommand(new Date(at.getTime() + (n >> 1)), note, 'a', {text: String(n)}, {}, {id: `i${n}`});
        const found: string[] = [];
        for (let page = await woltage.getScheduledCommands({limit: 2}); page.length > 0; page = await woltage.getScheduledCommands({limit: 2, after: page.at(-1)?.place}))
            found.push(...page.map(({id}) => id));
        expect(found).toEqual(['i0', 'i1', 'i2', 'i3', 'i4']);
        expect((await woltage.getScheduledCommands({limit: 1}))[0]?.executeAt).toEqual(at);
    });
});

describe('a scheduled command that fails', () => {
    const failures: [string, () => Error][] = [
        ['a lost connection', () => new UnavailableError()], ['a conflict', () => new ConflictError()], ['an error of its handler', () => new Error('Oops.')]
    ];
    it.each(failures)('is tried again after %s', async (_name, error) => {
        const own = definitions();
        own.probe.fail = attempt => {
            if (attempt === 1)
                throw error();
        };
        const {woltage, note} = await start(walletData(), {}, own);
        const id = await woltage.scheduleCommand(inMs(0), note, 'a', {text: 'x'});
        await eventually(async () => (await woltage.getScheduledCommands())[0]?.attempts === 1);
        // It may have been executed: nobody can say any more that it never will.
        expect(await woltage.cancelScheduled(id)).toBe(false);
        await eventually(async () => (await notes(woltage)).length === 1);
        expect(own.probe.calls).toHaveLength(2);
    });

    it('goes to the dead letters at once when it is refused, and is retried or discarded there', async () => {
        const own = definitions();
        own.probe.fail = () => {
            throw new NotFoundError('No such book.', {code: 'NO_BOOK'});
        };
        const {woltage, note, once} = await start(walletData(), {}, own);
        const at = inMs(-5);
        await woltage.scheduleCommand(at, note, 'a', {text: 'x'}, {}, {id: '1'});
        await woltage.scheduleCommand(at, once, {text: 'y'}, {}, {id: '2'});
        await eventually(async () => (await woltage.getFailedCommands()).length === 2);
        const [first, second] = await woltage.getFailedCommands();
        expect(first).toMatchObject({
            id: '1', executeAt: at, aggregate: 'book', aggregateId: 'a', command: 'note', decision: undefined, payload: {text: 'x'}, attempts: 1, error: {message: 'No such book.', code: 'NO_BOOK'}
        });
        expect(second).toMatchObject({id: '2', decision: 'once', aggregate: undefined, payload: {text: 'y'}});
        expect(Math.abs((first?.failedAt as number) - Date.now())).toBeLessThan(5000);
        expect((await woltage.getFailedCommands({after: '1'})).map(({id}) => id)).toEqual(['2']);
        expect((await woltage.getFailedCommands({limit: 1})).map(({id}) => id)).toEqual(['1']);
        own.probe.fail = () => undefined;
        await woltage.retryFailedCommand('1');
        await eventually(async () => (await notes(woltage)).length === 1);
        await woltage.discardFailedCommand('2');
        expect(await woltage.getFailedCommands()).toEqual([]);
        for (const call of [woltage.retryFailedCommand('2'), woltage.discardFailedCommand('nope')])
            await expect(call).rejects.toMatchObject({code: 'UNKNOWN_TASK'});
    });

    it('is left to instances that know the command', async () => {
        const data = walletData();
        const newer = await start(data);
        await newer.woltage.scheduleCommand(inMs(60), newer.note, 'a', {text: 'new'});
        await newer.woltage.stop();
        const warnings: unknown[] = [];
        const log = {debug: () => undefined, info: () => undefined, warn: (...args: unknown[]) => warnings.push(args), error: () => undefined};
        const older = await start(data, {aggregates: [Aggregate.create('other')], decisions: [], logger: log});
        await eventually(() => warnings.length > 0);
        expect(JSON.stringify(warnings)).toContain('left to other instances');
        expect(await older.woltage.getFailedCommands()).toEqual([]);
        expect(await older.woltage.getScheduledCommands()).toHaveLength(1);
        await newer.woltage.start();
        await eventually(async () => (await notes(newer.woltage)).length === 1);
    });

    it.each(['note', 'once'])('appends nothing twice when the answer of an append is lost (%s)', async kind => {
        const own = definitions();
        let losses = 3;
        class Losing extends MemoryEventStore {
            override async append(...args: Parameters<MemoryEventStore['append']>) {
                const result = await super.append(...args);
                return this.#lose(result);
            }

            override async appendAll(...args: Parameters<MemoryEventStore['appendAll']>) {
                const result = await super.appendAll(...args);
                return this.#lose(result);
            }

            #lose<R>(result: R): R {
                if (losses-- > 0)
                    throw new UnavailableError('The connection was lost.');
                return result;
            }
        }
        const data = walletData();
        const {woltage, note, once} = await start(data, {eventStore: {adapter: Losing, args: [data.events]}}, own);
        if (kind === 'note')
            await woltage.scheduleCommand(inMs(0), note, 'a', {text: 'x'});
        else
            await woltage.scheduleCommand(inMs(0), once, {text: 'x'});
        await eventually(async () => (await woltage.getScheduledCommands()).length === 0 && (await woltage.insides.workLeft()).length === 0);
        expect(await notes(woltage)).toEqual(['x']);
        expect(await woltage.getFailedCommands()).toEqual([]);
    });
});
