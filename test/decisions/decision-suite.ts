import {afterEach, expect, it} from 'vitest';
import {isWoltageError, type AdapterConfig, type IEventStore, type Woltage} from 'woltage';
import {runChild} from '../processes/run-child.ts';
import {addItem, createApp, defineCourse, removeItem, SeatTaken, submitCart, takeSeat, MOST_COURSES} from './domain.ts';

/** Where decisions meet. */
export interface DecisionSuiteOptions {
    readonly describe: (name: string, suite: () => void) => void;
    readonly place: string;
    /** The event store's adapter; the same place within a test, a new one in the next. */
    readonly adapter: () => AdapterConfig<IEventStore>;
    /** The URL of a program that calls `decideOn`, and its arguments before the mode; left out where there can be no other process. */
    readonly child?: {readonly script: URL; readonly args: () => readonly string[]} | undefined;
}

const codeOf = (result: PromiseSettledResult<unknown>): unknown =>
    result.status === 'fulfilled' ? 'done' : isWoltageError(result.reason) ? result.reason.code : result.reason;

/** How many there are of each. */
function tally(values: readonly unknown[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const value of values)
        counts[String(value)] = (counts[String(value)] ?? 0) + 1;
    return counts;
}

/** What the event store holds must keep the rules, whatever was answered. */
async function takenSeats(store: IEventStore): Promise<readonly {readonly courseId: string; readonly studentId: string}[]> {
    await store.connect();
    const seats: {courseId: string; studentId: string}[] = [];
    for await (const page of store.query?.([{types: [SeatTaken.type]}]) ?? [])
        seats.push(...page.map(({payload}) => payload as unknown as {courseId: string; studentId: string}));
    await store.close();
    return seats;
}

/** What decisions promise under load, on an event store. */
export function decisionSuite({describe, place, adapter, child}: DecisionSuiteOptions): void {
    const apps: Woltage[] = [];
    const open = async (): Promise<Woltage> => {
        const app = await createApp(adapter());
        apps.push(app);
        return app;
    };
    const seats = (): ReturnType<typeof takenSeats> => {
        const {adapter: Adapter, args = []} = adapter();
        return takenSeats(new Adapter(...args as never[]));
    };
    afterEach(async () => {
        for (const app of apps.splice(0))
            await app.stop();
    });

    describe(`Decisions on ${place}`, () => {
        it('1,000 at once on one boundary take each seat once, and no more', async () => {
            const app = await open();
            await app.decide(defineCourse, {courseId: '1', seats: 600});
            const results = await Promise.allSettled(Array.from({length: 1000}, (_, i) => app.decide(takeSeat, {courseId: '1', studentId: String(i)})));
            expect(tally(results.map(codeOf))).toEqual({done: 600, COURSE_FULL: 400});
            const taken = await seats();
            expect(new Set(taken.map(({studentId}) => studentId)).size).toBe(600);
            expect(taken).toHaveLength(600);
        }, 120_000);

        it('many at once on two boundaries keep the rules of both, through two instances', async () => {
            const instances = [await open(), await open()];
            await Promise.all(Array.from({length: 8}, async (_, i) => instances[i % 2]?.decide(defineCourse, {courseId: String(i), seats: 12})));
            const attempts = Array.from({length: 20 * 8}, (_, i) => ({courseId: String(i % 8), studentId: String(i % 20)}));
            const results = await Promise.allSettled([...attempts, ...attempts.slice(0, 40)].map(async (input, i) => instances[i % 2]?.decide('takeSeat', input)));
            const taken = await seats();
            expect(taken).toHaveLength(results.filter(({status}) => status === 'fulfilled').length);
            expect(new Set(taken.map(({courseId, studentId}) => `${courseId} ${studentId}`)).size).toBe(taken.length);
            expect(Math.max(...Object.values(tally(taken.map(({studentId}) => studentId))))).toBeLessThanOrEqual(MOST_COURSES);
            expect(Math.max(...Object.values(tally(taken.map(({courseId}) => courseId))))).toBeLessThanOrEqual(12);
            const {CONDITION_FAILED = 0, ...codes} = tally(results.map(codeOf));
            expect(CONDITION_FAILED).toBe(0);
            expect(Object.keys(codes).every(code => ['done', 'COURSE_FULL', 'SEAT_TAKEN', 'TOO_MANY_COURSES'].includes(code))).toBe(true);
        }, 120_000);

        it('a cart never holds more than three items, however many are added and removed at once', async () => {
            const app = await open();
            const results = await Promise.allSettled(Array.from({length: 200}, (_, i) =>
                app.decide(i % 3 === 2 ? removeItem : addItem, {cartId: '1', productId: String(i % 5)})));
            expect(Object.keys(tally(results.map(codeOf))).sort()).toEqual(['CART_FULL', 'NO_SUCH_ITEM', 'done']);
            const {items} = await app.stateOf(addItem, {cartId: '1', productId: 'any'});
            expect(items.length).toBeLessThanOrEqual(3);
            await app.decide(submitCart, {cartId: '1'});
            await expect(app.decide(addItem, {cartId: '1', productId: '1'})).rejects.toMatchObject({code: 'CART_SUBMITTED'});
        }, 120_000);

        if (child === undefined)
            return;
        it('two processes that race for the seats of a course take each once', async () => {
            const app = await open();
            await app.decide(defineCourse, {courseId: '1', seats: 150});
            const children = ['a', 'b'].map(name => runChild<{code: string}>(child.script, ...child.args(), name, '100'));
            try {
                await Promise.all(children.map(({ended}) => ended));
            } finally {
                for (const {process} of children)
                    process.kill('SIGKILL');
            }
            const told = children.flatMap(({lines}) => lines.map(({code}) => code));
            expect(tally(told)).toEqual({done: 150, COURSE_FULL: 50});
            const taken = await seats();
            expect(new Set(taken.map(({studentId}) => studentId)).size).toBe(150);
            expect(taken).toHaveLength(150);
        }, 120_000);
    });
}

/** What a child does: takes seats of course 1, many at once, and tells how each try ended. */
export async function decideOn(adapter: AdapterConfig<IEventStore>, [name = '', count = '0']: readonly string[]): Promise<void> {
    const app = await createApp(adapter);
    const results = await Promise.allSettled(Array.from({length: Number(count)}, (_, i) => app.decide(takeSeat, {courseId: '1', studentId: `${name}${i}`})));
    for (const result of results)
        process.stdout.write(`${JSON.stringify({code: codeOf(result)})}\n`);
    await app.stop();
}
