import {getEventListeners} from 'node:events';
import {afterEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {
    Action, Aggregate, ConflictError, Decision, defineEvent, delay, emit, MemoryBroker, MemoryBrokerData, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, onEvent, onHttp, onMessage, onSchedule, ReadModel, UnavailableError, z,
    type ActionTools, type EventTrigger, type IStore, type ScopeOptions, type TableDefinitionMap, type Woltage, type WoltageConfig
} from 'woltage';

const Placed = defineEvent('OrderPlaced', {schema: z.object({item: z.string()}), tags: ({item}) => [`item:${item}`]});
const Cancelled = defineEvent('OrderCancelled', {schema: z.object({reason: z.string()})});
const Shipped = defineEvent('OrderShipped', {schema: z.object({by: z.string()})});
const Noted = defineEvent('NoteTaken', {schema: z.object({text: z.string()}), tags: ({text}) => [`note:${text}`]});

const order = Aggregate.create('order', {$init: () => ({placed: 0, shipped: 0})})
    .on(Placed, state => ({...state, placed: state.placed + 1}))
    .on(Shipped, state => ({...state, shipped: state.shipped + 1}));
const place = order.registerCommand(z.object({item: z.string()}), (_state, payload) => new Placed({payload}), 'place');
const cancel = order.registerCommand(z.object({reason: z.string()}), (_state, payload) => new Cancelled({payload}), 'cancel');
const slowly = order.registerCommand(z.object({reason: z.string()}), async (_state, payload) => {
    await delay(150);
    return new Cancelled({payload});
}, 'slowly');
const ship = order.registerCommand(z.object({by: z.string()}), ({shipped}, payload) => {
    if (shipped > 0)
        throw new ConflictError('It has been shipped.');
    return new Shipped({payload});
}, 'ship');
const takeNote = Decision.create('takeNote', {
    input: z.object({text: z.string()}),
    query: ({text}) => ({tags: [`note:${text}`]}),
    init: {notes: 0},
    decide({notes}, payload) {
        if (notes > 0)
            throw new ConflictError('It has been noted.');
        return new Noted({payload});
    }
}).on(Noted, ({notes}) => ({notes: notes + 1}));

class Orders extends ReadModel {
    readonly projectionName = 'none';

    greet({name}: {name: string}): string {
        return `Hello ${name}`;
    }
}

const apps: Woltage[] = [];
afterEach(async () => {
    for (const app of apps.splice(0))
        await app.stop();
});

interface Data {
    readonly events: MemoryEventStoreData;
    readonly store: MemoryStoreData;
}
const fresh = (): Data => ({events: new MemoryEventStoreData(), store: new MemoryStoreData()});

async function start(actions: readonly Action[], data: Data = fresh(), config: Partial<WoltageConfig> = {}): Promise<Woltage> {
    const app = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.store]},
        eventClasses: [Placed, Cancelled, Shipped, Noted], aggregates: [order], decisions: [takeNote], projectorClasses: [], actions, ...config
    });
    apps.push(app);
    return app;
}

async function eventsOf(data: Data): Promise<{type: string; id: string; aggregateId: string; payload: unknown; causationId: string | null; correlationId: string}[]> {
    const store = new MemoryEventStore(data.events);
    await store.connect();
    const found = [];
    for await (const {events, caughtUp} of store.subscribe()) {
        found.push(...events.map(({type, id, aggregateId, payload, causationId, correlationId}) => ({type, id, aggregateId, payload, causationId, correlationId})));
        if (caughtUp)
            break;
    }
    return found;
}

async function recordsOf(data: MemoryStoreData, namespace: string): Promise<IStore> {
    const store = new MemoryStore(data);
    await store.connect();
    return store.scope({namespace, tables: {}});
}

const RETRY = {maxAttempts: 5, backoffMs: 5, maxBackoffMs: 20};

