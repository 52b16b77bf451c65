import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import createWoltage, {emit, isWoltageError, MemoryEventStore, MemoryEventStoreData, MemoryStoreData, sideEffect, type Woltage} from 'woltage';
import {eventually} from './support/account.ts';
import {Life, mortalAdapters} from './support/mortal.ts';
import {add, Added, count, Noted, projectorOf, todo, TodoList} from './support/todo.ts';

const VERSIONS = 4;

/** Several processes on the same data, which can be stopped, killed and started, and the record of every side effect. */
class Cluster {
    readonly events = new MemoryEventStoreData();
    readonly rows = new MemoryStoreData();
    /** The ids of events, one for each time that their effect has run. */
    readonly effects: string[] = [];
    readonly instances: ({readonly woltage: Woltage; readonly life: Life} | undefined)[] = [];
    readonly acknowledged: string[] = [];
    kills = 0;

    async start(slot: number): Promise<void> {
        if (this.instances[slot] !== undefined)
            return;
        const life = new Life();
        const effect = sideEffect(async (id: string) => {
            await life.beat();
            this.effects.push(id);
        });
        const projectorClasses = Array.from({length: VERSIONS}, (_, i) => projectorOf(async (todos, event) => {
            await count(todos, event);
            await effect(event.id);
            if (event.payload.rank === 0)
                await emit('todo', new Noted({aggregateId: `note-${event.aggregateId}`, payload: {text: event.id}}));
        }, i + 1));
        const woltage = await createWoltage({
            ...mortalAdapters(life, this.events, this.rows), eventClasses: [Added, Noted], aggregates: [todo], projectorClasses, readModelClasses: [TodoList],
            projectionTuning: {retryMs: 1, leaseMs: 80}
        });
        this.instances[slot] = {woltage, life};
    }

    async stop(slot: number): Promise<void> {
        const instance = this.instances[slot];
        this.instances[slot] = undefined;
        await instance?.woltage.stop();
    }

    kill(slot: number): void {
        const instance = this.instances[slot];
        this.instances[slot] = undefined;
        if (instance !== undefined) {
            instance.life.isOver = true;
            this.kills++;
        }
    }

    /** Runs a call on a process, if it is there; what is refused is refused. */
    async on(slot: number, call: (woltage: Woltage) => Promise<unknown>): Promise<void> {
        const woltage = this.instances[slot]?.woltage;
        if (woltage === undefined)
            return;
        await call(woltage).catch((error: unknown) => {
            if (!isWoltageError(error))
                throw error;
        });
    }

    async command(slot: number, aggregate: number, rank: number): Promise<void> {
        await this.on(slot, async woltage => {
            const {events} = await woltage.executeCommand(add, `list-${aggregate}`, {title: 'x', rank});
            this.acknowledged.push(events[0]?.id as string);
        });
    }

    /** All that was recorded: ids of the events, and what was noted. */
    async recorded() {
        const reader = new MemoryEventStore(this.events);
        await reader.connect();
        const found = {added: [] as string[], notes: [] as string[], head: -1n};
        for await (const {events, caughtUp} of reader.subscribe()) {
            for (const {type, id, payload, position} of events) {
                if (type === 'added')
                    found.added.push(id);
                else
                    found.notes.push((payload as {text: string}).text);
                found.head = position;
            }
            if (caughtUp)
                break;
        }
        await reader.close();
        return found;
    }

    async stopAll(): Promise<void> {
        for (const slot of this.instances.keys())
            await this.stop(slot);
    }
}

