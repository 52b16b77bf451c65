import {afterEach, describe, expect, it} from 'vitest';
import createWoltage, {
    MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, sideEffect, type Woltage, type WoltageConfig
} from 'woltage';
import {eventually} from './support/account.ts';
import {Life, mortalAdapters} from './support/mortal.ts';
import {add, Added, addMany, count, items, Noted, projectorOf, todo, TodoList, type Todos} from './support/todo.ts';

const running: Woltage[] = [];
afterEach(async () => {
    for (const woltage of running.splice(0))
        await woltage.stop();
});

interface Backing {
    readonly events: MemoryEventStoreData;
    readonly rows: MemoryStoreData;
}

const backing = (): Backing => ({events: new MemoryEventStoreData(), rows: new MemoryStoreData()});

async function instance({events, rows}: Backing, projectorClasses: ReturnType<typeof projectorOf>[], config: Partial<WoltageConfig> = {}): Promise<Woltage> {
    const store = {adapter: MemoryStore, args: [rows]};
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [events]}, internalStore: store, stores: {main: store},
        eventClasses: [Added, Noted], aggregates: [todo], projectorClasses, readModelClasses: [TodoList], projectionTuning: {retryMs: 1, leaseMs: 200}, ...config
    });
    running.push(woltage);
    return woltage;
}

const total = async (woltage: Woltage) =>
    (await woltage.executeQuery(TodoList, 'all', {})).reduce((sum, {seen}) => sum + seen, 0);