describe('actions by events', () => {
    it('run for each event of their classes, in the order of the event store, from now on', async () => {
        const data = fresh();
        const before = await start([], data);
        await before.executeCommand(place, 'o0', {item: 'before'});
        const seen: string[] = [];
        const app = await start([Action.create('watch', {on: onEvent(Placed, Cancelled), handler: (input, {event, attempt}) => {
            seen.push(`${event.aggregateId} ${event.type} ${JSON.stringify(input)} ${attempt}`);
        }})], data);
        for (const n of [1, 2, 3, 4]) {
            await app.executeCommand(place, `o${n}`, {item: `i${n}`});
            await app.executeCommand(cancel, `o${n}`, {reason: 'why'});
        }
        await vi.waitFor(() => expect(seen).toHaveLength(8), 5000);
        expect(seen).toEqual([1, 2, 3, 4].flatMap(n => [`o${n} order.placed {"item":"i${n}"} 1`, `o${n} order.cancelled {"reason":"why"} 1`]));
    });

    it('run for the past where they are to begin at the start, and go on where they were after a restart', async () => {
        const data = fresh();
        const app = await start([], data);
        await app.executeCommand(place, 'o1', {item: 'a'});
        const seen: string[] = [];
        const watch = Action.create('watch', {on: onEvent(Placed, {from: 'start'}), handler: ({item}) => void seen.push(item)});
        const first = await start([watch], data);
        await vi.waitFor(() => expect(seen).toEqual(['a']));
        await first.stop();
        await app.executeCommand(place, 'o2', {item: 'b'});
        await start([watch], data);
        await vi.waitFor(() => expect(seen).toEqual(['a', 'b']));
        await delay(50);
        expect(seen).toEqual(['a', 'b']);
    });

    it('go on where they were, whatever their triggers say of the beginning by then', async () => {
        const data = fresh();
        const app = await start([], data);
        await app.executeCommand(place, 'o1', {item: 'a'});
        const seen: string[] = [];
        const watch = (from: 'start' | 'now'): Action => Action.create('watch', {on: onEvent(Placed, {from}), handler: ({item}) => void seen.push(item)});
        const first = await start([watch('start')], data);
        await vi.waitFor(() => expect(seen).toEqual(['a']));
        await first.stop();
        await app.executeCommand(place, 'o2', {item: 'b'});
        const second = await start([watch('now')], data);
        await vi.waitFor(() => expect(seen).toEqual(['a', 'b']));
        await second.stop();
        await app.executeCommand(place, 'o3', {item: 'c'});
        await start([watch('start')], data);
        await vi.waitFor(() => expect(seen).toEqual(['a', 'b', 'c']));
    });

    it('may mix triggers from the start and from now', async () => {
        const data = fresh();
        const app = await start([], data);
        await app.executeCommand(place, 'o1', {item: 'a'});
        await app.executeCommand(cancel, 'o1', {reason: 'old'});
        const seen: unknown[] = [];
        await start([Action.create('both', {on: [onEvent(Placed, {from: 'start'}), onEvent(Cancelled)], handler: input => void seen.push(input)})], data);
        await app.executeCommand(cancel, 'o2', {reason: 'new'});
        await vi.waitFor(() => expect(seen).toEqual([{item: 'a'}, {reason: 'new'}]));
    });

    it('run commands, decisions and queries, with services, and the events know what they follow from', async () => {
        const data = fresh();
        const mails: string[] = [];
        const app = await start([Action.with<{mail: (text: string) => void}>().create('all', {on: onEvent(Placed), async handler({item}, {event, run, query, stateOf, services, log, signal}) {
            const {revision, events} = await run(ship, event.aggregateId, {by: item});
            const noted = await run(takeNote, {text: item});
            const state = await stateOf(order, event.aggregateId);
            const greeting = await query(Orders, 'greet', {name: item});
            services.mail(`${revision} ${events.length} ${noted.events.length} ${state.shipped} ${greeting} ${signal.aborted} ${typeof log.info}`);
        }})], data, {services: {mail: (text: string) => mails.push(text)}, readModelClasses: [Orders]});
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(mails).toEqual(['1 1 1 1 Hello x false function']));
        const [placed, ...rest] = await eventsOf(data);
        expect(rest.map(({causationId, correlationId}) => [causationId, correlationId])).toEqual([[placed?.id, placed?.correlationId], [placed?.id, placed?.correlationId]]);
    });

    it('may use emit as projectors do', async () => {
        const data = fresh();
        let attempts = 0;
        const app = await start([Action.create('emitting', {on: onEvent(Placed), retry: RETRY, async handler({item}) {
            await emit('note', new Noted({aggregateId: item, payload: {text: item}}));
            if (++attempts < 3)
                throw new Error('Again');
        }})], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(attempts).toBe(3));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed', 'note.taken']);
    });
});

