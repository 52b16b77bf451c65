import {describe, expect, it} from 'vitest';
import {
    Aggregate, emit, Event, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, sideEffect, z,
    type CommitBatch, type EventConstructionData, type ScopeOptions, type TableDefinitionMap, type WoltageConfig
} from 'woltage';
import {eventually} from './support/account.ts';
import {add, Added, addMany, count, items, Noted, projectorOf, start, todo, TodoList, type Todo} from './support/todo.ts';

describe('a unit of work', () => {
    it('shows a batch its own writes, also to find and count', async () => {
        const seen: unknown[] = [];
        const woltage = await start(projectorOf(async (todos, {payload}) => {
            await todos.set({id: String(payload.rank % 3), title: payload.title, rank: payload.rank, seen: 0});
            await todos.remove({id: '1'});
            seen.push([
                (await todos.find({}, {sort: {rank: 'desc'}})).map(({id, rank}) => `${id}:${rank}`), await todos.count({rank: {$gt: 1}}),
                (await todos.findOne({title: payload.title}))?.rank
            ]);
        }), {autostart: false});
        await woltage.executeCommand(addMany, 'a', items(4));
        await woltage.start();
        await eventually(() => seen.length === 4);
        expect(seen).toEqual([[['0:0'], 0, 0], [['0:0'], 0, undefined], [['2:2', '0:0'], 1, 2], [['0:3', '2:2'], 2, 3]]);
    });

    it('gives rows that belong to the handler', async () => {
        const woltage = await start(projectorOf(async (todos, event) => {
            await count(todos, event);
            const row = await todos.get({id: 'a'}) as Todo;
            row.seen = 1000;
        }));
        const {position} = await woltage.executeCommand(addMany, 'a', items(3));
        expect(await woltage.executeQuery(TodoList, 'all', {}, {}, {after: position})).toMatchObject([{seen: 3}]);
    });

    it('takes back what a failing handler has written, and keeps what came before', async () => {
        let failures = 3;
        const woltage = await start(projectorOf(async (todos, event) => {
            await count(todos, event);
            if (event.payload.rank === 5 && failures-- > 0)
                throw new Error('Five!');
        }));
        const {position} = await woltage.executeCommand(addMany, 'a', items(10));
        expect(await woltage.executeQuery(TodoList, 'all', {}, {}, {after: position})).toMatchObject([{seen: 10}]);
        expect(failures).toBe(-1);
    });

    it('refuses values that can\'t be stored at the event that brings them', async () => {
        const woltage = await start(projectorOf(async (todos, {payload}) => todos.set({id: 'x', title: payload.title, rank: payload.rank, seen: NaN})), {
            projectionTuning: {maxAttempts: 1}
        });
        const {position} = await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(() => woltage.getProjection('todo')?.state === 'faulted');
        expect(woltage.getProjection('todo')?.error).toMatchObject({code: 'HANDLER_FAILED', position, cause: {code: 'NOT_ENCODABLE'}});
    });
});

/** A store whose commits fail now and then, before they happen or after. */
class FlakyStore<T extends TableDefinitionMap = TableDefinitionMap> extends MemoryStore<T> {
    static commits = 0;

    override scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): MemoryStore<S> {
        const scope = super.scope(options);
        if (options.namespace === '_woltage')
            return scope;
        const commit = scope.commit.bind(scope);
        scope.commit = async (batch: CommitBatch) => {
            const n = ++FlakyStore.commits;
            if (n % 3 === 0)
                throw new Error('The database is away.');
            await commit(batch);
            if (n % 5 === 0)
                throw new Error('The answer was lost.');
        };
        return scope;
    }
}

describe('exactly once', () => {
    it('holds with a store that fails every third commit and loses every fifth answer', async () => {
        const effects: string[] = [];
        const effect = sideEffect((id: string) => effects.push(id));
        const rows = new MemoryStoreData();
        const flaky = {adapter: FlakyStore, args: [rows]};
        const woltage = await start(projectorOf(async (todos, event) => {
            await count(todos, event);
            await effect(event.id);
        }), {internalStore: {adapter: MemoryStore, args: [rows]}, stores: {main: flaky}, projectionTuning: {retryMs: 1, batchSize: 7, commitEvents: 7}});
        await eventually(() => woltage.getProjection('todo')?.isActive === true);
        for (let i = 0; i < 40; i++)
            await woltage.executeCommand(addMany, `a${i % 4}`, items(5));
        const {position} = await woltage.executeCommand(add, 'a0', {title: 'last', rank: 0});
        await woltage.executeQuery(TodoList, 'all', {}, {}, {after: position});
        const list = await woltage.executeQuery(TodoList, 'all', {});
        expect(list.reduce((sum, {seen}) => sum + seen, 0)).toBe(201);
        expect(FlakyStore.commits).toBeGreaterThan(20);
        expect(effects).toHaveLength(201);
        expect(new Set(effects).size).toBe(201);
    });
});