const slot = fc.nat(2);
const version = fc.integer({min: 1, max: VERSIONS});
const steps = fc.array(fc.oneof(
    {weight: 10, arbitrary: fc.tuple(fc.constant('command' as const), slot, fc.nat(3), fc.nat(2))},
    {weight: 3, arbitrary: fc.tuple(fc.constant('add' as const), slot, version)},
    {weight: 5, arbitrary: fc.tuple(fc.constant('switch' as const), slot, version)},
    {weight: 2, arbitrary: fc.tuple(fc.constant('remove' as const), slot, version)},
    {weight: 2, arbitrary: fc.tuple(fc.constant('stop' as const), slot)},
    {weight: 2, arbitrary: fc.tuple(fc.constant('kill' as const), slot)},
    {weight: 3, arbitrary: fc.tuple(fc.constant('start' as const), slot)},
    {weight: 3, arbitrary: fc.tuple(fc.constant('meanwhile' as const), slot, fc.nat(3))}
), {minLength: 5, maxLength: 25});

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

async function run(cluster: Cluster, step: Step, background: Promise<void>[]): Promise<void> {
    switch (step[0]) {
        case 'command':
            return cluster.command(step[1], step[2], step[3]);
        case 'meanwhile':
            // Commands that go on while the next steps are made.
            background.push((async () => {
                for (let i = 0; i < 10; i++)
                    await Promise.race([cluster.command(step[1], 10 + step[2], i % 3), new Promise(resolve => setTimeout(resolve, 500))]);
            })());
            return;
        case 'add':
            return cluster.on(step[1], woltage => woltage.addProjection('todo', step[2], 'TodoProjector', step[2], 'main'));
        case 'switch':
            return cluster.on(step[1], woltage => woltage.setProjectionActive('todo', step[2]));
        case 'remove':
            return cluster.on(step[1], woltage => woltage.removeProjection('todo', step[2], {deleteData: true}));
        case 'stop':
            return cluster.stop(step[1]);
        case 'kill':
            return cluster.kill(step[1]);
        case 'start':
            return cluster.start(step[1]);
    }
}

describe('side effects and switches, whatever happens', () => {
    it('hold in a cluster of processes that add, switch, remove, stop, die and start', async () => {
        await fc.assert(fc.asyncProperty(steps, async list => {
            const cluster = new Cluster();
            await cluster.start(0);
            await cluster.on(0, woltage => woltage.executeCommand(add, 'list-0', {title: 'history', rank: 0}));
            await cluster.on(0, woltage => woltage.addProjection('todo', 1, 'TodoProjector', 1, 'main'));
            await cluster.on(0, woltage => woltage.setProjectionActive('todo', 1));
            await cluster.start(1);
            const background: Promise<void>[] = [];
            for (const step of list)
                await run(cluster, step, background);
            await Promise.all(background);

            // One process sees to what is left; the active version comes to rest at the end.
            await cluster.start(0);
            const woltage = cluster.instances[0]?.woltage as Woltage;
            await eventually(() => woltage.getProjection('todo')?.isLiveTracking === true, 10_000);
            const ofEvents = async () => (await cluster.recorded()).head;
            for (let head = -2n; head !== await ofEvents();) {
                head = await ofEvents();
                await woltage.executeQuery(TodoList, 'all', {}, {}, {after: head, timeoutMs: 10_000});
            }
            const {added, notes} = await cluster.recorded();
            const rows = await woltage.executeQuery(TodoList, 'all', {});
            await cluster.stopAll();

            const [history, ...rest] = added;
            expect(rows.reduce((sum, {seen}) => sum + seen, 0)).toBe(added.length);
            expect(cluster.acknowledged.filter(id => !added.includes(id))).toEqual([]);
            // Nothing of history, everything else, and nothing twice but for a kill between an effect and its commit.
            expect(cluster.effects).not.toContain(history);
            expect(rest.filter(id => !cluster.effects.includes(id))).toEqual([]);
            const repeats = cluster.effects.length - new Set(cluster.effects).size;
            expect(repeats).toBeLessThanOrEqual(cluster.kills * 50);
            if (cluster.kills === 0)
                expect(repeats).toBe(0);
            expect(new Set(notes).size).toBe(notes.length);
        }), {numRuns: Number(process.env['WOLTAGE_MODEL_RUNS'] ?? 25), endOnFailure: true});
    }, 600_000);
});
