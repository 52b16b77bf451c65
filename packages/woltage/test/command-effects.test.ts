import {afterEach, describe, expect, it} from 'vitest';
import {
    Aggregate, cancelScheduled, ConflictError, createWoltage, Decision, defineEvent, executeCommand, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, scheduleCommand, sideEffect,
    UnavailableError, z, type Woltage, type WoltageConfig
} from 'woltage';
import {eventually} from './support/account.ts';
import {add, addMany, count, items, Noted, projectorOf, start, todo} from './support/todo.ts';

const text = z.object({text: z.string()});
const definitions = () => {
    const notes = Aggregate.create<{notes: number}>('notes', {$init: () => ({notes: 0})}).on(Noted, state => ({notes: state.notes + 1}));
    const note = notes.registerCommand(text, function note(_state, payload) {
        return new Noted({payload});
    });
    const noteOnce = notes.registerCommand(text, function noteOnce(state, payload) {
        if (state.notes > 0)
            throw new ConflictError('Only once.');
        return new Noted({payload});
    });
    const decide = Decision.create('noting', {input: text, query: () => ({types: [Noted]}), stream: () => ({aggregate: 'notes', id: 'decided'}), decide: (_state, payload) => new Noted({payload})});
    return {notes, note, noteOnce, decide};
};

const running: Woltage[] = [];
afterEach(() => Promise.all(running.splice(0).map(woltage => woltage.stop())));

const events = async (woltage: Woltage) => (await woltage.insides.events()).map(({event}) => event);
const noted = async (woltage: Woltage): Promise<string[]> => (await events(woltage)).filter(event => event instanceof Noted).map(({payload}) => (payload as {text: string}).text);
const inMs = (ms: number): Date => new Date(Date.now() + ms);

