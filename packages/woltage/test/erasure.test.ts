import {afterEach, describe, expect, expectTypeOf, it} from 'vitest';
import createWoltage, {
    Aggregate, defineEvent, emit, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, Projector, ReadModel, TombstoneEvent, z, type Event, type EventClass,
    type Woltage, type WoltageConfig
} from 'woltage';
import {eventually} from './support/account.ts';

const named = z.object({name: z.string()});
const Registered = defineEvent('Registered', {schema: named});
const Renamed = defineEvent('Renamed', {schema: named});
const reasoned = z.object({reason: z.string().min(1)});
class UserErased extends TombstoneEvent<typeof reasoned> {
    static override schema = reasoned;
}

const tables = {users: {key: z.object({id: z.string()}), schema: z.object({name: z.string()})}, ends: {key: z.object({id: z.string()}), schema: z.object({text: z.string()})}};
class Users extends Projector<typeof tables> {
    static override schema = tables;
    static override version = 1;
    static override faultPolicy = 'dead-letter' as const;
    static fails = false;

    async [Registered.identity](event: InstanceType<typeof Registered>) {
        if (Users.fails)
            throw new Error('not yet');
        await this.store.tables.users.set({id: event.aggregateId, ...event.payload});
        if (event.payload.name === 'emitter')
            await emit('user', [new TombstoneEvent({payload: {}, aggregateId: 'x'})]);
    }

    async [TombstoneEvent.identity](event: TombstoneEvent) {
        await this.#end(event, 'no reason');
    }

    async [UserErased.identity](event: UserErased) {
        await this.#end(event, event.payload.reason);
    }

    async #end({aggregateId}: Event, text: string) {
        await this.store.tables.users.remove({id: aggregateId});
        await this.store.tables.ends.set({id: aggregateId, text});
    }
}

class UserList extends ReadModel<Users> {
    projectionName = 'user';

    async users() {
        return this.store.tables.users.find();
    }

    async ends() {
        return this.store.tables.ends.find();
    }
}

const running: Woltage[] = [];
afterEach(async () => {
    Users.fails = false;
    for (const woltage of running.splice(0))
        await woltage.stop();
});

async function start(config: Partial<WoltageConfig> = {}, events = new MemoryEventStoreData(), rows = new MemoryStoreData()) {
    const user = Aggregate.create('user', {$init: () => ({name: ''})})
        .on(Registered, (_state, {payload}) => ({...payload}))
        .on(Renamed, (_state, {payload}) => ({...payload}));
    const register = user.registerCommand(named, function register(_state, payload) {
        return new Registered({payload});
    });
    const decide = user.registerCommand(function decide(_state, payload: readonly Event[] | Event) {
        return payload;
    });
    const store = {adapter: MemoryStore, args: [rows]};
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [events]}, eventClasses: [Registered, Renamed, UserErased], aggregates: [user], projectorClasses: [Users],
        internalStore: store, stores: {main: store}, projections: [{name: 'user', version: 1, projector: Users, store: 'main'}], projectionTuning: {retryMs: 1, maxAttempts: 1}, readModelClasses: [UserList], ...config
    });
    running.push(woltage);
    const table = (name: 'users' | 'ends') => woltage.executeQuery(UserList, name, {});
    return {woltage, user, register, decide, table, events};
}

describe('A tombstone event', () => {
    it('is a class like any other, with nothing to fill in, and one to extend', () => {
        const plain = new TombstoneEvent();
        expect([plain.type, plain.version, plain.payload]).toEqual(['tombstone', 1, {}]);
        const own = new UserErased({payload: {reason: 'wanted'}});
        expect([own.type, own.version, own.identity]).toEqual(['user.erased', 1, 'user.erased@1']);
        expect([plain, own].every(event => event instanceof TombstoneEvent)).toBe(true);
        expectTypeOf(own.payload).toEqualTypeOf<{reason: string}>();
        expect(() => new UserErased({payload: {reason: ''}})).toThrow(expect.objectContaining({code: 'VALIDATION_FAILED'}));
        expect(() => new TombstoneEvent({payload: {name: 'Ann'} as never})).toThrow(expect.objectContaining({code: 'VALIDATION_FAILED'}));
        class Named extends TombstoneEvent {
            static override type = 'gone.for.good';
        }
        expect([Named.type, TombstoneEvent.type]).toEqual(['gone.for.good', 'tombstone']);
    });

    it('leaves its name to an event of one\'s own', async () => {
        const Tombstone = defineEvent('Tombstone', {schema: z.object({carved: z.string()})});
        const {woltage, decide} = await start({eventClasses: [Registered, Renamed, UserErased, Tombstone], projectorClasses: [], projections: [], readModelClasses: []});
        await woltage.executeCommand(decide, 'a', new Tombstone({payload: {carved: 'RIP'}}));
        expect((await woltage.executeCommand(decide, 'a', new Registered({payload: {name: 'Ann'}}))).revision).toBe(1n);
    });
});