describe('emit', () => {
    it('appends events once, caused by the event that is handled', async () => {
        let attempts = 0;
        const note = sideEffect(async (id: string) => {
            await emit('todo', new Noted({aggregateId: id, payload: {text: 'inside'}}));
        });
        const events = new MemoryEventStoreData();
        const woltage = await start(projectorOf(async (_todos, {aggregateId}) => {
            await note(aggregateId);
            await emit({aggregateName: 'todo', events: [1, 2].map(n => new Noted({aggregateId, payload: {text: `n${n}`}}))});
            if (attempts++ < 2)
                throw new Error('Again!');
        }), {}, events);
        const {events: [added]} = await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(() => woltage.getProjection('todo')?.state === 'live' && attempts === 3);
        const reader = new MemoryEventStore(events);
        await reader.connect();
        const texts: unknown[] = [];
        for await (const page of reader.read('todo', 'a')) {
            for (const {type, payload, causationId, correlationId} of page) {
                if (type === 'noted')
                    texts.push((payload as {text: string}).text);
                expect([type, causationId ?? correlationId]).toEqual([type, added?.id]);
            }
        }
        expect(texts).toEqual(['inside', 'n1', 'n2']);
    });

    it('outside of a projector is an error with a code', async () => {
        await expect(emit('todo', [])).rejects.toMatchObject({code: 'OUTSIDE_CONTEXT'});
        await expect(sideEffect(() => 1)()).rejects.toMatchObject({code: 'OUTSIDE_CONTEXT'});
    });
});

describe('an effect that nobody awaits', () => {
    it('is waited for, and its failure is the handler\'s', async () => {
        let fails = true;
        const effect = sideEffect(async () => {
            await new Promise(resolve => setTimeout(resolve, 5));
            if (fails)
                throw new Error('Late!');
        });
        const woltage = await start(projectorOf((_todos, _event) => void effect()), {projectionTuning: {maxAttempts: 2, retryMs: 1}});
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(() => woltage.getProjection('todo')?.state === 'faulted');
        fails = false;
        await woltage.retryProjection('todo', 1);
        await woltage.getProjection('todo', 1)?.untilLive();
    });
});

describe('declared projections', () => {
    it('are added, replace older versions when they are live, and are removed when they are no longer listed', async () => {
        const events = new MemoryEventStoreData();
        const rows = new MemoryStoreData();
        const [one, two] = [1, 2].map(version => projectorOf(count, version)) as [ReturnType<typeof projectorOf>, ReturnType<typeof projectorOf>];
        const declare = (projections: WoltageConfig['projections']) => start(one, {projectorClasses: [one, two], projections}, events, rows);
        const first = await declare([{name: 'todo', version: 1, projector: one, store: 'main'}, {name: 'other', version: 1, projector: 'TodoProjector', projectorVersion: 1, store: 'main'}]);
        expect(Object.values(first.getProjections()).map(({id, isActive}) => [id, isActive])).toEqual([['todo@1', true], ['other@1', true]]);
        await first.executeCommand(addMany, 'a', items(5));
        await first.stop();
        const second = await declare([{name: 'todo', version: 2, projector: two, store: 'main'}]);
        await eventually(() => Object.keys(second.getProjections()).join() === 'todo@2');
        expect(await second.executeQuery(TodoList, 'all', {})).toMatchObject([{seen: 5}]);
    });

    it('are replaced although their projector is gone, and not while another process works on them', async () => {
        const events = new MemoryEventStoreData();
        const rows = new MemoryStoreData();
        const one = projectorOf(count, 1);
        const two = projectorOf(count, 2);
        const release = (projector: typeof one, version: number) =>
            start(projector, {projections: [{name: 'todo', version, projector, store: 'main'}]}, events, rows);
        const older = await release(one, 1);
        await older.executeCommand(addMany, 'a', items(5));
        const newer = await release(two, 2);
        await newer.getProjection('todo', 2)?.untilLive();
        expect(Object.keys(newer.getProjections())).toEqual(['todo@1', 'todo@2']);
        expect(await older.executeQuery(TodoList, 'all', {})).toMatchObject([{seen: 5}]);
        await older.stop();
        await eventually(() => newer.getProjection('todo')?.version === 2 && Object.keys(newer.getProjections()).length === 1);
        expect(await newer.executeQuery(TodoList, 'all', {})).toMatchObject([{seen: 5}]);
    });

    it('that make no sense are refused', async () => {
        const one = projectorOf(count);
        await expect(start(one, {projections: [{name: 'todo', version: 1, projector: 'Nope', store: 'main'}]})).rejects.toMatchObject({code: 'PROJECTION_INVALID'});
        await expect(start(one, {projections: [{name: 'todo', version: 1, projector: one, store: 'nope'}]})).rejects.toMatchObject({code: 'UNKNOWN_STORE'});
        await expect(start(one, {projections: [{name: 'todo', version: 0, projector: one, store: 'main'}]})).rejects.toMatchObject({code: 'INVALID_PROJECTION'});
    });
});

