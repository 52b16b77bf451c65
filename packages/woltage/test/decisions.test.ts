import {afterEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {
    Aggregate, ConflictError, Decision, defineEvent, MemoryEventStore, MemoryEventStoreData, MemoryStore, ReadModel, z,
    type AppendCondition, type AppendResult, type EventQuery, type EventQueryOptions, type RecordedEvent, type StreamAppend, type Woltage, type WoltageConfig
} from 'woltage';
import {addItem, CartSubmitted, clearCart, createApp, decisions, ItemAdded, ItemRemoved, removeItem, submitCart} from '../../../test/decisions/domain.ts';

const apps: Woltage[] = [];
afterEach(async () => {
    for (const app of apps.splice(0))
        await app.stop();
});

const keep = (app: Woltage): Woltage => {
    apps.push(app);
    return app;
};
const memory = (data = new MemoryEventStoreData()) => ({adapter: MemoryEventStore, args: [data]});

const payload = z.object({id: z.string(), other: z.string().optional()});
const Noted = defineEvent('Noted', {schema: payload, tags: ({id, other}) => other === undefined ? [`note:${id}`] : [`note:${id}`, `other:${other}`]});
const Untagged = defineEvent('Untagged', {schema: payload});
const NoId = defineEvent('NoId', {schema: payload, tags: ({id}) => [id]});

/** An application with these decisions. */
const appWith = async (own: readonly Decision[], config: Partial<WoltageConfig> = {}): Promise<Woltage> => keep(await createWoltage({
    eventStore: memory(), eventClasses: [Noted, Untagged, NoId], aggregates: [], decisions: own, projectorClasses: [], internalStore: {adapter: MemoryStore}, ...config
}));

const everything = async (data: MemoryEventStoreData): Promise<RecordedEvent[]> => {
    const store = new MemoryEventStore(data);
    await store.connect();
    const records: RecordedEvent[] = [];
    for await (const page of store.query([{}]))
        records.push(...page);
    return records;
};

/** Lets a test do something between the reading and the appending of a decision. */
class InterruptedEventStore extends MemoryEventStore {
    readonly #before: (condition: AppendCondition | undefined, reads: number) => Promise<void>;
    #reads = 0;

    constructor(data: MemoryEventStoreData, before: (condition: AppendCondition | undefined, reads: number) => Promise<void>) {
        super(data);
        this.#before = before;
    }

    override query(query: EventQuery, options?: EventQueryOptions): AsyncIterable<readonly RecordedEvent[]> {
        this.#reads++;
        return super.query(query, options);
    }

    override async appendAll(streams: readonly StreamAppend[], condition?: AppendCondition): Promise<readonly AppendResult[]> {
        await this.#before(condition, this.#reads);
        return super.appendAll(streams, condition);
    }
}

class Carts extends ReadModel {
    projectionName = 'none';

    async count({cartId}: {cartId: string}) {
        const input = {cartId, productId: 'x'};
        const [now, before] = [await this.stateOf(addItem, input), await this.stateAt(addItem, input, {position: 0n})];
        return [now.items.length, before.items.length];
    }
}

describe('A read model', () => {
    it('asks for the state that a decision would decide upon, and would have', async () => {
        const app = keep(await createApp(memory(), {readModelClasses: [Carts]}));
        for (const productId of ['1', '2'])
            await app.decide(addItem, {cartId: 'c', productId});
        expect(await app.executeQuery(Carts, 'count', {cartId: 'c'})).toEqual([2, 1]);
        await expect(app.executeQuery('carts', 'stateOf', {})).rejects.toMatchObject({code: 'UNKNOWN_HANDLER'});
    });
});

describe('The rules of a cart', () => {
    it('hold: three items at most, nothing removed that isn\'t there, nothing changed once it is submitted', async () => {
        const app = keep(await createApp(memory()));
        const cartId = 'c';
        await expect(app.decide(submitCart, {cartId})).rejects.toMatchObject({code: 'CART_EMPTY'});
        for (const productId of ['1', '2', '2'])
            await app.decide(addItem, {cartId, productId});
        await expect(app.decide(addItem, {cartId, productId: '3'})).rejects.toMatchObject({code: 'CART_FULL'});
        await app.decide(addItem, {cartId: 'another', productId: '3'});
        await expect(app.decide(removeItem, {cartId, productId: '3'})).rejects.toMatchObject({code: 'NO_SUCH_ITEM'});
        await app.decide(removeItem, {cartId, productId: '2'});
        expect(await app.stateOf(addItem, {cartId, productId: 'x'})).toEqual({items: ['1', '2'], isSubmitted: false});
        expect(await app.stateAt(addItem, {cartId, productId: 'x'}, {position: 0n})).toEqual({items: ['1'], isSubmitted: false});
        expect(await app.stateAt(addItem, {cartId, productId: 'x'}, {time: 0})).toEqual({items: [], isSubmitted: false});
        await expect(app.stateAt(addItem, {cartId, productId: 'x'}, {revision: 0n})).rejects.toMatchObject({code: 'INVALID_LIMIT'});
        const {events} = await app.decide(clearCart, {cartId});
        expect(events.map(({type, payload, aggregateId, revision}) => [type, payload, aggregateId, revision])).toEqual([
            ['item.removed', {cartId, productId: '1'}, cartId, 4n], ['item.removed', {cartId, productId: '2'}, cartId, 5n]
        ]);
        await expect(app.decide(removeItem, {cartId, productId: '1'})).rejects.toMatchObject({code: 'NO_SUCH_ITEM'});
        await app.decide('addItem', {cartId, productId: '4'});
        await app.decide(submitCart, {cartId});
        for (const [decision, input] of [[addItem, {cartId, productId: '1'}], [removeItem, {cartId, productId: '4'}]] as const)
            await expect(app.decide(decision, input)).rejects.toMatchObject({code: 'CART_SUBMITTED'});
        await expect(app.decide(submitCart, {cartId})).rejects.toMatchObject({code: 'CART_SUBMITTED'});
        await expect(app.decide(clearCart, {cartId})).rejects.toMatchObject({code: 'CART_SUBMITTED'});
    });
});

describe('A decision', () => {
    it('is made anew when something that it depends on comes between reading and appending, and not for anything else', async () => {
        const data = new MemoryEventStoreData();
        const rival = keep(await createApp(memory(data)));
        let interruptions = 0;
        let lastReads = 0;
        const app = keep(await createApp({adapter: InterruptedEventStore, args: [data, async (_condition: AppendCondition | undefined, reads: number) => {
            lastReads = reads;
            await rival.decide(addItem, {cartId: 'elsewhere', productId: String(interruptions)}).catch(() => undefined);
            if (interruptions++ < 2)
                await rival.decide(addItem, {cartId: '1', productId: 'rival'});
        }]}));
        await app.decide(addItem, {cartId: '1', productId: 'mine'});
        expect([interruptions, lastReads]).toEqual([3, 3]);
        expect(await app.stateOf(addItem, {cartId: '1', productId: 'x'})).toEqual({items: ['rival', 'rival', 'mine'], isSubmitted: false});
        await expect(app.decide(addItem, {cartId: '1', productId: 'mine'})).rejects.toMatchObject({code: 'CART_FULL'});
    });

    it('is refused when others were faster as often as it may be tried again', async () => {
        const data = new MemoryEventStoreData();
        const rival = keep(await createApp(memory(data)));
        for (const retryOnConflict of [0, 2]) {
            let tries = 0;
            const note = Decision.create('note', {
                input: z.string(), query: cartId => ({types: [ItemAdded], tags: [`cart:${cartId}`]}), init: 0, retryOnConflict,
                decide: (_state, cartId) => new CartSubmitted({payload: {cartId}})
            }).on(ItemAdded, count => count + 1);
            const app = keep(await createApp({adapter: InterruptedEventStore, args: [data, async () => {
                await rival.decide(addItem, {cartId: `${retryOnConflict}/${++tries}`, productId: '1'});
                await rival.decide(addItem, {cartId: String(retryOnConflict), productId: '1'});
            }]}, {decisions: [note]}));
            await expect(app.decide(note, String(retryOnConflict))).rejects.toSatisfy(error => error instanceof ConflictError && error.code === 'CONDITION_FAILED');
            expect(tries).toBe(retryOnConflict + 1);
            expect((await everything(data)).some(({type}) => type === 'cart.submitted')).toBe(false);
        }
    });

    it('has its input validated before anything is read, and gets what the schema makes of it', async () => {
        const data = new MemoryEventStoreData();
        let reads = 0;
        const strict = Decision.create('strict', {
            input: z.object({n: z.coerce.number().int()}), query: ({n}) => ({tags: [`n:${n}`]}), init: ({n}) => ({n}),
            decide(state, {n}) {
                reads++;
                expect([state.n, n]).toEqual([7, 7]);
            }
        });
        const app = await appWith([strict], {eventStore: memory(data)});
        for (const input of [undefined, null, {}, {n: 'x'}, {n: 1.5}, []])
            await expect(app.decide('strict', input)).rejects.toMatchObject({code: 'VALIDATION_FAILED', status: 400});
        expect(reads).toBe(0);
        await expect(app.stateOf(strict, {n: 'x' as never})).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
        expect(await app.decide('strict', {n: '7'})).toEqual({position: -1n, events: []});
        expect(reads).toBe(1);
    });

    it('appends to the streams that first tags name, all or none, together with correlation, revisions and the last position', async () => {
        const data = new MemoryEventStoreData();
        const spread = Decision.create('spread', {
            input: z.array(z.string()), query: () => ({tags: ['any:1']}),
            decide: (_state, ids) => ids.map(id => new Noted({payload: {id}, meta: {id}}))
        });
        const app = await appWith([spread], {eventStore: memory(data)});
        const {position, events} = await app.decide(spread, ['a', 'b:c', 'a']);
        expect((await everything(data)).map(({aggregateName, aggregateId, revision, tags}) => [aggregateName, aggregateId, revision, tags])).toEqual([
            ['note', 'a', 0n, ['note:a']], ['note', 'a', 1n, ['note:a']], ['note', 'b:c', 0n, ['note:b:c']]
        ]);
        expect(position).toBe(2n);
        expect(events.map(({aggregateId, revision, position, correlationId, id}) => [aggregateId, revision, position, correlationId === id])).toEqual([
            ['a', 0n, -1n, true], ['b:c', 0n, 2n, true], ['a', 1n, 1n, true]
        ]);
        await expect(app.decide(spread, ['fine', ''])).rejects.toMatchObject({code: 'DECISION_STREAM'});
        expect(await everything(data)).toHaveLength(3);
    });

    it('may say itself where its events go, or leave the id to the event', async () => {
        const data = new MemoryEventStoreData();
        const aggregate = Aggregate.create('ledger');
        const somewhere = Decision.create('somewhere', {
            input: z.string(), query: () => ({tags: ['any:1']}), decide: (_state, id) => new Untagged({payload: {id}}), stream: (event, id) => ({aggregate, id: `${id}/${event.type}`})
        });
        const own = Decision.create('own', {
            input: z.string(), query: () => ({tags: ['any:1']}), decide: (_state, id) => [new NoId({payload: {id: 'plain'}, aggregateId: id}), new Noted({payload: {id: 'x'}, aggregateId: id})]
        });
        const app = await appWith([somewhere, own], {eventStore: memory(data)});
        await app.decide(somewhere, 'x');
        await app.decide(own, 'y');
        expect((await everything(data)).map(({aggregateName, aggregateId}) => `${aggregateName} ${aggregateId}`)).toEqual(['ledger x/untagged', 'plain y', 'note y']);
    });

    it.each([
        ['an untagged event', 'DECISION_STREAM', () => new Untagged({payload: {id: '1'}})],
        ['a tag without an id', 'DECISION_STREAM', () => new NoId({payload: {id: 'plain'}})],
        ['a tag with an empty name', 'DECISION_STREAM', () => new NoId({payload: {id: ':1'}})],
        ['an empty tag', 'INVALID_TAGS', () => new NoId({payload: {id: ''}})],
        ['half a character', 'INVALID_TAGS', () => new NoId({payload: {id: 'a:\ud800'}})],
        ['what is no event', 'INVALID_DECISION_RESULT', () => ({type: 'noted'}) as never],
        ['events and nothing', 'INVALID_DECISION_RESULT', () => [new Noted({payload: {id: '1'}}), undefined] as never],
        ['an event of a class that isn\'t in the config', 'UNKNOWN_EVENT_CLASS', () => new CartSubmitted({payload: {cartId: '1'}})]
    ])('that returns %s fails with %s', async (_what, code, decide) => {
        const data = new MemoryEventStoreData();
        const app = await appWith([Decision.create('bad', {input: z.undefined(), query: () => ({tags: ['any:1']}), decide})], {eventStore: memory(data)});
        await expect(app.decide('bad')).rejects.toMatchObject({code});
        expect(await everything(data)).toEqual([]);
    });

    it.each([undefined, null, 'x', [], [[]], {types: []}, {tags: []}, {tags: 'a:1'}, {tags: ['']}, {tags: [undefined]}, {types: [class Nothing {}]}, {typo: ['a']}, [{tags: ['a:1']}, {tags: []}]].map(boundary => [boundary]))(
        'whose query is %j fails with INVALID_QUERY', async boundary => {
            const app = await appWith([Decision.create('bad', {input: z.undefined(), query: () => boundary as never, decide: () => undefined})]);
            await expect(app.decide('bad')).rejects.toMatchObject({code: 'INVALID_QUERY', status: 400});
        });

    it('depends on the types that it has reducers for, on all types where it has none, or on those that it names', async () => {
        const data = new MemoryEventStoreData();
        const seen: EventQuery[] = [];
        class Watched extends MemoryEventStore {
            override query(query: EventQuery): AsyncIterable<readonly RecordedEvent[]> {
                seen.push(query);
                return super.query(query);
            }
        }
        const base = {input: z.undefined(), decide: () => undefined};
        const app = await appWith([
            Decision.create('handled', {...base, query: () => ({tags: ['a:1']}), projector: {[Noted.identity]: () => undefined}}).on(Untagged, () => undefined),
            Decision.create('all', {...base, query: () => [{tags: ['a:1']}, {}]}),
            Decision.create('named', {...base, query: () => ({types: [Noted, 'anything']})})
        ], {eventStore: {adapter: Watched, args: [data]}});
        for (const name of ['handled', 'all', 'named'])
            await app.decide(name);
        expect(seen).toEqual([
            [{types: ['noted', 'untagged'], tags: ['a:1']}], [{tags: ['a:1']}, {}], [{types: ['noted', 'anything']}]
        ]);
    });

    it('gets older versions upcast, and a state of its own each time', async () => {
        const data = new MemoryEventStoreData();
        await (await appWith([Decision.create('write', {input: z.string(), query: () => ({tags: ['a:1']}), decide: (_state, id) => new Noted({payload: {id}})})], {eventStore: memory(data)})).decide('write', '1');
        const Later = defineEvent('Noted', {schema: z.object({name: z.string()}), version: 2, tags: ({name}) => [`note:${name}`]});
        Object.defineProperty(Later, 'upcast', {value: ({id}: {id: string}) => ({name: `upcast ${id}`})});
        const names = Decision.create('names', {
            input: z.string(), query: id => ({tags: [`note:${id}`]}), init: {names: [] as string[]},
            decide(state) {
                state.names.push('changed');
            }
        }).on(Later, (state, {payload}) => void state.names.push(payload.name));
        const app = await appWith([names], {eventStore: memory(data), eventClasses: [Noted, Later]});
        await app.decide(names, '1');
        expect(await app.stateOf(names, '1')).toEqual({names: ['upcast 1']});
        expect(names.options.init).toEqual({names: []});
    });

    it('can be made within a decision, also on the same boundary, and within a command', async () => {
        const account = Aggregate.create('account');
        const data = new MemoryEventStoreData();
        const inner = Decision.create('inner', {
            input: z.string(), query: id => ({tags: [`note:${id}`]}), init: 0,
            decide: (count, id) => count === 0 ? new Noted({payload: {id, other: 'inner'}}) : undefined
        }).on(Noted, count => count + 1);
        let app: Woltage | undefined = undefined as Woltage | undefined;
        const outer = Decision.create('outer', {
            input: z.string(), query: id => ({tags: [`note:${id}`]}),
            async decide(_state, id) {
                await app?.executeCommand(account, id, 'pass');
                return new Noted({payload: {id, other: 'outer'}});
            }
        }).on(Noted, () => undefined);
        account.registerCommand(async function pass(_state, _payload, {aggregateId}) {
            await app?.decide(inner, aggregateId);
        });
        app = await appWith([inner, outer], {eventStore: memory(data), aggregates: [account]});
        await app.decide(outer, '1');
        expect((await everything(data)).map(({payload}) => (payload as {other: string}).other)).toEqual(['inner', 'outer']);
    });

    it('that hangs doesn\'t hold up others on its boundary for ever', async () => {
        vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
        try {
            const stuck = Decision.create('stuck', {input: z.string(), query: id => ({tags: [`note:${id}`]}), decide: (_state, _id, {wait}) => wait as Promise<undefined>});
            const app = await appWith([stuck]);
            let release = (): void => undefined;
            const hanging = app.decide(stuck, '1', {wait: new Promise<void>(resolve => {
                release = resolve;
            })});
            let isDone = false;
            const behind = app.decide(stuck, '1').then(() => isDone = true);
            await vi.advanceTimersByTimeAsync(9000);
            expect(isDone).toBe(false);
            await vi.advanceTimersByTimeAsync(2000);
            await behind;
            release();
            await hanging;
        } finally {
            vi.useRealTimers();
        }
    });

    it('is rivalled by commands of aggregates too', async () => {
        const data = new MemoryEventStoreData();
        const note = Aggregate.create('note');
        const write = note.registerCommand(z.string(), function write(_state, id) {
            return new Noted({payload: {id}});
        });
        const count = Decision.create('count', {
            input: z.string(), query: id => ({tags: [`note:${id}`]}), init: {count: 0}, decide: (state, id) => new Noted({payload: {id, other: `after ${state.count}`}})
        }).on(Noted, state => ({count: state.count + 1}));
        const rival = await appWith([], {eventStore: memory(data), aggregates: [note]});
        let isFirst = true;
        const app = await appWith([count], {eventStore: {adapter: InterruptedEventStore, args: [data, async () => {
            if (isFirst)
                await rival.executeCommand(write, 'any', '1');
            isFirst = false;
        }]}});
        const {events} = await app.decide(count, '1');
        expect(events.map(({payload}) => payload)).toEqual([{id: '1', other: 'after 1'}]);
    });

    it('passes on what it throws, its own conflicts too, without another try', async () => {
        let calls = 0;
        const failing = Decision.create('failing', {input: z.unknown(), query: () => ({tags: ['a:1']}), decide(_state, error) {
            calls++;
            throw error;
        }});
        const app = await appWith([failing]);
        for (const error of [new Error('mine'), new ConflictError('Mine', {code: 'CONDITION_FAILED'}), 'text'])
            await expect(app.decide(failing, error)).rejects.toBe(error);
        expect(calls).toBe(3);
        await expect(app.decide('constructor')).rejects.toMatchObject({code: 'UNKNOWN_DECISION', status: 404});
        for (const target of [undefined, null, {}, Object.create(null), Symbol('x'), addItem])
            await expect(app.decide(target as never)).rejects.toMatchObject({code: 'UNKNOWN_DECISION'});
        await app.stop();
        await expect(app.decide(failing, 1)).rejects.toMatchObject({code: 'STOPPED'});
    });
});

describe('The config\'s decisions', () => {
    it('are refused where the event store can\'t append with conditions', async () => {
        class Plain extends MemoryEventStore {
            override readonly supports = {multiStreamAppend: true, conditionalAppend: false};
        }
        await expect(createApp({adapter: Plain})).rejects.toMatchObject({code: 'DECISIONS_UNSUPPORTED', message: expect.stringContaining('Plain') as string});
        keep(await createApp({adapter: Plain}, {decisions: []}));
    });

    it('are refused when names are taken, or events are unknown', async () => {
        await expect(createApp(memory(), {decisions: [...decisions, Decision.create('addItem', {input: z.any(), query: () => ({}), decide: () => undefined})]})).rejects.toMatchObject({code: 'DUPLICATE_DECISION_NAME'});
        await expect(createApp(memory(), {eventClasses: [ItemAdded, ItemRemoved]})).rejects.toMatchObject({code: 'UNKNOWN_EVENT_CLASS'});
        await expect(createApp(memory(), {decisions: [{name: 'x'} as never]})).rejects.toMatchObject({code: 'CONFIG_INVALID'});
    });

    it.each([
        ['a name', '', {}], ['options', 'x', undefined], ['an input', 'x', {query() {}, decide() {}}], ['a query', 'x', {input: z.any(), decide() {}}], ['decide', 'x', {input: z.any(), query() {}}],
        ['known options', 'x', {input: z.any(), query() {}, decide() {}, retries: 3}], ['a number of retries', 'x', {input: z.any(), query() {}, decide() {}, retryOnConflict: -1}],
        ['a projector', 'x', {input: z.any(), query() {}, decide() {}, projector: null}],
        ['a function as stream', 'x', {input: z.any(), query() {}, decide() {}, stream: 'cart'}]
    ])('need %s', (_what, name, options) => {
        expect(() => Decision.create(name, options as never)).toThrow(expect.objectContaining({code: 'DECISION_INVALID'}) as Error);
    });

    it('have one reducer for a class of events', () => {
        const decision = Decision.create('x', {input: z.any(), query: () => ({}), decide: () => undefined, projector: {[ItemAdded.identity]: () => undefined}}).on(ItemRemoved, () => undefined);
        for (const eventClass of [ItemAdded, ItemRemoved])
            expect(() => decision.on(eventClass, () => undefined)).toThrow(expect.objectContaining({code: 'DUPLICATE_REDUCER'}) as Error);
    });
});

describe('The types of decisions', () => {
    it('tell input, state and events', async () => {
        const app = keep(await createApp(memory()));
        const typed = Decision.create('typed', {
            input: z.object({n: z.string().transform(Number)}), query: ({n}) => ({tags: [`n:${n.toFixed()}`]}), init: ({n}) => ({total: n}),
            decide(state, {n}) {
                state.total.toFixed(n);
                // @ts-expect-error there is no such property of the state
                void state.nothing;
            }
        }).on(ItemAdded, (state, {payload}) => ({total: state.total + payload.cartId.length}));
        // @ts-expect-error a reducer returns a state
        typed.on(ItemRemoved, () => ({wrong: 1}));
        // @ts-expect-error the input is an object
        await expect(app.decide(typed, 'x')).rejects.toMatchObject({code: 'UNKNOWN_DECISION'});
        const state = app.stateOf(typed, {n: '1'}).then(({total}) => total.toFixed());
        await expect(state).rejects.toMatchObject({code: 'UNKNOWN_DECISION'});
    });
});
