import {afterEach, describe, expect, it} from 'vitest';
import createWoltage, {isWoltageError, MemoryEventStore, MemoryEventStoreData, MemoryStoreData, sideEffect, type Woltage} from 'woltage';
import {eventually} from './support/account.ts';
import {DistantStore} from './support/distant.ts';
import {add, Added, count, Noted, projectorOf, todo, TodoList} from './support/todo.ts';

/** Two instances whose projector has one side effect for each event, and what they have sent and seen. */
class Rivals {
    readonly one: Woltage;
    readonly two: Woltage;
    readonly effects: string[] = [];
    readonly sent: string[] = [];
    readonly #loads: Promise<void>[] = [];
    #done = false;

    private constructor(one: Woltage, two: Woltage) {
        this.one = one;
        this.two = two;
    }

    static async create(): Promise<Rivals> {
        const [events, rows] = [new MemoryEventStoreData(), new MemoryStoreData()];
        const effect = sideEffect((id: string) => void rivals.effects.push(id));
        const projector = projectorOf(async (todos, event) => {
            await count(todos, event);
            await effect(event.id);
        }, 1);
        const store = {adapter: DistantStore, args: [rows]};
        const instance = () => createWoltage({
            eventStore: {adapter: MemoryEventStore, args: [events]}, internalStore: store, stores: {main: store}, eventClasses: [Added, Noted], aggregates: [todo],
            projectorClasses: [projector], readModelClasses: [TodoList], projectionTuning: {retryMs: 1, leaseMs: 200}
        });
        const rivals: Rivals = new Rivals(await instance(), await instance());
        return rivals;
    }

    get both(): readonly Woltage[] {
        return [this.one, this.two];
    }

    async add(by: Woltage, version: number): Promise<void> {
        await by.addProjection('todo', version, 'TodoProjector', 1, 'main');
        await eventually(() => this.both.every(woltage => woltage.getProjection('todo', version)?.isLiveTracking === true));
    }

    load(): void {
        this.#loads.push(...[0, 1, 2, 3].map(async worker => {
            for (let i = 0; !this.#done; i++) {
                const {events} = await (this.both[worker % 2] as Woltage).executeCommand(add, `list-${worker}`, {title: 'x', rank: i});
                this.sent.push(events[0]?.id as string);
                await new Promise(resolve => setTimeout(resolve, 1));
            }
        }));
    }

    /** The version that both agree upon. */
    async agreed(): Promise<number> {
        await eventually(() => this.one.getProjection('todo') !== undefined && this.one.getProjection('todo')?.version === this.two.getProjection('todo')?.version);
        return this.one.getProjection('todo')?.version as number;
    }

    async settled(): Promise<void> {
        this.#done = true;
        await Promise.all(this.#loads);
        await eventually(() => this.effects.length >= this.sent.length);
    }

    async stop(): Promise<void> {
        this.#done = true;
        await Promise.allSettled(this.#loads);
        await Promise.all(this.both.map(woltage => woltage.stop()));
    }
}

let rivals: Rivals;
afterEach(() => rivals.stop());

/** What was refused because the other one was faster. */
const refused = (results: readonly PromiseSettledResult<unknown>[]): string[] =>
    results.flatMap(result => result.status === 'rejected' ? [isWoltageError(result.reason) ? result.reason.code : String(result.reason)] : []);

const after = async (ms: number, change: () => Promise<unknown>): Promise<void> => {
    await new Promise(resolve => setTimeout(resolve, ms));
    await change();
};

describe('two instances that change the same projection at the same time', () => {
    it('lose and double no side effect when they switch to different versions', async () => {
        rivals = await Rivals.create();
        const {one, two} = rivals;
        for (const version of [1, 2, 3])
            await rivals.add(version === 2 ? one : two, version);
        await one.setProjectionActive('todo', 1);
        await rivals.agreed();
        rivals.load();
        for (let round = 0; round < 20; round++) {
            const active = await rivals.agreed();
            const others = [1, 2, 3].filter(version => version !== active);
            const results = await Promise.allSettled([
                one.setProjectionActive('todo', others[round % 2] as number),
                after(round % 15, () => two.setProjectionActive('todo', others[1 - round % 2] as number))
            ]);
            expect(refused(results).filter(code => code !== 'PROJECTION_CHANGED')).toEqual([]);
            await new Promise(resolve => setTimeout(resolve, 5));
        }
        await rivals.settled();
        expect([...rivals.effects].sort()).toEqual([...rivals.sent].sort());
    });

    it('never remove what becomes active', async () => {
        rivals = await Rivals.create();
        const {one, two} = rivals;
        await rivals.add(one, 1);
        await one.setProjectionActive('todo', 1);
        await rivals.agreed();
        rivals.load();
        const outcomes = new Set<string>();
        for (let version = 2; version < 22; version++) {
            await rivals.add(one, version);
            const before = await rivals.agreed();
            const results = await Promise.allSettled([one.setProjectionActive('todo', version), after(version * 4, () => two.removeProjection('todo', version))]);
            results.forEach(({status}, index) => outcomes.add(`${index} ${status}`));
            expect(refused(results).filter(code => !['PROJECTION_CHANGED', 'PROJECTION_ACTIVE'].includes(code))).toEqual([]);
            const active = await rivals.agreed();
            expect([active, results.map(({status}) => status).sort()]).toEqual([results[0].status === 'fulfilled' ? version : before, ['fulfilled', 'rejected']]);
        }
        await rivals.settled();
        expect([...rivals.effects].sort()).toEqual([...rivals.sent].sort());
        expect([...outcomes].sort()).toEqual(['0 fulfilled', '0 rejected', '1 fulfilled', '1 rejected']);
    });
});