describe('commands as side effects', () => {
    it('are executed by the active version alone, once, and follow from the event', async () => {
        const {notes, note, decide} = definitions();
        let failures = 2;
        const projector = projectorOf(async (todos, event) => {
            await executeCommand(note, event.aggregateId, {text: `handle ${event.payload.title}`});
            await executeCommand('notes', event.aggregateId, 'note', {text: `name ${event.payload.title}`});
            await executeCommand(decide, {text: `decided ${event.payload.title}`});
            await scheduleCommand(inMs(0), note, 'later', {text: `scheduled ${event.payload.title}`});
            await count(todos, event);
            // The handler is called again, from the start.
            if (failures-- > 0)
                throw new UnavailableError();
        });
        const data = new MemoryEventStoreData();
        const before = await start(projectorOf(() => undefined), {aggregates: [todo, notes], projections: []}, data);
        await before.executeCommand(add, 'history', {title: 'history', rank: 0});
        const woltage = await start(projector, {aggregates: [todo, notes], decisions: [decide]}, data);
        await eventually(() => woltage.getProjection('todo')?.isActive === true);
        const {events: [cause]} = await woltage.executeCommand(add, 'a', {title: 'x', rank: 0});
        await eventually(async () => (await noted(woltage)).length >= 4 && (await woltage.insides.workLeft()).length === 0);
        expect((await noted(woltage)).sort()).toEqual(['decided x', 'handle x', 'name x', 'scheduled x']);
        for (const event of (await events(woltage)).filter(event => event instanceof Noted))
            expect(event).toMatchObject({causationId: cause?.id, correlationId: cause?.correlationId});
        expect(failures).toBeLessThan(0);
        // Another version replays, and has no effects.
        await woltage.addProjection('todo', 2, projector.name, 1, 'main');
        await woltage.getProjection('todo', 2)?.untilLive();
        await woltage.setProjectionActive('todo', 2);
        expect(await noted(woltage)).toHaveLength(4);
        await woltage.executeCommand(add, 'a', {title: 'y', rank: 0});
        await eventually(async () => (await noted(woltage)).length === 8);
    });

    it('work inside side effects, durable ones too, and are not repeated with them', async () => {
        const {notes, note} = definitions();
        let attempts = 0;
        const inline = sideEffect(async (id: string) => {
            await executeCommand(note, id, {text: 'inline'});
            await scheduleCommand(inMs(0), note, id, {text: 'inline scheduled'});
        });
        const durable = sideEffect(async ({id}: {id: string}) => {
            await executeCommand(note, id, {text: 'durable'});
            await scheduleCommand(inMs(0), note, id, {text: 'durable scheduled'});
            if (++attempts < 3)
                throw new Error('Once more.');
        }, {name: 'command-effects-durable', durable: true, retry: {backoffMs: 1}});
        const woltage = await start(projectorOf(async (_todos, event) => {
            await inline(event.aggregateId);
            await durable({id: event.aggregateId});
        }), {aggregates: [todo, notes]});
        await eventually(() => woltage.getProjection('todo')?.isActive === true);
        const {events: [cause]} = await woltage.executeCommand(add, 'a', {title: 'x', rank: 0});
        await eventually(async () => attempts === 3 && (await woltage.insides.workLeft()).length === 0);
        expect((await noted(woltage)).sort()).toEqual(['durable', 'durable scheduled', 'inline', 'inline scheduled']);
        for (const event of (await events(woltage)).filter(event => event instanceof Noted))
            expect(event).toMatchObject({causationId: cause?.id, correlationId: cause?.correlationId});
    });

    it('can be taken back', async () => {
        const {notes, note} = definitions();
        const woltage = await start(projectorOf(async (_todos, event) => {
            await (event.payload.rank === 0 ? scheduleCommand(inMs(3_600_000), note, event.aggregateId, {text: 'x'}, {}, {id: 'x'}) : cancelScheduled('x'));
        }), {aggregates: [todo, notes]});
        await eventually(() => woltage.getProjection('todo')?.isActive === true);
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 0});
        await eventually(async () => (await woltage.getScheduledCommands()).length === 1);
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(async () => (await woltage.getScheduledCommands()).length === 0);
    });

    it('fail the event by their own errors, and are refused outside of projectors', async () => {
        const {notes, noteOnce} = definitions();
        const errors: unknown[] = [];
        const woltage = await start(projectorOf(async (_todos, event) => {
            await executeCommand(noteOnce, event.aggregateId, {text: event.payload.title}).catch((error: unknown) => errors.push(error));
            await executeCommand(noteOnce, event.aggregateId, {text: 5 as never}).catch((error: unknown) => errors.push(error));
        }), {aggregates: [todo, notes]});
        await eventually(() => woltage.getProjection('todo')?.isActive === true);
        await woltage.executeCommand(addMany, 'a', items(2));
        await eventually(() => errors.length === 3);
        expect(errors).toMatchObject([{code: 'VALIDATION_FAILED'}, {message: 'Only once.'}, {code: 'VALIDATION_FAILED'}]);
        for (const call of [executeCommand(noteOnce, 'a', {text: 'x'}), scheduleCommand(inMs(0), noteOnce, 'a', {text: 'x'}), cancelScheduled('x')])
            await expect(call).rejects.toMatchObject({code: 'OUTSIDE_CONTEXT'});
    });
});