describe('what an action repeats', () => {
    type Tools = Pick<ActionTools<unknown>, 'run' | 'newId' | 'publish' | 'scheduleCommand'>;

    /** The events of an action that does something, and fails, two times. */
    const failing = async (handle: (attempt: number, tools: Tools) => Promise<unknown>, config: Partial<WoltageConfig> = {}, times = 2) => {
        const data = fresh();
        let attempts = 0;
        let isDone = false;
        const app = await start([Action.create('again', {on: onEvent(Cancelled), retry: RETRY, handler: async ({reason}, tools) => {
            if (reason !== 'go')
                return;
            const attempt = ++attempts;
            await handle(attempt, tools);
            if (attempt <= times)
                throw new Error(`Attempt ${attempt}`);
            isDone = true;
        }})], data, config);
        await app.executeCommand(cancel, 'o1', {reason: 'go'});
        await vi.waitFor(() => expect(isDone).toBe(true), 5000);
        return (await eventsOf(data)).slice(1);
    };

    it('appends nothing twice: commands and decisions that the state would refuse by now', async () => {
        const outcomes: unknown[] = [];
        const events = await failing(async (_n, {run}) => {
            const shipped = await run(ship, 'o1', {by: 'x'});
            const noted = await run(takeNote, {text: 'x'});
            outcomes.push([shipped.revision, shipped.events.map(({id}) => id), noted.events.map(({id}) => id)]);
        });
        expect(events.map(({type}) => type)).toEqual(['order.shipped', 'note.taken']);
        expect(outcomes).toHaveLength(3);
        expect(new Set(outcomes.map(outcome => JSON.stringify(outcome, (_k, v: unknown) => typeof v === 'bigint' ? String(v) : v))).size).toBe(1);
    });

    it('appends nothing twice after a stop in the middle of the first attempt', async () => {
        const data = fresh();
        const clock = {now: () => Date.now(), newId: () => crypto.randomUUID(), delay};
        let attempts = 0;
        const shipping = Action.create('shipping', {on: onEvent(Placed), async handler(_payload, {run, event, signal}) {
            await run(ship, event.aggregateId, {by: 'x'});
            if (++attempts === 1)
                await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        }});
        const first = await start([shipping], data, {harness: {clock}});
        await first.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(attempts).toBe(1));
        await first.stop();
        await start([shipping], data);
        await vi.waitFor(() => expect(attempts).toBe(2));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed', 'order.shipped']);
    });

    it('appends nothing twice when it is retried by hand', async () => {
        const data = fresh();
        let attempts = 0;
        const app = await start([Action.create('shipping', {on: onEvent(Placed), retry: {maxAttempts: 1}, async handler(_payload, {run, event}) {
            await run(ship, event.aggregateId, {by: 'x'});
            if (++attempts === 1)
                throw new Error('For good');
        }})], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(async () => expect(await app.getFailedActions()).toMatchObject([{error: {message: 'For good'}}]));
        await app.retryFailedAction((await app.getFailedActions())[0]?.id ?? '');
        await vi.waitFor(() => expect(attempts).toBe(2));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed', 'order.shipped']);
    });

    it('creates one thing, where a handler makes up its id', async () => {
        const ids: string[] = [];
        const events = await failing(async (_n, {run, newId}) => {
            await run(place, crypto.randomUUID(), {item: 'made up'});
            await run(place, newId(), {item: 'given'});
            ids.push(newId());
        });
        expect(events.map(({payload}) => payload)).toEqual([{item: 'made up'}, {item: 'given'}]);
        expect(new Set(ids).size).toBe(1);
    });

    it('tells calls about the same apart by their payloads, whatever their order', async () => {
        const notes = Aggregate.create('notes', {});
        let isAway = true;
        const add = notes.registerCommand(z.object({text: z.string()}), (_state, payload) => {
            if (isAway && payload.text === 'second')
                throw new UnavailableError('Away');
            return new Noted({payload});
        }, 'add');
        const events = await failing(async (n, {run}) => {
            isAway = n === 1;
            for (const text of n === 1 ? ['first', 'second'] : ['second', 'first'])
                await run(add, 'n', {text});
        }, {aggregates: [order, notes]});
        expect(events.map(({payload}) => payload)).toEqual([{text: 'first'}, {text: 'second'}]);
    });

    it('takes no call for another one about the same that was made at the same time', async () => {
        const data = fresh();
        let isAway = true;
        const pair = Aggregate.create('pair', {});
        const add = pair.registerCommand(z.object({item: z.string()}), (_state, payload) => {
            if (isAway && payload.item.startsWith('large'))
                throw new Error('Away');
            return new Placed({payload: {item: payload.item.slice(0, 5)}});
        }, 'add');
        // Digests of what is large may come later than others that were asked for behind them.
        const digest = crypto.subtle.digest.bind(crypto.subtle);
        const slow = vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (algorithm, bytes) => {
            if (isAway && bytes.byteLength > 1000)
                await delay(20);
            return digest(algorithm, bytes);
        });
        try {
            const app = await start([Action.create('both', {on: onEvent(Shipped), retry: RETRY, async handler(_input, {run}) {
                const results = await Promise.allSettled([run(add, 'p', {item: 'large'.repeat(1000)}), run(add, 'p', {item: 'small'})]);
                isAway = false;
                for (const result of results.filter(({status}) => status === 'rejected'))
                    throw (result as PromiseRejectedResult).reason;
            }})], data, {aggregates: [order, pair]});
            await app.executeCommand(ship, 'o', {by: 'ann'});
            await vi.waitFor(async () => expect((await eventsOf(data)).slice(1).map(({payload}) => (payload as {item: string}).item).sort()).toEqual(['large', 'small']));
        } finally {
            slow.mockRestore();
        }
    });

    it('does what is new in it, whatever its place', async () => {
        const events = await failing(async (n, {run}) => {
            for (const id of [['a', 'b'], ['b', 'c'], ['d', 'b']][n - 1] as string[])
                await run(cancel, id, {reason: 'new'});
        });
        expect(events.map(({aggregateId}) => aggregateId)).toEqual(['a', 'b', 'c', 'd']);
    });

    it('gives messages, schedules and emitted events ids by what they are about, not by their place', async () => {
        const broker = new MemoryBrokerData();
        const at = new Date(Date.now() + 3_600_000);
        const ids: string[] = [];
        const events = await failing(async (n, {publish, scheduleCommand}) => {
            for (const id of [['a', 'b'], ['c', 'b'], ['b', 'a']][n - 1] as string[]) {
                await publish('topic', {key: id, value: {id}});
                ids.push(`${id} ${await scheduleCommand(at, cancel, id, {reason: 'late'})}`);
                await emit('note', new Noted({aggregateId: id, payload: {text: id}}));
            }
        }, {messageBroker: {adapter: MemoryBroker, args: [broker]}});
        expect(events.map(({aggregateId}) => aggregateId)).toEqual(['a', 'b', 'c']);
        expect(new Set(ids).size).toBe(3);
        const sent = broker.messages('topic').map(({key, headers}) => `${key} ${headers['woltage-id']}`);
        expect(sent).toHaveLength(6);
        expect(new Set(sent).size).toBe(3);
    });

    it('goes on where a journal has a gap', async () => {
        const data = fresh();
        class Faulty extends MemoryStore {
            static failures = 1;
            override scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): MemoryStore<S> {
                const scope = super.scope(options);
                const commit = scope.commit.bind(scope);
                scope.commit = async batch => {
                    if (Faulty.failures > 0 && batch.records?.some(({key}) => key.startsWith('journal/') && key.endsWith('000000')) === true) {
                        Faulty.failures--;
                        throw new UnavailableError('For a moment');
                    }
                    await commit(batch);
                };
                return scope;
            }
        }
        let isDone = false;
        const app = await start([Action.create('gappy', {on: onEvent(Cancelled), retry: RETRY, async handler({reason}, {run}) {
            if (reason !== 'go')
                return;
            const isShipped = await run(ship, 'a', {by: 'a'}).then(() => true, () => false);
            await run(ship, 'b', {by: 'b'});
            if (!isShipped)
                throw new Error('Again');
            isDone = true;
        }})], data, {internalStore: {adapter: Faulty, args: [data.store]}});
        await app.executeCommand(cancel, 'x', {reason: 'go'});
        await vi.waitFor(() => expect(isDone).toBe(true), 5000);
        expect((await eventsOf(data)).slice(1).map(({aggregateId}) => aggregateId).sort()).toEqual(['a', 'b']);
    });

    it('does what is new in it on streams that exist', async () => {
        const data = fresh();
        let attempts = 0;
        const app = await start([Action.create('again', {on: onEvent(Cancelled), retry: RETRY, async handler(_input, {run, event}) {
            if (event.payload.reason !== 'go')
                return;
            for (const id of [['a', 'b'], ['b', 'c'], ['d', 'b']][attempts++] as string[])
                await run(ship, id, {by: id});
            if (attempts < 3)
                throw new Error('Again');
        }})], data);
        for (const id of ['a', 'b', 'c', 'd'])
            await app.executeCommand(place, id, {item: id});
        await app.executeCommand(cancel, 'x', {reason: 'go'});
        await vi.waitFor(() => expect(attempts).toBe(3), 5000);
        await vi.waitFor(async () => expect((await eventsOf(data)).filter(({type}) => type === 'order.shipped').map(({aggregateId}) => aggregateId)).toEqual(['a', 'b', 'c', 'd']));
    });
});

