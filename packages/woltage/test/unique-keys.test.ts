import fc from 'fast-check';
import {afterEach, describe, expect, it} from 'vitest';
import {Aggregate, createWoltage, Event, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, z, type CommandHandle, type Woltage} from 'woltage';

const schema = z.object({email: z.string().nullable().optional(), name: z.string().optional()});

class UserChanged extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

class Noted extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

/** As KurrentDB is: no conditions. */
class UnconditionalEventStore extends MemoryEventStore {
    override readonly supports = {multiStreamAppend: true} as never;
}

interface App {
    readonly woltage: Woltage;
    readonly change: CommandHandle<z.infer<typeof schema>>;
    readonly note: CommandHandle<z.infer<typeof schema>>;
}

const running: Woltage[] = [];
afterEach(async () => {
    for (const woltage of running.splice(0))
        await woltage.stop();
});

async function create(adapter: typeof MemoryEventStore, data = new MemoryEventStoreData(), records = new MemoryStoreData()): Promise<App> {
    const user = Aggregate.create('user', {}, {
        retryOnConflict: 20,
        uniqueKeys: {
            email: (payload: z.infer<typeof schema>, event) => event instanceof UserChanged ? payload.email : undefined,
            name: ({name}: z.infer<typeof schema>) => name
        }
    });
    const change = user.registerCommand(schema, function change(_state, payload) {
        return new UserChanged({payload});
    });
    const note = user.registerCommand(schema, function note(_state, payload) {
        return [new Noted({payload: {...payload, name: undefined}}), new UserChanged({payload: {}})];
    });
    const woltage = await createWoltage({
        eventStore: {adapter, args: [data]}, internalStore: {adapter: MemoryStore, args: [records]}, eventClasses: [UserChanged, Noted], aggregates: [user], projectorClasses: []
    });
    running.push(woltage);
    return {woltage, change, note};
}

describe.each<[string, typeof MemoryEventStore]>([
    ['with the append', MemoryEventStore], ['by reservation', UnconditionalEventStore]
])('unique keys, enforced %s', (_name, adapter) => {
    it('let one aggregate hold a value, and say which key it is', async () => {
        const {woltage, change} = await create(adapter);
        await woltage.executeCommand(change, 'a', {email: 'x@y', name: 'n'});
        await woltage.executeCommand(change, 'a', {email: 'x@y'});
        await expect(woltage.executeCommand(change, 'b', {email: 'x@y'})).rejects.toMatchObject({code: 'UNIQUE_KEY_TAKEN', status: 409, details: {key: 'user.email'}});
        await expect(woltage.executeCommand(change, 'b', {name: 'n'})).rejects.toMatchObject({details: {key: 'user.name'}});
        const {events} = await woltage.executeCommand(change, 'b', {email: 'n', name: 'x@y'});
        expect(JSON.stringify(events)).not.toContain('$unique');
    });

    it('leave a value alone where an event says nothing of it', async () => {
        const {woltage, change, note} = await create(adapter);
        await woltage.executeCommand(change, 'a', {email: 'x@y'});
        await woltage.executeCommand(note, 'a', {email: 'other'});
        await expect(woltage.executeCommand(change, 'b', {email: 'x@y'})).rejects.toMatchObject({code: 'UNIQUE_KEY_TAKEN'});
        await woltage.executeCommand(change, 'b', {email: 'other'});
    });

    it('hold for the aggregates of a unit of work among each other', async () => {
        const {woltage, change} = await create(adapter);
        const unit = (...ids: string[]) => woltage.executeCommands(ids.map(aggregateId => ({command: change, aggregateId, payload: {email: 'x@y'}})));
        await expect(unit('a', 'b')).rejects.toMatchObject({code: 'UNIQUE_KEY_TAKEN'});
        await unit('a', 'a');
        await expect(unit('c', 'b')).rejects.toMatchObject({code: 'UNIQUE_KEY_TAKEN'});
    });

    it('hold when many claim a value at the same time, in two instances', async () => {
        const [data, records] = [new MemoryEventStoreData(), new MemoryStoreData()];
        const apps = [await create(adapter, data, records), await create(adapter, data, records)];
        for (let round = 0; round < 5; round++) {
            const results = await Promise.allSettled(Array.from({length: 20}, (_, i) => {
                const {woltage, change} = apps[i % 2] as App;
                return woltage.executeCommand(change, `${round}-${i}`, {email: `x${round}@y`});
            }));
            expect(results.filter(({status}) => status === 'fulfilled')).toHaveLength(1);
            expect(results.filter(result => result.status === 'rejected').every(({reason}) => (reason as {code: string}).code === 'UNIQUE_KEY_TAKEN')).toBe(true);
        }
    });
});

describe('unique keys', () => {
    it('become free when their holder takes another value or gives it up, whatever comes before and after', async () => {
        const step = fc.record({id: fc.constantFrom('a', 'b', 'c'), email: fc.constantFrom('x', 'y', null, undefined)});
        await fc.assert(fc.asyncProperty(fc.array(step, {maxLength: 20}), async steps => {
            const {woltage, change} = await create(MemoryEventStore);
            const held = new Map<string, string | null>();
            for (const {id, email} of steps) {
                const isTaken = typeof email === 'string' && [...held].some(([other, value]) => other !== id && value === email);
                const outcome = await woltage.executeCommand(change, id, {email}).then(() => 'ok', (error: unknown) => (error as {code: string}).code);
                expect(outcome).toBe(isTaken ? 'UNIQUE_KEY_TAKEN' : 'ok');
                if (!isTaken && email !== undefined)
                    held.set(id, email);
            }
        }), {numRuns: 100});
    });

    it('are refused where they are no functions', () => {
        expect(() => Aggregate.create('user', {}, {uniqueKeys: {email: 'email' as never}})).toThrow(expect.objectContaining({code: 'AGGREGATE_INVALID'}));
    });
});