describe('a handler that schedules', () => {
    const Ordered = defineEvent('Ordered', {schema: z.object({n: z.number()}), version: 1});

    function shop(store: typeof MemoryEventStore = MemoryEventStore) {
        const {notes, note} = definitions();
        const probe = {before: async (): Promise<void> => undefined, seen: [] as number[]};
        const order = Aggregate.create<{orders: number}>('order', {$init: () => ({orders: 0})}).on(Ordered, state => ({orders: state.orders + 1}));
        const place = order.registerCommand(z.object({n: z.number(), inMs: z.number(), id: z.string().optional()}), async function place(_state, {n, inMs: ms, id}, {aggregateId}) {
            await scheduleCommand(inMs(ms), expire, aggregateId, {}, {}, id === undefined ? {} : {id});
            await probe.before();
            return n < 0 ? undefined : new Ordered({payload: {n}});
        });
        const expire = order.registerCommand(z.object({}), function expire({orders}) {
            probe.seen.push(orders);
        });
        const careless = order.registerCommand(function careless(_state, payload) {
            void scheduleCommand(inMs(0), note, 'a', payload as never);
            return new Ordered({payload: {n: 1}});
        });
        const undo = order.registerCommand(z.object({id: z.string(), fails: z.boolean()}), async function undo(_state, {id, fails}) {
            await cancelScheduled(id);
            if (fails)
                throw new ConflictError();
        });
        const ordering = Decision.create('ordering', {
            input: z.object({n: z.number()}), query: () => ({types: [Ordered]}), init: () => ({orders: 0}), stream: () => ({aggregate: 'order', id: 'decided'}),
            async decide({orders}, {n}) {
                await scheduleCommand(inMs(0), ordered, {n});
                await probe.before();
                if (orders > 1)
                    throw new ConflictError();
                return new Ordered({payload: {n}});
            }
        }).on(Ordered, state => ({orders: state.orders + 1}));
        const ordered = Decision.create('ordered', {
            input: z.object({n: z.number()}), query: () => ({types: [Ordered]}), init: () => ({orders: 0}),
            decide: ({orders}) => void probe.seen.push(orders)
        }).on(Ordered, state => ({orders: state.orders + 1}));
        const data = {events: new MemoryEventStoreData(), records: new MemoryStoreData()};
        const open = async (config: Partial<WoltageConfig> = {}): Promise<Woltage> => {
            const woltage = await createWoltage({
                eventStore: {adapter: store, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.records]}, eventClasses: [Ordered, Noted], aggregates: [order, notes],
                decisions: [ordering, ordered], projectorClasses: [], ...config
            });
            running.push(woltage);
            return woltage;
        };
        return {probe, place, expire, careless, undo, ordering, ordered, open, note, order};
    }

    it('has it executed after its events, which it follows from', async () => {
        const {probe, place, ordering, open, order} = shop();
        const woltage = await open();
        for (let n = 1; n <= 10; n++)
            await woltage.executeCommand(place, `o${n}`, {n, inMs: 0});
        await eventually(() => probe.seen.length === 10);
        // Never before the events are there.
        expect(probe.seen).toEqual(Array.from({length: 10}, () => 1));
        await woltage.executeCommands([1, 2].map(n => ({command: place, aggregateId: 'unit', payload: {n, inMs: 0}})));
        await eventually(() => probe.seen.length === 12);
        expect(probe.seen.slice(10)).toEqual([2, 2]);
        await woltage.executeCommand(place, 'o1', {n: -1, inMs: 0});
        await eventually(() => probe.seen.length === 13);
        const empty = shop();
        const other = await empty.open();
        await other.decide(empty.ordering, {n: 1});
        await eventually(() => empty.probe.seen.length === 1);
        expect(empty.probe.seen).toEqual([1]);
        void ordering;
        const caused = order.registerCommand(z.object({}), function caused(_state, _payload) {
            return new Ordered({payload: {n: 100}});
        });
        const causing = order.registerCommand(z.object({}), async function causing() {
            await scheduleCommand(inMs(0), caused, 'effect', {});
            return new Ordered({payload: {n: 99}});
        });
        const {events: [cause]} = await woltage.executeCommand(causing, 'cause', {});
        await eventually(async () => (await events(woltage)).at(-1)?.aggregateId === 'effect');
        expect((await events(woltage)).at(-1)).toMatchObject({causationId: cause?.id, correlationId: cause?.correlationId});
    });

    it('schedules nothing when it fails, or is refused', async () => {
        const {probe, place, careless, open} = shop();
        const [woltage, rival] = [await open(), await open()];
        await woltage.executeCommand(place, 'a', {n: 1, inMs: 3_600_000, id: 'first'});
        probe.before = () => Promise.reject(new ConflictError('No.'));
        await expect(woltage.executeCommand(place, 'a', {n: 1, inMs: 0})).rejects.toThrow('No.');
        probe.before = async () => {
            probe.before = async () => undefined;
            await rival.executeCommand(place, 'a', {n: 1, inMs: 3_600_000, id: 'rival'});
        };
        // Its own is taken back; what others have scheduled under that id stays.
        await expect(woltage.executeCommand(place, 'a', {n: 1, inMs: 0, id: 'first'})).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
        probe.before = async () => {
            probe.before = async () => undefined;
            await rival.executeCommand(place, 'a', {n: 1, inMs: 3_600_000, id: 'rival 2'});
        };
        await expect(woltage.executeCommand(place, 'a', {n: 1, inMs: 0})).rejects.toMatchObject({code: 'REVISION_CONFLICT'});
        await expect(woltage.executeCommand(careless, 'b', {text: 5})).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
        expect((await woltage.getScheduledCommands()).map(({id}) => id).sort()).toEqual(['first', 'rival', 'rival 2']);
        expect((await events(woltage)).filter(({aggregateId}) => aggregateId === 'b')).toEqual([]);
        expect(probe.seen).toEqual([]);
        await woltage.executeCommand(careless, 'b', {text: 'fine'});
        await eventually(async () => (await noted(woltage)).length === 1);
    });

    it('schedules once however often it is decided anew, and under an idempotency key', async () => {
        const {probe, ordering, place, open} = shop();
        const [woltage, rival] = [await open(), await open()];
        let calls = 0;
        probe.before = async () => {
            if (calls++ === 0)
                await rival.decide(ordering, {n: 1});
        };
        await woltage.decide(ordering, {n: 2});
        expect(calls).toBe(3);
        await eventually(() => probe.seen.length === 2);
        await Promise.all(Array.from({length: 5}, () => woltage.executeCommand(place, 'a', {n: 1, inMs: 0}, {}, {idempotencyKey: 'k'})));
        await eventually(() => probe.seen.length === 3);
        await expect(woltage.decide(ordering, {n: 3})).rejects.toThrow(ConflictError);
        await eventually(async () => (await woltage.insides.workLeft()).length === 0);
        expect(probe.seen).toHaveLength(3);
    });

    it('leaves it scheduled when nobody knows whether its events are there', async () => {
        class Losing extends MemoryEventStore {
            override async append(...args: Parameters<MemoryEventStore['append']>): Promise<never> {
                await super.append(...args);
                throw new UnavailableError('The connection was lost.');
            }
        }
        const {probe, place, open} = shop(Losing);
        const woltage = await open();
        await expect(woltage.executeCommand(place, 'a', {n: 1, inMs: 3_600_000})).rejects.toThrow(UnavailableError);
        expect(await woltage.getScheduledCommands()).toHaveLength(1);
        expect(probe.seen).toEqual([]);
    });

    it('takes others back when its events are there', async () => {
        const {place, undo, open} = shop();
        const woltage = await open();
        await woltage.executeCommand(place, 'a', {n: 1, inMs: 3_600_000, id: 'x'});
        await expect(woltage.executeCommand(undo, 'a', {id: 'x', fails: true})).rejects.toThrow(ConflictError);
        expect(await woltage.getScheduledCommands()).toHaveLength(1);
        await woltage.executeCommand(undo, 'a', {id: 'x', fails: false});
        expect(await woltage.getScheduledCommands()).toEqual([]);
    });

    /** Somebody asks for the same under the same id, waits with the append until `winner` has appended, and is refused. */
    async function race(winner: 'appends' | 'loses the answer' | 'is refused' | 'is cancelled') {
        const gates = {held: (): void => undefined, over: (): void => undefined, woltage: undefined as Woltage | undefined};
        const isHeld = new Promise<void>(resolve => gates.held = resolve);
        const isOver = new Promise<void>(resolve => gates.over = resolve);
        let appends = 0;
        class Racing extends MemoryEventStore {
            override async append(...args: Parameters<MemoryEventStore['append']>) {
                if (appends++ === 0) {
                    gates.held();
                    await isOver;
                    throw new ConflictError('Somebody was faster.');
                }
                if (winner === 'is refused')
                    throw new ConflictError('No.');
                const result = await super.append(...args);
                if (winner === 'is cancelled')
                    expect(await gates.woltage?.cancelScheduled('x')).toBe(true);
                gates.over();
                await loser;
                if (winner === 'loses the answer')
                    throw new UnavailableError('The connection was lost.');
                return result;
            }
        }
        const {place, open} = shop(Racing);
        const woltage = gates.woltage = await open();
        const rival = await open();
        const loser = rival.executeCommand(place, 'a', {n: 1, inMs: 7_200_000, id: 'x'}).catch((error: unknown) => error);
        await isHeld;
        await woltage.executeCommand(place, 'a', {n: 2, inMs: 3_600_000, id: 'x'}).catch((error: unknown) => error);
        const before = await woltage.getScheduledCommands();
        gates.over();
        expect(await loser).toMatchObject({message: 'Somebody was faster.'});
        return {before, after: await woltage.getScheduledCommands()};
    }

    it.each(['appends', 'loses the answer'] as const)('leaves it scheduled when another one that asked for the same is refused, and it %s', async winner => {
        const {after} = await race(winner);
        expect(after.map(({id}) => id)).toEqual(['x']);
        // It is its own, not that of the other.
        expect(after[0]?.executeAt.getTime()).toBeLessThan(Date.now() + 3_600_001);
    });

    it('schedules nothing when all that asked for the same are refused, one after the other', async () => {
        const {before, after} = await race('is refused');
        expect(before).toHaveLength(1);
        expect(after).toEqual([]);
    });

    it('doesn\'t schedule again what was cancelled meanwhile', async () => {
        expect((await race('is cancelled')).after).toEqual([]);
    });

    it('loses none among many that race for the same', async () => {
        const {place, open} = shop(class extends MemoryEventStore {
            override async append(...args: Parameters<MemoryEventStore['append']>) {
                await new Promise(resolve => setTimeout(resolve, Math.random() * 4));
                return super.append(...args);
            }
        });
        const all = [await open(), await open()];
        const ids = Array.from({length: 40}, (_, n) => `o${n}`);
        for (const id of ids)
            await Promise.allSettled([...all, ...all].map(woltage => woltage.executeCommand(place, id, {n: 1, inMs: 3_600_000, id: `expire-${id}`})));
        expect((await all[0]?.getScheduledCommands({limit: 1000}))?.map(({id}) => id).sort()).toEqual(ids.map(id => `expire-${id}`).sort());
    });

    it('replaces what it cancels before', async () => {
        let append = async (): Promise<void> => undefined;
        const {probe, order, expire, open} = shop(class extends MemoryEventStore {
            override async append(...args: Parameters<MemoryEventStore['append']>) {
                const result = await super.append(...args);
                await append();
                return result;
            }
        });
        const extend = order.registerCommand(z.object({inMs: z.number()}), async function extend(_state, {inMs: ms}, {aggregateId}) {
            await cancelScheduled('x');
            await scheduleCommand(inMs(ms), expire, aggregateId, {}, {}, {id: 'x'});
            // It is known now.
            await scheduleCommand(inMs(0), expire, aggregateId, {}, {}, {id: 'x'});
            return new Ordered({payload: {n: 1}});
        });
        const change = order.registerCommand(z.object({}), async function change(_state, _payload, {aggregateId}) {
            await scheduleCommand(inMs(0), expire, aggregateId, {}, {}, {id: 'x'});
            await cancelScheduled('x');
        });
        const woltage = await open();
        const hours = async () => (await woltage.getScheduledCommands()).map(({id, executeAt}) => [id === 'x', Math.round((executeAt.getTime() - Date.now()) / 3_600_000)]);
        for (const n of [1, 3, 2]) {
            await woltage.executeCommand(extend, 'a', {inMs: n * 3_600_000});
            expect(await hours()).toEqual([[true, n]]);
        }
        // Refused: the one before stays.
        append = () => Promise.reject(new ConflictError());
        await expect(woltage.executeCommand(extend, 'a', {inMs: 5 * 3_600_000})).rejects.toThrow(ConflictError);
        expect(await hours()).toEqual([[true, 2]]);
        // In doubt: both stay.
        append = () => Promise.reject(new UnavailableError());
        await expect(woltage.executeCommand(extend, 'a', {inMs: 5 * 3_600_000})).rejects.toThrow(UnavailableError);
        expect(await hours()).toEqual([[true, 2], [false, 5]]);
        append = async () => undefined;
        await woltage.executeCommand(extend, 'a', {inMs: 0});
        await eventually(() => probe.seen.length === 1);
        expect(await hours()).toEqual([[false, 5]]);
        await woltage.scheduleCommand(inMs(3_600_000), expire, 'a', {}, {}, {id: 'y'});
        await woltage.executeCommand(change, 'a', {});
        expect(await hours()).toEqual([[false, 1], [false, 5]]);
        expect(probe.seen).toHaveLength(1);
    });

    it('can\'t do so after it has returned', async () => {
        const {order, expire, open} = shop();
        const late: Promise<void>[] = [];
        const leave = order.registerCommand(z.object({}), function leave() {
            late.push(new Promise(resolve => setTimeout(resolve, 10)).then(() => scheduleCommand(inMs(0), expire, 'a', {})));
            late[0]?.catch(() => undefined);
            return scheduleCommand(inMs(3_600_000), expire, 'a', {}).then(() => undefined);
        });
        const woltage = await open();
        await woltage.executeCommand(leave, 'a', {});
        await expect(late[0]).rejects.toMatchObject({code: 'HANDLER_RETURNED'});
        expect(await woltage.getScheduledCommands()).toHaveLength(1);
    });
});