describe('several instances', () => {
    it('see what any of them adds, switches and removes, and each switches what others work on', async () => {
        const data = backing();
        const projectors = [projectorOf(count, 1), projectorOf(count, 2)];
        const [one, two, three] = [await instance(data, projectors), await instance(data, projectors), await instance(data, projectors)] as const;
        await one.executeCommand(addMany, 'a', items(5));
        await one.addProjection('todo', 1, 'TodoProjector', 1, 'main');
        await eventually(() => three.getProjection('todo', 1)?.isLiveTracking === true);
        await three.setProjectionActive('todo', 1);
        await eventually(() => [one, two].every(woltage => woltage.getProjection('todo')?.version === 1));
        await two.addProjection('todo', 2, 'TodoProjector', 2, 'main');
        await eventually(() => [one, three].every(woltage => woltage.getProjection('todo', 2)?.isLiveTracking === true));
        await eventually(() => [one, two, three].filter(woltage => woltage.getProjection('todo', 1)?.state === 'live').length === 1);
        // Whoever works on either of them.
        await three.setProjectionActive('todo', 2);
        await eventually(() => [one, two].every(woltage => woltage.getProjection('todo')?.version === 2));
        expect(await Promise.all([one, two, three].map(total))).toEqual([5, 5, 5]);
        await one.removeProjection('todo', 1, {deleteData: true});
        await eventually(() => [one, two, three].every(woltage => Object.keys(woltage.getProjections()).join() === 'todo@2'));
    });

    it('lose and double no side effect in 50 switches under load, whoever switches', async () => {
        const data = backing();
        const effects: string[] = [];
        const projectors = [1, 2].map(version => {
            const effect = sideEffect((id: string) => effects.push(id));
            return projectorOf(async (todos, event) => {
                await count(todos, event);
                await effect(event.id);
            }, version);
        });
        const instances = [await instance(data, projectors), await instance(data, projectors)] as const;
        await instances[0].addProjection('todo', 1, 'TodoProjector', 1, 'main');
        await instances[0].setProjectionActive('todo', 1);
        await instances[1].addProjection('todo', 2, 'TodoProjector', 2, 'main');
        await eventually(() => instances.every(woltage => woltage.getProjection('todo', 2)?.isLiveTracking === true));
        let done = false;
        const sent: string[] = [];
        const load = async (worker: number) => {
            for (let i = 0; !done; i++) {
                const {events} = await (instances[worker % 2] as Woltage).executeCommand(add, `list-${worker}`, {title: 'x', rank: i});
                sent.push(events[0]?.id as string);
                await new Promise(resolve => setTimeout(resolve, 1));
            }
        };
        const loads = [0, 1, 2, 3].map(load);
        for (let i = 0; i < 50; i++) {
            const by = instances[i % 3 === 0 ? 1 : 0];
            const version = by.getProjection('todo')?.version === 1 ? 2 : 1;
            await by.setProjectionActive('todo', version);
            await eventually(() => instances.every(woltage => woltage.getProjection('todo')?.version === version));
            await new Promise(resolve => setTimeout(resolve, 5));
        }
        done = true;
        await Promise.all(loads);
        await eventually(() => effects.length >= sent.length);
        expect([...effects].sort()).toEqual([...sent].sort());
        expect(sent.length).toBeGreaterThan(100);
    });

    it('never answer from an older version than one that has answered, and wait for what a command wrote', async () => {
        const data = backing();
        const projectors = [projectorOf(count, 1)];
        const [one, two] = [await instance(data, projectors), await instance(data, projectors)] as const;
        await one.addProjection('todo', 1, 'TodoProjector', 1, 'main');
        await one.setProjectionActive('todo', 1);
        await eventually(() => two.getProjection('todo') !== undefined);
        for (let i = 1; i <= 5; i++) {
            const {position} = await two.executeCommand(add, 'a', {title: 'x', rank: 1});
            expect((await two.executeQuery(TodoList, 'all', {}, {}, {after: position})).reduce((sum, {seen}) => sum + seen, 0)).toBe(i);
        }
        // Also when nothing of it concerns the projection.
        const store = new MemoryEventStore(data.events);
        await store.connect();
        const {position} = await store.append('todo', 'n', [{id: '0199c0de-0000-7000-8000-000000000001', type: 'noted', version: 1, timestamp: 0, payload: {text: ''}, meta: {}, correlationId: 'c', causationId: null, tags: []}]);
        await two.executeQuery(TodoList, 'all', {}, {}, {after: position, timeoutMs: 2000});
        await expect(two.executeQuery(TodoList, 'all', {}, {}, {after: position + 100n, timeoutMs: 20}))
            .rejects.toMatchObject({code: 'POSITION_TIMEOUT', details: {position: position.toString()}});
    });

    it('end a switch whose conductor has died', async () => {
        const data = backing();
        const woltage = await instance(data, [projectorOf(count, 1)]);
        await woltage.addProjection('todo', 1, 'TodoProjector', 1, 'main');
        await woltage.setProjectionActive('todo', 1);
        const registry = new MemoryStore(data.rows).scope({namespace: '_woltage', tables: {}});
        await registry.connect();
        const [record] = await registry.getRecords(['name/todo']);
        // A process of this machine that is gone.
        const [checkpoint] = await registry.scope({namespace: 'todo@1', tables: {}}).getRecords(['checkpoint']);
        const {owner} = JSON.parse(checkpoint?.value ?? '') as {owner: {host: string}};
        const pending = {id: 's', versions: [1], position: null, by: {...owner, id: 'dead', pid: 2 ** 22 + 1}};
        await registry.commit({records: [{key: 'name/todo', value: JSON.stringify({...JSON.parse(record?.value ?? '') as object, pending}), token: 't', expected: record?.token}]});
        const {position} = await woltage.executeCommand(addMany, 'a', items(3));
        await woltage.executeQuery(TodoList, 'all', {}, {}, {after: position, timeoutMs: 4000});
        expect(await total(woltage)).toBe(3);
    });
});