describe('actions that fail', () => {
    it('are tried again, and put to the dead letters in the end, where they can be listed, retried and discarded', async () => {
        const data = fresh();
        let isBroken = true;
        const seen: number[] = [];
        const app = await start([Action.create('breaking', {
            on: onEvent(Placed), retry: {...RETRY, maxAttempts: 3},
            handler: (_input, {attempt}) => {
                seen.push(attempt);
                if (isBroken)
                    throw new ConflictError('Broken', {code: 'BROKEN'});
            },
            onFinalFailure: ({input, error, attempts}, {event}) => ({
                aggregateName: 'note', events: new Noted({aggregateId: event.aggregateId, payload: {text: `${input.item} ${error.message} ${attempts}`}})
            })
        })], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await app.executeCommand(place, 'o2', {item: 'y'});
        await vi.waitFor(async () => expect(await app.getFailedActions()).toHaveLength(2), 5000);
        expect(seen).toHaveLength(6);
        expect((await eventsOf(data)).slice(2).map(({payload}) => (payload as {text: string}).text).sort()).toEqual(['x Broken 3', 'y Broken 3']);
        const [first, second] = await app.getFailedActions({action: 'breaking'});
        expect(first).toMatchObject({action: 'breaking', attempts: 3, error: {message: 'Broken', code: 'BROKEN'}, source: {by: 'event', place: {aggregateName: 'order'}}});
        isBroken = false;
        await app.retryFailedAction(first?.id as string);
        await vi.waitFor(() => expect(seen).toHaveLength(7));
        await app.discardFailedAction(second?.id as string);
        await vi.waitFor(async () => expect(await app.getFailedActions()).toEqual([]));
        await expect(app.retryFailedAction('nothing')).rejects.toMatchObject({code: 'UNKNOWN_TASK'});
        await expect(app.getFailedActions({action: 'toString'})).rejects.toMatchObject({code: 'UNKNOWN_ACTION'});
        for (const limit of [0, -1, 1.5, NaN, '5' as never])
            for (const list of [app.getFailedActions({limit}), app.getFailedCommands({limit}), app.getFailedEffects({limit}), app.getScheduledCommands({limit})])
                await expect(list).rejects.toMatchObject({code: 'INVALID_LIMIT'});
    });

    it('say in the log which they are', async () => {
        const lines: [object, string][] = [];
        const log = (details: object, message: string): void => void lines.push([details, message]);
        const app = await start([Action.create('noisy', {on: onEvent(Placed), retry: {...RETRY, maxAttempts: 2}, handler: () => {
            throw new Error('Broken');
        }})], fresh(), {logger: {debug: () => undefined, info: () => undefined, warn: log, error: log}});
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(lines).toMatchObject([
            [{action: 'noisy', attempt: 1}, 'A task failed and is tried again'], [{action: 'noisy', attempts: 2}, 'A task has failed for good and is put to the dead letters']
        ]));
    });

    it('record a final failure once, also when a retry fails for good again', async () => {
        const data = fresh();
        let failures = 0;
        const app = await start([Action.create('again', {on: onEvent(Placed), retry: {...RETRY, maxAttempts: 2}, handler: () => {
            throw new Error('Broken');
        }, onFinalFailure: ({error}, {event}) => {
            failures++;
            return {aggregateName: 'note', events: new Noted({aggregateId: event.aggregateId, payload: {text: error.message}})};
        }})], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(async () => expect(await app.getFailedActions()).toHaveLength(1));
        await app.retryFailedAction((await app.getFailedActions())[0]?.id as string);
        await vi.waitFor(() => expect(failures).toBe(2));
        await vi.waitFor(async () => expect(await app.getFailedActions()).toHaveLength(1));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed', 'note.taken']);
    });

    it('fail at once where the input is not what they take', async () => {
        const data = fresh();
        const handler = vi.fn();
        const app = await start([Action.create('strict', {on: onEvent(Placed), input: z.object({item: z.literal('good')}), handler})], data);
        await app.executeCommand(place, 'o1', {item: 'bad'});
        await app.executeCommand(place, 'o1', {item: 'good'});
        await vi.waitFor(async () => expect(await app.getFailedActions()).toMatchObject([{attempts: 1, error: {code: 'VALIDATION_FAILED'}}]), 5000);
        await vi.waitFor(() => expect(handler).toHaveBeenCalledTimes(1));
    });

    it('leave events that they have no class for to processes that have, whatever their number of attempts', async () => {
        const data = fresh();
        const lines: string[] = [];
        const seen: unknown[] = [];
        const log = (_details: object, message: string): void => void lines.push(message);
        const rolling = (on: EventTrigger) => Action.create('rolling', {on, retry: {maxAttempts: 1}, handler: (input, {attempt}) => void seen.push([input, attempt])});
        const newer = (): Promise<Woltage> => start([rolling(onEvent(Placed, Noted))], data);
        await (await newer()).stop();
        await start([rolling(onEvent(Placed))], data, {eventClasses: [Placed], aggregates: [], decisions: [], logger: {debug: () => undefined, info: () => undefined, warn: log, error: log}});
        await (await start([], data)).decide(takeNote, {text: 'new'});
        await vi.waitFor(() => expect(lines).toEqual(['A task is left to other processes']), 5000);
        await newer();
        await vi.waitFor(() => expect(seen).toEqual([[{text: 'new'}, 1]]), 4000);
        expect(lines).toHaveLength(1);
    });

    it('get events that only a newer process asks for while an older one has the lease', async () => {
        const data = fresh();
        const seen: unknown[] = [];
        const rolling = (on: EventTrigger) => Action.create('rolling', {on, handler: input => void seen.push(input)});
        await start([rolling(onEvent(Placed))], data, {eventClasses: [Placed], aggregates: [], decisions: []});
        const newer = await start([rolling(onEvent(Placed, Noted))], data);
        await newer.decide(takeNote, {text: 'new'});
        await vi.waitFor(() => expect(seen).toEqual([{text: 'new'}]), 4000);
    });

    it('can do nothing more after the time of an attempt', async () => {
        const data = fresh();
        const late: unknown[] = [];
        const app = await start([Action.create('slow', {on: onEvent(Placed), retry: {...RETRY, attemptTimeoutMs: 30, maxAttempts: 2}, async handler(_input, {run, signal, attempt}) {
            if (attempt === 2)
                return;
            await new Promise(resolve => signal.addEventListener('abort', resolve));
            await delay(10);
            await run(ship, 'o1', {by: 'late'}).catch((error: unknown) => late.push(error));
        }})], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(late).toHaveLength(1));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed']);
    });

    it('can do nothing more when an attempt has failed', async () => {
        const data = fresh();
        const late: unknown[] = [];
        /** Waits for its server, as brokers do. */
        class PatientBroker extends MemoryBroker {
            override async publish(messages: Parameters<MemoryBroker['publish']>[0], options?: Parameters<MemoryBroker['publish']>[1]): Promise<void> {
                await delay(50, options?.signal);
                return super.publish(messages, options);
            }
        }
        const broker = new MemoryBrokerData();
        const app = await start([Action.create('hasty', {on: onEvent(Placed), retry: {...RETRY, maxAttempts: 1}, async handler(_input, {run, publish}) {
            const keep = (error: unknown): void => void late.push((error as {code?: string}).code);
            void publish('topic', {value: 'too late'}).catch(keep);
            void delay(20).then(() => run(ship, 'o1', {by: 'late'})).catch(keep);
            throw new Error('Broken');
        }})], data, {messageBroker: {adapter: PatientBroker, args: [broker]}});
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(late).toEqual(['PUBLISH_ABORTED', 'HANDLER_RETURNED']));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed']);
    });

    it('can do nothing when an attempt was over before its handler began', async () => {
        const data = fresh();
        const did: unknown[] = [];
        const slow = z.object({item: z.string()}).refine(() => delay(150).then(() => true));
        const app = await start([Action.create('slow', {on: onEvent(Placed), input: slow, retry: {...RETRY, maxAttempts: 1, attemptTimeoutMs: 50}, async handler(_input, {run}) {
            await run(ship, 'o1', {by: 'late'}).then(() => did.push('shipped'), (error: unknown) => did.push((error as {code?: string}).code));
        }})], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(did).toEqual(['TASK_TIMEOUT']));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed']);
    });

    it('can do nothing after the time of onFinalFailure, either, which is called again then', async () => {
        const data = fresh();
        const did: unknown[] = [];
        await (await start([Action.create('slow', {
            on: onEvent(Placed), retry: {...RETRY, maxAttempts: 1, attemptTimeoutMs: 50},
            handler: () => Promise.reject(new Error('Broken')),
            async onFinalFailure(_failure, {run, signal}) {
                await delay(150);
                did.push(signal.aborted, await run(ship, 'o1', {by: 'late'}).then(() => 'shipped', (error: unknown) => (error as {code?: string}).code));
            }
        })], data)).executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(did).toEqual([true, 'TASK_TIMEOUT']));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed']);
    });

    it('wait for what is under way when an attempt has failed, which is not recorded before that', async () => {
        const data = fresh();
        const app = await start([Action.create('both', {
            on: onEvent(Placed), retry: {...RETRY, maxAttempts: 1},
            async handler(_input, {run}) {
                await Promise.all([run(slowly, 'o2', {reason: 'slow'}), delay(20).then(() => Promise.reject(new Error('Broken')))]);
            },
            onFinalFailure: () => ({aggregateName: 'order', events: new Shipped({aggregateId: 'o1', payload: {by: 'failure'}})})
        })], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(async () => expect((await eventsOf(data)).map(({type}) => type)).toHaveLength(3));
        expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed', 'order.cancelled', 'order.shipped']);
    });

    it('end when all has been done that the handler has left to itself, and what follows from it', async () => {
        const data = fresh();
        let late: Promise<unknown> | undefined;
        const app = await start([Action.create('careless', {on: onEvent(Placed), retry: RETRY, handler(_input, {run}) {
            void run(ship, 'o1', {by: 'ann'}).then(() => run(takeNote, {text: 'shipped'}));
            late = delay(200).then(() => run(ship, 'o2', {by: 'late'}));
            late.catch(() => undefined);
        }})], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(async () => expect((await eventsOf(data)).map(({type}) => type)).toEqual(['order.placed', 'order.shipped', 'note.taken']));
        await expect(late).rejects.toMatchObject({code: 'HANDLER_RETURNED'});
        const store = await recordsOf(data.store, '_woltage_action/careless');
        expect(await store.listRecords('journal/')).toEqual([]);
    });

    it('tell what goes wrong with what the handler has left to itself', async () => {
        const told: unknown[] = [];
        const error = (details: object): void => void told.push((details as {err: Error}).err.message);
        const others = process.listeners('unhandledRejection');
        process.removeAllListeners('unhandledRejection');
        try {
            const app = await start([Action.create('careless', {on: onEvent(Placed), retry: RETRY, handler(_input, {run}) {
                void run(ship, 'o1', {by: 'ann'});
            }})], fresh(), {logger: {debug: () => undefined, info: () => undefined, warn: () => undefined, error}});
            process.on('unhandledRejection', () => undefined);
            await app.executeCommand(ship, 'o1', {by: 'ann'});
            await app.executeCommand(place, 'o1', {item: 'x'});
            await vi.waitFor(() => expect(told).toEqual(['It has been shipped.']));
            await app.stop();
        } finally {
            process.removeAllListeners('unhandledRejection');
            for (const listener of others)
                process.on('unhandledRejection', listener);
        }
    });

    it('keep no journal when they are done', async () => {
        const data = fresh();
        let done = 0;
        const app = await start([Action.create('tidy', {on: onEvent(Placed), retry: RETRY, async handler({item}, {run, attempt, event}) {
            await run(ship, event.aggregateId, {by: item});
            if (attempt < 2)
                throw new Error('Again');
            done++;
        }})], data);
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(done).toBe(1));
        const store = await recordsOf(data.store, '_woltage_action/tidy');
        await vi.waitFor(async () => expect(await store.listRecords('journal/')).toEqual([]));
    });
});