describe('read models', () => {
    it('fold one aggregate live', async () => {
        const woltage = await start(projectorOf(count));
        await woltage.executeCommand(addMany, 'a', items(2));
        expect(await woltage.executeQuery(TodoList, 'titles', {id: 'a'})).toEqual({titles: ['t0', 't1']});
    });

    it('are reachable in commands, each runtime\'s own', async () => {
        const lists: unknown[] = [];
        const list = todo.commands.has('list') ? undefined : todo.registerCommand(async function list() {
            lists.push((await TodoList.get().all()).length);
        });
        expect(list).toBeDefined();
        const [one, two] = await Promise.all([start(projectorOf(count)), start(projectorOf(count))]);
        const {position} = await one.executeCommand(add, 'a', {title: 'x', rank: 1});
        await one.executeQuery(TodoList, 'all', {}, {}, {after: position});
        await Promise.all([one.executeCommand('todo', 'b', 'list', {}), two.executeCommand('todo', 'b', 'list', {})]);
        expect(lists.sort()).toEqual([0, 1]);
    });
});

describe('versions of events', () => {
    const v1 = z.object({name: z.string()});
    const v2 = z.object({first: z.string(), last: z.string()});
    class Named extends Event<typeof v1> {
        static schema = v1;
        static version = 1;
    }
    const Named2 = {Named: class extends Event<typeof v2> {
        static schema = v2;
        static version = 2;
        static upcast({name}: z.infer<typeof v1>): z.infer<typeof v2> {
            const [first = '', last = ''] = name.split(' ');
            return {first, last};
        }
    }}.Named;

    it('are upcast to what a handler asks for, and a gap is an error that names both ends', async () => {
        Object.defineProperty(Named2, 'name', {value: 'Named'});
        const v3 = v2.extend({title: z.string()});
        const NoWay = {Named: class extends Event<typeof v3> {
            static schema = v3;
            static version = 3;
        }}.Named;
        Object.defineProperty(NoWay, 'name', {value: 'Named'});
        const old = Aggregate.create('person', {$init: () => ({})});
        old.registerCommand(v1, function name(_state, payload) {
            return new Named({payload});
        });
        const person = Aggregate.create('person', {$init: () => ({last: ''}), [Named2.identity]: (_s, event: InstanceType<typeof Named2>) => ({last: event.payload.last})});
        const broken = Aggregate.create('person', {$init: () => ({}), [NoWay.identity]: s => s});
        const events = new MemoryEventStoreData();
        const woltageOf = (aggregate: Aggregate) => start(projectorOf(count), {eventClasses: [Added, Named, Named2, NoWay], aggregates: [todo, aggregate]}, events);
        await (await woltageOf(old as Aggregate)).executeCommand('person', 'p', 'name', {name: 'Ada Lovelace'});
        expect(await (await woltageOf(person as Aggregate)).stateOf(person, 'p')).toEqual({last: 'Lovelace'});
        await expect((await woltageOf(broken as Aggregate)).stateOf(broken, 'p')).rejects.toMatchObject({
            code: 'EVENT_VERSION_UNREACHABLE', message: expect.stringMatching(/version 3.*version 1/s) as string
        });
    });

    it('may have a base class that fills in meta data', async () => {
        class WithUser<S extends z.ZodType> extends Event<S, {userId: string}> {
            constructor(data: EventConstructionData<S, {userId: string}>, shouldValidate?: boolean) {
                data.meta ??= {userId: '7'};
                super(data, shouldValidate);
            }
        }
        class Done extends WithUser<typeof v1> {
            static schema = v1;
            static version = 1;
        }
        const seen: unknown[] = [];
        const job = Aggregate.create('job', {[Done.identity](state, event: Done) {
            seen.push(event.meta.userId);
            return state;
        }});
        job.registerCommand(function done() {
            return new Done({payload: {name: 'x'}});
        });
        const woltage = await start(projectorOf(count), {eventClasses: [Added, Done], aggregates: [todo, job]});
        await woltage.executeCommand('job', 'j', 'done', {});
        await woltage.stateOf(job, 'j');
        expect(seen).toEqual(['7']);
    });
});