describe('a declared projection', () => {
    const declared = (projector: ReturnType<typeof projectorOf>, version: number): Partial<WoltageConfig> =>
        ({projections: [{name: 'todo', version, projector, store: 'main'}]});

    it('is planned before it is done', async () => {
        const data = backing();
        const [first, second] = [projectorOf(count, 1), projectorOf(count, 2)];
        const fresh = await instance(data, [first], {...declared(first, 1), autostart: false});
        expect(await fresh.planProjections()).toEqual({add: ['todo@1'], replay: ['todo@1'], activate: ['todo@1'], remove: [], leave: []});
        await fresh.start();
        expect(await fresh.planProjections()).toEqual({add: [], replay: [], activate: [], remove: [], leave: []});
        await fresh.stop();
        const newer = await instance(data, [first, second], {...declared(second, 2), autostart: false});
        expect(await newer.planProjections()).toEqual({add: ['todo@2'], replay: ['todo@2'], activate: ['todo@2'], remove: ['todo@1'], leave: []});
        await newer.start();
        await eventually(() => Object.keys(newer.getProjections()).join() === 'todo@2');
        await newer.stop();
        const older = await instance(data, [first], {...declared(first, 1), autostart: false});
        expect(await older.planProjections()).toMatchObject({add: ['todo@1'], remove: [], leave: [{projection: 'todo@2', reason: expect.stringContaining('newer')}]});
    });

    it('is safe in a rolling deployment: started at once, in releases that know each other\'s projectors or don\'t', async () => {
        const data = backing();
        const [first, second] = [projectorOf(count, 1), projectorOf(count, 2)];
        const olders = await Promise.all([1, 2].map(() => instance(data, [first], declared(first, 1))));
        const {position} = await (olders[0] as Woltage).executeCommand(addMany, 'a', items(5));
        await (olders[1] as Woltage).executeQuery(TodoList, 'all', {}, {}, {after: position});
        const newers = await Promise.all([1, 2].map(() => instance(data, [first, second], declared(second, 2))));
        await eventually(() => newers.every(woltage => woltage.getProjection('todo', 2)?.isLiveTracking === true));
        // As long as there is an instance that can't answer from it, the new version waits.
        await new Promise(resolve => setTimeout(resolve, 600));
        expect(await Promise.all([...olders, ...newers].map(total))).toEqual([5, 5, 5, 5]);
        await olders[0]?.stop();
        // One of the old release that starts again leaves alone what it doesn't know.
        const again = await instance(data, [first], declared(first, 1));
        expect(await total(again)).toBe(5);
        await Promise.all([again.stop(), olders[1]?.stop()]);
        await eventually(() => newers.every(woltage => Object.keys(woltage.getProjections()).join() === 'todo@2' && woltage.getProjection('todo')?.version === 2));
        expect(await Promise.all(newers.map(total))).toEqual([5, 5]);
    });
});