describe('A command that returns a tombstone', () => {
    it('erases its aggregate: loads and commands are gone, projections remove what they hold', async () => {
        const {woltage, user, register, decide, table, events} = await start();
        for (const [id, end] of [['a', new TombstoneEvent()], ['b', new UserErased({payload: {reason: 'wanted'}})]] as const) {
            await woltage.executeCommand(register, id, {name: 'Ann'});
            await eventually(async () => (await table('users')).length === 1);
            expect(await woltage.executeCommand(decide, id, end)).toMatchObject({revision: 1n, events: [{aggregateId: id, revision: 1n}]});
            await eventually(async () => (await table('users')).length === 0);
            await expect(woltage.executeCommand(register, id, {name: 'Ann'})).rejects.toMatchObject({code: 'GONE', status: 410});
            await expect(woltage.stateOf(user, id)).rejects.toMatchObject({code: 'GONE'});
        }
        expect(await table('ends')).toEqual([{id: 'a', text: 'no reason'}, {id: 'b', text: 'wanted'}]);
        expect(JSON.stringify(events)).not.toContain('Ann');
        const restarted = await start({}, events);
        await expect(restarted.woltage.executeCommand(restarted.register, 'a', {name: 'Ann'})).rejects.toMatchObject({code: 'GONE'});
        await eventually(async () => (await restarted.table('ends')).length === 2);
    });

    it('is refused when it returns anything beside it, and nothing happens', async () => {
        const {woltage, register, decide, user} = await start();
        await woltage.executeCommand(register, 'a', {name: 'Ann'});
        const other = () => new Renamed({payload: {name: 'Bob'}});
        for (const list of [[other(), new TombstoneEvent()], [new TombstoneEvent(), other()], [new TombstoneEvent(), new TombstoneEvent()]])
            await expect(woltage.executeCommand(decide, 'a', list)).rejects.toMatchObject({code: 'TOMBSTONE_NOT_ALONE', status: 500});
        expect(await woltage.stateOf(user, 'a')).toEqual({name: 'Ann'});
    });

    it('is told where the event store can\'t erase', async () => {
        class Keeping extends MemoryEventStore {
            override erase = undefined as never;
        }
        const {woltage, decide, user} = await start({eventStore: {adapter: Keeping}});
        await woltage.executeCommand(decide, 'a', new Registered({payload: {name: 'Ann'}}));
        await expect(woltage.executeCommand(decide, 'a', new TombstoneEvent())).rejects.toMatchObject({code: 'ERASURE_UNSUPPORTED'});
        expect(await woltage.stateOf(user, 'a')).toEqual({name: 'Ann'});
    });

    it('comes too late for one who has decided on the state before', async () => {
        const {woltage, register, decide} = await start();
        await woltage.executeCommand(register, 'a', {name: 'Ann'});
        const results = await Promise.allSettled([
            woltage.executeCommand(decide, 'a', new Renamed({payload: {name: 'Bob'}})), woltage.executeCommand(decide, 'a', new TombstoneEvent())
        ]);
        expect(results.map(({status}) => status)).toEqual(['fulfilled', 'rejected']);
        expect(results[1]).toMatchObject({reason: {code: 'REVISION_CONFLICT'}});
    });
});

describe('A dead letter of an aggregate that was erased meanwhile', () => {
    it('goes away when it is retried, and the tombstone that waited behind it is handled', async () => {
        Users.fails = true;
        const {woltage, register, decide, table} = await start();
        await woltage.executeCommand(register, 'a', {name: 'Ann'});
        await eventually(async () => (await woltage.getDeadLetters('user', 1)).length === 1);
        await woltage.executeCommand(decide, 'a', new TombstoneEvent());
        await eventually(async () => (await woltage.getDeadLetters('user', 1)).length === 2);
        const [first] = await woltage.getDeadLetters('user', 1);
        expect(await woltage.retryDeadLetter('user', 1, first?.eventId ?? '')).toEqual({handled: 2, left: 0});
        expect(await table('ends')).toEqual([{id: 'a', text: 'no reason'}]);
        expect(await table('users')).toEqual([]);
    });
});

describe('A projector', () => {
    it('can\'t emit a tombstone', async () => {
        const {woltage, register} = await start();
        await woltage.getProjection('user', 1)?.untilLive();
        await woltage.executeCommand(register, 'e', {name: 'emitter'});
        await eventually(async () => (await woltage.getDeadLetters('user', 1)).length === 1);
        expect(await woltage.getDeadLetters('user', 1)).toMatchObject([{error: {code: 'INVALID_EVENT'}}]);
    });
});

expectTypeOf(TombstoneEvent).toExtend<EventClass>();