describe('actions by call', () => {
    const greet = Action.create('greet', {
        on: onHttp('POST', '/greetings/:name'), input: z.object({name: z.string()}),
        async handler({name}, {run, newId, request}) {
            await run(place, newId(), {item: name});
            return {greeting: `Hello ${name}`, by: request?.method};
        }
    });

    it('answer with what the handler returns', async () => {
        const app = await start([greet]);
        expect(await app.executeAction(greet, {name: 'Ada'})).toEqual({greeting: 'Hello Ada', by: undefined});
        await expect(app.executeAction('greet', {name: 1})).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
        await expect(app.executeAction('constructor', {})).rejects.toMatchObject({code: 'UNKNOWN_ACTION'});
        expect(app.actionRoutes).toMatchObject([{trigger: {method: 'POST', path: '/greetings/:name'}}]);
    });

    it('can\'t be called by commands', async () => {
        const tries: unknown[] = [];
        const impatient = Aggregate.create('impatient', {});
        const act = impatient.registerCommand(async () => {
            for (const call of [() => app.executeAction(greet, {name: 'Ada'}), () => app.enqueueAction(greet, {name: 'Ada'})])
                tries.push(await call().catch((error: unknown) => error));
        }, 'act');
        const app = await start([greet], fresh(), {aggregates: [order, impatient]});
        await app.executeCommand(act, 'i1', {});
        expect(tries).toMatchObject([{code: 'ACTION_IN_COMMAND'}, {code: 'ACTION_IN_COMMAND'}]);
    });

    it('are done once for an idempotency key, also when they failed in between', async () => {
        const data = fresh();
        let calls = 0;
        const careful = Action.create('careful', {on: onHttp('POST', '/careful'), async handler(_input, {run}) {
            await run(place, crypto.randomUUID(), {item: 'once'});
            if (++calls === 1)
                throw new Error('The network');
            return {calls};
        }});
        const app = await start([careful], data);
        await expect(app.executeAction(careful, {a: 1}, {idempotencyKey: 'k'})).rejects.toThrow('The network');
        expect(await app.executeAction(careful, {a: 1}, {idempotencyKey: 'k'})).toEqual({calls: 2});
        expect(await app.executeAction(careful, {a: 1}, {idempotencyKey: 'k'})).toEqual({calls: 2});
        await expect(app.executeAction(careful, {a: 2}, {idempotencyKey: 'k'})).rejects.toMatchObject({code: 'IDEMPOTENCY_KEY_REUSED'});
        expect(await eventsOf(data)).toHaveLength(1);
    });

    it('that return nothing, or what can\'t be kept, say so for an idempotency key', async () => {
        const nothing = Action.create('nothing', {on: onHttp('POST', '/nothing'), handler: () => undefined});
        const odd = Action.create('odd', {on: onHttp('POST', '/odd'), handler: () => new Map()});
        const app = await start([nothing, odd]);
        for (const _time of [1, 2]) {
            expect(await app.executeAction(nothing, {}, {idempotencyKey: 'k'})).toBeUndefined();
            await expect(app.executeAction(odd, {}, {idempotencyKey: 'k'})).rejects.toMatchObject({code: 'INVALID_ACTION_RESULT', status: 500});
        }
    });

    it('take no keys that are none, and one key for each action and way of calling', async () => {
        const [a, b] = ['a', 'b'.repeat(128)].map(name => Action.create(name, {on: onHttp('POST', `/${name}`), handler: input => ({name, input})})) as [Action, Action];
        const app = await start([a, b]);
        for (const idempotencyKey of ['', 'x'.repeat(257), 1 as never]) {
            await expect(app.executeAction(a, 1, {idempotencyKey})).rejects.toMatchObject({code: 'INVALID_IDEMPOTENCY_KEY'});
            await expect(app.enqueueAction(a, 1, {idempotencyKey})).rejects.toMatchObject({code: 'INVALID_IDEMPOTENCY_KEY'});
        }
        const idempotencyKey = 'x'.repeat(256);
        expect(await app.executeAction(a, 1, {idempotencyKey})).toEqual({name: 'a', input: 1});
        expect(await app.executeAction(b, 2, {idempotencyKey})).toEqual({name: b.name, input: 2});
        expect(await app.enqueueAction(a, 3, {idempotencyKey})).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('don\'t keep their caller waiting for ever', async () => {
        let signal: AbortSignal | undefined;
        const hanging = Action.create('hanging', {on: onHttp('POST', '/hanging'), retry: {attemptTimeoutMs: 30}, handler: (_input, tools) => {
            ({signal} = tools);
            return new Promise(() => undefined);
        }});
        const app = await start([hanging]);
        await expect(app.executeAction(hanging)).rejects.toMatchObject({code: 'ACTION_TIMEOUT', status: 503});
        expect(signal?.aborted).toBe(true);
    });

    it('don\'t keep a stop waiting for long, and are told of it', async () => {
        let reason: unknown;
        const hanging = Action.create('hanging', {on: onHttp('POST', '/hanging'), handler: (_input, {signal}) => new Promise(() => signal.addEventListener('abort', () => void (reason = signal.reason)))});
        const app = await start([hanging]);
        const call = expect(app.executeAction(hanging)).rejects.toMatchObject({code: 'STOPPED'});
        const began = performance.now();
        await app.stop();
        await call;
        expect(performance.now() - began).toBeLessThan(10_000);
        expect(reason).toMatchObject({code: 'STOPPED'});
    });

    it('are all at rest where one of them could not start, until another start', async () => {
        let isAway = true;
        class Away extends MemoryEventStore {
            override async getLatestPosition(...args: Parameters<MemoryEventStore['getLatestPosition']>): Promise<bigint | null> {
                await delay(20);
                if (isAway)
                    throw new UnavailableError('Away.');
                return super.getLatestPosition(...args);
            }
        }
        const runs: string[] = [];
        const onPlaced = Action.create('onPlaced', {on: onEvent(Placed), handler: () => undefined});
        const queued = Action.create('queued', {on: onHttp('POST', '/queued'), handler: () => void runs.push('run')});
        const app = await start([queued, onPlaced], fresh(), {autostart: false, eventStore: {adapter: Away}});
        await expect(app.start()).rejects.toThrow('Away.');
        await app.enqueueAction(queued);
        await delay(300);
        expect(runs).toEqual([]);
        isAway = false;
        await app.start();
        await vi.waitFor(() => expect(runs).toEqual(['run']));
        await app.stop();
        await app.stop();
    });

    it('leave nothing at the signals of calls that are over', async () => {
        const signals: AbortSignal[] = [];
        const quick = Action.create('quick', {on: onHttp('POST', '/quick'), handler: (_input, {signal}) => void signals.push(signal)});
        const app = await start([quick]);
        await app.executeAction(quick);
        expect(signals.map(signal => [signal.aborted, getEventListeners(signal, 'abort')])).toEqual([[false, []]]);
    });

    it('are not queued with an input that they can\'t take, nor with another one for the same key', async () => {
        const app = await start([greet]);
        await expect(app.enqueueAction(greet, {name: 1})).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
        await expect(app.enqueueAction(greet, {name: 1}, {idempotencyKey: 'k'})).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
        await expect(app.enqueueAction(greet, {name: () => 1})).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
        await app.enqueueAction(greet, {name: 'Ada'}, {idempotencyKey: 'k'});
        await expect(app.enqueueAction(greet, {name: 'Bob'}, {idempotencyKey: 'k'})).rejects.toMatchObject({code: 'IDEMPOTENCY_KEY_REUSED'});
        expect(await app.getFailedActions()).toEqual([]);
    });

    it.each([undefined, Infinity])('are not queued twice for a key when the first caller died before its answer was kept, for as long as answers are (%s)', async idempotencyKeepMs => {
        const data = fresh();
        const runs: unknown[] = [];
        const queued = Action.create('queued', {on: onHttp('POST', '/queued'), handler: input => void runs.push(input)});
        const first = await start([queued], data, {idempotencyKeepMs});
        const [keyed, unkeyed] = [await first.enqueueAction(queued, 'keyed', {idempotencyKey: 'k'}), await first.enqueueAction(queued, 'unkeyed')];
        await vi.waitFor(() => expect(runs).toHaveLength(2));
        await first.stop();
        const scope = async (namespace: string): Promise<IStore> => {
            const store = new MemoryStore(data.store).scope({namespace, tables: {}});
            await store.connect();
            return store;
        };
        const [requests, tasks] = [await scope('_woltage_requests'), await scope('_woltage_action/queued')];
        const answers = (await requests.listRecords('')).filter(({value}) => value.includes(keyed));
        expect(answers).toHaveLength(1);
        await requests.commit({records: answers.map(({key}) => ({key, value: null, token: 'gone'}))});
        const isKnown = async (id: string) => (await tasks.getRecords([`id/${id}`]))[0] !== undefined;
        const clockIn = (days: number) => ({now: () => Date.now() + days * 24 * 3_600_000, newId: () => crypto.randomUUID(), delay});
        const later = await start([queued], data, {idempotencyKeepMs, harness: {clock: clockIn(6.9)}});
        await vi.waitFor(async () => expect(await isKnown(unkeyed)).toBe(false));
        expect(await later.enqueueAction(queued, 'keyed', {idempotencyKey: 'k'})).toBe(keyed);
        await delay(100);
        expect(runs).toEqual(['keyed', 'unkeyed']);
        await later.stop();
        await start([queued], data, {idempotencyKeepMs, harness: {clock: clockIn(7.1)}});
        if (idempotencyKeepMs === undefined)
            await vi.waitFor(async () => expect(await isKnown(keyed)).toBe(false));
        expect(await isKnown(keyed)).toBe(idempotencyKeepMs !== undefined);
    });

    it('are queued, once for an idempotency key', async () => {
        const data = fresh();
        const app = await start([greet], data);
        const id = await app.enqueueAction(greet, {name: 'Ada'}, {idempotencyKey: 'k'});
        expect(await app.enqueueAction(greet, {name: 'Ada'}, {idempotencyKey: 'k'})).toBe(id);
        await vi.waitFor(async () => expect(await eventsOf(data)).toHaveLength(1));
        await app.enqueueAction('greet', {name: 'Bob'});
        await vi.waitFor(async () => expect(await eventsOf(data)).toHaveLength(2));
    });
});

describe('the config', () => {
    it.each([
        ['two of one name', [Action.create('a', {on: onEvent(Placed), handler: () => undefined}), Action.create('a', {on: onEvent(Placed), handler: () => undefined})], 'DUPLICATE_ACTION_NAME'],
        ['two at one route', [Action.create('a', {on: onHttp('GET', '/x/:id'), handler: () => undefined}), Action.create('b', {on: onHttp('GET', '/x/:name'), handler: () => undefined})], 'ACTION_INVALID'],
        ['two at routes that differ in case alone', [Action.create('a', {on: onHttp('GET', '/x/:id'), handler: () => undefined}), Action.create('b', {on: onHttp('GET', '/X/:id'), handler: () => undefined})], 'ACTION_INVALID'],
        ['an event that nobody knows', [Action.create('a', {on: onEvent(defineEvent('Stranger', {schema: z.object({})})), handler: () => undefined})], 'UNKNOWN_EVENT_CLASS'],
        ['something else', [{} as Action], 'CONFIG_INVALID']
    ])('refuses %s', async (_what, actions, code) => {
        await expect(start(actions)).rejects.toMatchObject({code});
    });

    it.each([
        ['a name', () => Action.create('', {on: onEvent(Placed), handler: () => undefined}), 'ACTION_INVALID'],
        ['a trigger', () => Action.create('a', {on: [] as never, handler: () => undefined}), 'ACTION_INVALID'],
        ['a handler', () => Action.create('a', {on: onEvent(Placed)} as never), 'ACTION_INVALID'],
        ['a setting that is there', () => Action.create('a', {on: onEvent(Placed), handler: () => undefined, retries: 3} as never), 'ACTION_INVALID'],
        ['a good retry', () => Action.create('a', {on: onEvent(Placed), handler: () => undefined, retry: {maxAttempts: 0}}), 'ACTION_INVALID'],
        ['event classes', () => onEvent({} as never), 'TRIGGER_INVALID'],
        ['classes of events', () => onEvent(class Order {} as never), 'TRIGGER_INVALID'],
        ['options that are an object', () => onEvent(Placed, null as never), 'TRIGGER_INVALID'],
        ['options that aren\'t text', () => onSchedule('0 6 * * *', 'Europe/Berlin' as never), 'TRIGGER_INVALID'],
        ['an interval and nothing else', () => onSchedule({everyMs: 1000, missed: 'skip'} as never), 'TRIGGER_INVALID'],
        ['another topic for its dead letters', () => onMessage('stock', {deadLetterTopic: 'stock'}), 'TRIGGER_INVALID'],
        ['a path that clients leave as it is', () => onHttp('POST', '/x/../y'), 'TRIGGER_INVALID'],
        ['a path without dots', () => onHttp('POST', '/x/.'), 'TRIGGER_INVALID'],
        ['a good path', () => onHttp('POST', 'x'), 'TRIGGER_INVALID'],
        ['parameters with names of their own', () => onHttp('POST', '/x/:id/y/:id'), 'TRIGGER_INVALID'],
        ['a good method', () => onHttp('post' as never, '/x'), 'TRIGGER_INVALID'],
        ['options that are there', () => onEvent(Placed, {form: 'start'} as never), 'TRIGGER_INVALID']
    ])('an action needs %s', (_what, create, code) => {
        expect(create).toThrow(expect.objectContaining({code}));
    });

    it('takes another store for the work', async () => {
        const data = fresh();
        const tasks = new MemoryStoreData();
        const seen: string[] = [];
        const watch = Action.create('watch', {on: onEvent(Placed), handler: ({item}) => void seen.push(item)});
        const app = await start([watch], data, {stores: {tasks: {adapter: MemoryStore, args: [tasks]}}, taskStore: 'tasks'});
        await app.executeCommand(place, 'o1', {item: 'x'});
        await vi.waitFor(() => expect(seen).toEqual(['x']));
        expect(await (await recordsOf(tasks, '_woltage_action/watch')).listRecords('')).not.toEqual([]);
        await expect(start([watch], data, {taskStore: 'nowhere'})).rejects.toMatchObject({code: 'TASK_STORE_UNKNOWN'});
    });
});