describe('a partitioned projection', () => {
    const partitioned = (handle: (todos: Todos, event: Added) => unknown, partitions: number, settings: object = {}) =>
        Object.assign(projectorOf(handle), {partitions, ...settings});

    it('is worked on in slices that are shared out, and taken over when an instance dies', async () => {
        const data = backing();
        const by = new Map<string, number>();
        const projectorFor = (name: string) => partitioned(async (todos, event) => {
            by.set(name, (by.get(name) ?? 0) + 1);
            await count(todos, event);
        }, 4);
        const one = await instance(data, [projectorFor('one')]);
        for (let i = 0; i < 40; i++)
            await one.executeCommand(addMany, `list-${i}`, items(5));
        await one.addProjection('todo', 1, 'TodoProjector', 1, 'main');
        await one.getProjection('todo', 1)?.untilLive();
        await one.setProjectionActive('todo', 1);
        expect(await total(one)).toBe(200);
        const life = new Life();
        const two = await instance(data, [projectorFor('two')], mortalAdapters(life, data.events, data.rows));
        const send = async (rounds: number) => {
            for (let i = 0; i < rounds; i++)
                await one.executeCommand(add, `list-${i % 40}`, {title: 'x', rank: 1});
        };
        await eventually(async () => {
            await send(10);
            return (by.get('two') ?? 0) > 20;
        });
        life.isOver = true;
        running.splice(running.indexOf(two), 1);
        await eventually(() => one.getProjection('todo')?.state === 'live');
        const {position} = await one.executeCommand(add, 'last', {title: 'x', rank: 1});
        await one.executeQuery(TodoList, 'all', {}, {}, {after: position});
        const rows = await one.executeQuery(TodoList, 'all', {});
        const events = Number(position) + 1;
        expect(rows.reduce((sum, {seen}) => sum + seen, 0)).toBe(events);
    });

    it('is replayed by all instances together, switched as one, and divided by a key of one\'s own', async () => {
        const data = backing();
        const seenBy = new Set<string>();
        const projectorsFor = (name: string) => [1, 2].map(version => Object.assign(projectorOf(async (todos, {payload, id}) => {
            seenBy.add(`${name} v${version}`);
            const row = await todos.get({id: payload.title}) ?? {id: payload.title, title: id, rank: 0, seen: 0};
            await new Promise(resolve => setImmediate(resolve));
            await todos.set({...row, seen: row.seen + 1});
        }, version), {partitions: 3, partitionBy: ({payload}: Added) => payload.title}));
        const [one, two] = [await instance(data, projectorsFor('one')), await instance(data, projectorsFor('two'))] as const;
        for (let i = 0; i < 20; i++)
            await one.executeCommand(addMany, `list-${i}`, items(30));
        for (const version of [1, 2]) {
            await one.addProjection('todo', version, 'TodoProjector', version, 'main');
            await two.getProjection('todo', version)?.untilLive();
            await eventually(() => two.getProjection('todo', version)?.isLiveTracking === true);
            await two.setProjectionActive('todo', version);
            await eventually(() => one.getProjection('todo')?.version === version);
            expect((await one.executeQuery(TodoList, 'all', {})).map(({seen}) => seen)).toEqual(Array.from({length: 30}, () => 20));
        }
        expect(seenBy.has('one v1') && seenBy.has('two v1')).toBe(true);
    });

    it('is refused with a number of partitions that makes no sense, and left alone by code with another one', async () => {
        await expect(instance(backing(), [partitioned(count, 0)])).rejects.toMatchObject({code: 'PROJECTOR_INVALID'});
        await expect(instance(backing(), [partitioned(count, 1.5)])).rejects.toMatchObject({code: 'PROJECTOR_INVALID'});
        await expect(instance(backing(), [Object.assign(projectorOf(count), {faultPolicy: 'pray'})])).rejects.toMatchObject({code: 'PROJECTOR_INVALID'});
        const data = backing();
        const one = await instance(data, [partitioned(count, 2)]);
        await one.addProjection('todo', 1, 'TodoProjector', 1, 'main');
        const two = await instance(data, [partitioned(count, 3)]);
        expect(two.getProjection('todo', 1)?.state).toBe('unavailable');
    });
});

describe('progress', () => {
    it('is told in figures and as it goes', async () => {
        const data = backing();
        const woltage = await instance(data, [projectorOf(async (todos, event) => {
            await new Promise(resolve => setTimeout(resolve, 1));
            await count(todos, event);
        })], {projectionTuning: {batchSize: 50, commitEvents: 50}});
        for (let i = 0; i < 10; i++)
            await woltage.executeCommand(addMany, 'a', items(100));
        await woltage.addProjection('todo', 1, 'TodoProjector', 1, 'main');
        const projection = woltage.getProjection('todo', 1);
        const reports = [];
        for await (const report of projection?.watch({intervalMs: 20}) ?? []) {
            reports.push(report);
            if (report.state === 'live')
                break;
        }
        const middle = reports[Math.floor(reports.length / 2)];
        expect(reports.length).toBeGreaterThan(5);
        expect(middle).toMatchObject({state: 'replaying', head: 999n});
        expect(middle?.lag).toBe(999n - (middle?.position ?? 0n));
        expect(middle?.eventsPerSecond).toBeGreaterThan(50);
        expect(middle?.etaMs).toBeGreaterThan(0);
        expect(reports.at(-1)).toMatchObject({state: 'live', position: 999n, head: 999n, lag: 0n, etaMs: 0, ratio: 1, processed: 1000});
        await expect(projection?.untilLive({signal: AbortSignal.abort(new Error('enough'))})).resolves.toBeUndefined();
        expect(JSON.parse(JSON.stringify(projection))).toMatchObject({progress: {position: '999', lag: '0'}});
    });
});
