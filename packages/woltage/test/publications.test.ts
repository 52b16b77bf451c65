import {createTestWoltage} from '@woltage/testing';
import {afterEach, describe, expect, it} from 'vitest';
import createWoltage, {
    Aggregate, Event, fromCloudEvent, MemoryBroker, MemoryBrokerData, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, personal, UnavailableError, z,
    type CommitBatch, type IMessageBroker, type IStore, type Publication, type RecordedEvent, type TopicMessage, type Woltage, type WoltageConfig
} from 'woltage';
import {AccountOpened, createAccount, eventually, MoneyMoved} from './support/account.ts';

const running: Woltage[] = [];
afterEach(async () => {
    await Promise.all(running.splice(0).map(woltage => woltage.stop()));
});

/** What outlives a process. */
const world = () => ({events: new MemoryEventStoreData(), rows: new MemoryStoreData(), topics: new MemoryBrokerData({partitions: 3})});
type World = ReturnType<typeof world>;

async function start({events, rows, topics}: World, publications: readonly Publication[], overrides: Partial<WoltageConfig> = {}) {
    const definitions = createAccount();
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [events]}, internalStore: {adapter: MemoryStore, args: [rows]}, messageBroker: {adapter: MemoryBroker, args: [topics]},
        eventClasses: [AccountOpened, MoneyMoved], aggregates: [definitions.account], projectorClasses: [], publications, ...overrides
    });
    running.push(woltage);
    const add = async (id: string, ...amounts: readonly number[]): Promise<void> => {
        for (const amount of amounts)
            await woltage.executeCommand(definitions.move, id, {amount});
    };
    return {woltage, add, open: (id: string) => woltage.executeCommand(definitions.open, id, {owner: 'o'}), health: () => woltage.health()};
}

const published = ({topics}: World, topic = 'moves'): readonly RecordedEvent[] => topics.messages(topic).map(fromCloudEvent);
const amounts = (events: readonly RecordedEvent[]): unknown[] => events.map(({payload}) => (payload as {amount: number}).amount);
const until = (where: World, count: number, topic = 'moves'): Promise<void> => eventually(() => published(where, topic).length >= count);
const moves: Publication = {topic: 'moves', events: [MoneyMoved]};

/** All events once, and those of each aggregate in their order. */
function expectOnce(events: readonly RecordedEvent[], count: number): void {
    expect(new Set(events.map(({id}) => id)).size).toBe(count);
    expect(events).toHaveLength(count);
    for (const id of new Set(events.map(({aggregateId}) => aggregateId))) {
        const revisions = events.filter(({aggregateId}) => aggregateId === id).map(({revision}) => Number(revision));
        expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    }
}

/** An internal store that can refuse to take note of what was published. */
class ForgetfulStore extends MemoryStore {
    static isForgetful = false;

    override scope(options: never): never {
        const scope = super.scope(options) as IStore;
        const commit = scope.commit.bind(scope);
        scope.commit = async (batch: CommitBatch) => {
            if (ForgetfulStore.isForgetful && batch.records?.some(({key, value}) => key.endsWith('/mark') && value?.includes('"position":"') === true) === true)
                throw new UnavailableError('The store is away.');
            await commit(batch);
        };
        return scope as never;
    }
}

/** A broker that takes a part of what it gets, and then is gone. */
class HalfBroker extends MemoryBroker {
    static failures = 0;

    override async publish(messages: readonly TopicMessage[]): Promise<void> {
        if (HalfBroker.failures > 0 && messages.length > 1) {
            HalfBroker.failures--;
            await super.publish(messages.slice(0, Math.ceil(messages.length / 2)));
            throw new UnavailableError('The connection was lost.', {code: 'BROKER_UNAVAILABLE'});
        }
        await super.publish(messages);
    }
}

describe('Publications', () => {
    it('publish events of their types alone, keyed by aggregate, in order, as CloudEvents', async () => {
        const where = world();
        const {woltage, add, open} = await start(where, [moves]);
        for (const id of ['a', 'b', 'c'])
            await open(id);
        for (let n = 0; n < 10; n++)
            await Promise.all(['a', 'b', 'c'].map(id => add(id, n)));
        await until(where, 30);
        expectOnce(published(where), 30);
        const [message] = where.topics.messages('moves');
        expect(message?.headers).toMatchObject({ce_specversion: '1.0', ce_type: 'money.moved', ce_source: '/aggregates/account', 'content-type': 'application/json'});
        expect(where.topics.messages('moves').every(({key, headers}) => key === headers['ce_subject'])).toBe(true);
        await eventually(async () => (await woltage.getPublications())[0]?.lag === 0n);
        expect(await woltage.getPublications()).toMatchObject([{topic: 'moves', name: 'events', lag: 0n, isWorking: true, error: undefined}]);
        expect(await woltage.health()).toMatchObject({status: 'up', messageBroker: {status: 'up'}, publications: {'moves/events': {}}});
    });

    it('begin where they were first started, or with the first event; what comes while no process is there is published later', async () => {
        const where = world();
        const first = await start(where, []);
        await first.open('a');
        await first.add('a', 1);
        await first.woltage.stop();
        const both: readonly Publication[] = [moves, {...moves, topic: 'all', from: 'start'}];
        const second = await start(where, both);
        await second.woltage.stop();
        const without = await start(where, []);
        await without.add('a', 2);
        await without.woltage.stop();
        const third = await start(where, both);
        await third.add('a', 3);
        await until(where, 2);
        await until(where, 3, 'all');
        expect(amounts(published(where))).toEqual([2, 3]);
        expect(amounts(published(where, 'all'))).toEqual([1, 2, 3]);
    });

    it('are worked by one instance; another one goes on when it stops', async () => {
        const where = world();
        const [first, second] = [await start(where, [moves]), await start(where, [moves])];
        await first.open('a');
        await first.add('a', 1, 2);
        await until(where, 2);
        const working = await Promise.all([first, second].map(async ({woltage}) => (await woltage.getPublications())[0]?.isWorking));
        expect(working.filter(isWorking => isWorking)).toHaveLength(1);
        const [worker, other] = working[0] === true ? [first, second] : [second, first];
        await worker.woltage.stop();
        await other.add('a', 3);
        await until(where, 3);
        expect(amounts(published(where))).toEqual([1, 2, 3]);
    });

    it('wait for a broker that is away, at start and later; health tells', async () => {
        const where = world();
        where.topics.away = true;
        const {woltage, open, add, health} = await start(where, [moves]);
        await open('a');
        await add('a', 1);
        await eventually(async () => (await health()).publications['moves/events']?.error !== undefined);
        expect(await health()).toMatchObject({status: 'degraded', messageBroker: {status: 'down'}});
        expect((await woltage.getPublications())[0]).toMatchObject({lag: 2n, error: {code: 'BROKER_UNAVAILABLE'}});
        where.topics.away = false;
        await until(where, 1);
        where.topics.away = true;
        await add('a', 2, 3);
        where.topics.away = false;
        await until(where, 3);
        expect(amounts(published(where))).toEqual([1, 2, 3]);
        await eventually(async () => (await health()).status === 'up');
    });

    it('publish nothing twice where the process ends between publishing and noting it', async () => {
        const where = world();
        const internalStore = {adapter: ForgetfulStore, args: [where.rows]};
        const {woltage, open, add} = await start(where, [moves], {internalStore});
        for (const id of ['a', 'b', 'c', 'd'])
            await open(id);
        ForgetfulStore.isForgetful = true;
        try {
            for (let n = 0; n < 5; n++)
                await Promise.all(['a', 'b', 'c', 'd'].map(id => add(id, n)));
            await until(where, 1);
            await woltage.stop();
        } finally {
            ForgetfulStore.isForgetful = false;
        }
        const next = await start(where, [moves]);
        await next.add('a', 5);
        await until(where, 21);
        await eventually(async () => (await next.woltage.getPublications())[0]?.lag === 0n);
        expectOnce(published(where), 21);
    });

    it('publish it twice, with the same id, where the broker can\'t tell', async () => {
        const where = world();
        class DumbBroker extends MemoryBroker {
            override lastMessage = undefined as never;
        }
        const overrides = {internalStore: {adapter: ForgetfulStore, args: [where.rows]}, messageBroker: {adapter: DumbBroker, args: [where.topics]}};
        const {woltage, open, add} = await start(where, [moves], overrides);
        await open('a');
        ForgetfulStore.isForgetful = true;
        try {
            await add('a', 1);
            await until(where, 1);
            await woltage.stop();
        } finally {
            ForgetfulStore.isForgetful = false;
        }
        const next = await start(where, [moves], overrides);
        await next.add('a', 2);
        await eventually(() => amounts(published(where)).includes(2));
        const events = published(where);
        expect(events.length).toBeGreaterThan(2);
        expect(new Set(events.map(({id}) => id)).size).toBe(2);
    });

    it('go on behind the part of a batch that got through', async () => {
        const where = world();
        const early = await start(where, []);
        for (const id of ['a', 'b', 'c', 'd']) {
            await early.open(id);
            await early.add(id, ...Array.from({length: 20}, (_, n) => n));
        }
        await early.woltage.stop();
        HalfBroker.failures = 3;
        await start(where, [{...moves, from: 'start'}], {messageBroker: {adapter: HalfBroker, args: [where.topics]}});
        await until(where, 80);
        expect(HalfBroker.failures).toBe(0);
        expectOnce(published(where), 80);
    });

    it('take no message of somebody else for theirs', async () => {
        const where = world();
        const first = await start(where, [{...moves, name: 'one'}]);
        await first.open('a');
        await first.add('a', 1, 2, 3);
        await until(where, 3);
        await first.woltage.stop();
        await start(where, [{...moves, name: 'two', from: 'start'}]);
        await until(where, 6);
        expect(amounts(published(where))).toEqual([1, 2, 3, 1, 2, 3]);
    });

    it('lose nothing when the topic gets more partitions', async () => {
        const where = world();
        const first = await start(where, [moves]);
        for (const id of ['a', 'b', 'c', 'd'])
            await first.open(id);
        await Promise.all(['a', 'b', 'c', 'd'].map(id => first.add(id, 1, 2)));
        await until(where, 8);
        await first.woltage.stop();
        where.topics.createTopic('moves', 7);
        const second = await start(where, [moves]);
        await Promise.all(['a', 'b', 'c', 'd'].map(id => second.add(id, 3, 4)));
        await until(where, 16);
        expectOnce(published(where), 16);
    });

    it('leave personal fields encrypted, unless they are told otherwise', async () => {
        const schema = z.object({name: personal(z.string()), city: z.string()});
        class PersonMoved extends Event<typeof schema> {
            static override schema = schema;
            static override version = 1;
        }
        const person = Aggregate.create('person', {$init: () => ({})}).on(PersonMoved, state => state);
        const move = person.registerCommand(schema, function moveHouse(_state, payload) {
            return new PersonMoved({payload});
        });
        const where = world();
        const config = {eventClasses: [PersonMoved], aggregates: [person]};
        const [closed, open]: readonly Publication[] = [{topic: 'closed', events: [PersonMoved], from: 'start'}, {topic: 'open', events: [PersonMoved], from: 'start', personal: 'decrypt'}];
        const {woltage} = await start(where, [closed, open] as Publication[], config);
        await woltage.executeCommand(move, 'p-1', {name: 'Ada', city: 'Bern'});
        await until(where, 1, 'closed');
        await until(where, 1, 'open');
        expect(published(where, 'open')[0]?.payload).toEqual({name: 'Ada', city: 'Bern'});
        expect(published(where, 'closed')[0]?.payload).toEqual({name: {$personal: expect.stringMatching(/^w1\./) as string}, city: 'Bern'});
        await woltage.forget('p-1');
        await woltage.stop();
        await start(where, [{...open, name: 'later'} as Publication], config);
        await until(where, 2, 'open');
        expect(published(where, 'open')[1]?.payload).toEqual({name: {$erased: true}, city: 'Bern'});
    });

    it('know nothing of who was forgotten while they waited for the broker', async () => {
        const schema = z.object({name: personal(z.string())});
        class PersonMoved extends Event<typeof schema> {
            static override schema = schema;
            static override version = 1;
        }
        const person = Aggregate.create('person', {});
        const move = person.registerCommand(schema, (_state, payload) => new PersonMoved({payload}), 'move');
        const where = world();
        const {woltage} = await start(where, [{topic: 'open', events: [PersonMoved], personal: 'decrypt'}], {eventClasses: [PersonMoved], aggregates: [person]});
        where.topics.away = true;
        await woltage.executeCommand(move, 'p-1', {name: 'Ada'});
        await eventually(async () => (await woltage.getPublications())[0]?.error !== undefined);
        await woltage.forget('p-1');
        where.topics.away = false;
        await until(where, 1, 'open');
        expect(published(where, 'open').map(({payload}) => payload)).toEqual([{name: {$erased: true}}]);
    });

    it.each<[string, unknown, string]>([
        ['no broker', moves, 'BROKER_MISSING'],
        ['no topic', {events: [MoneyMoved]}, 'PUBLICATION_INVALID'],
        ['a topic that is none', {...moves, topic: 'a b'}, 'PUBLICATION_INVALID'],
        ['no events', {topic: 'moves', events: []}, 'PUBLICATION_INVALID'],
        ['an event that isn\'t registered', {topic: 'moves', events: [class Other extends MoneyMoved {}]}, 'PUBLICATION_INVALID'],
        ['a wrong start', {...moves, from: 'later'}, 'PUBLICATION_INVALID'],
        ['an unknown property', {...moves, key: 'x'}, 'PUBLICATION_INVALID'],
        ['no publication', null, 'PUBLICATION_INVALID'],
        ['wrong personal', {...moves, personal: 'plain'}, 'PUBLICATION_INVALID']
    ])('are refused with %s', async (what, publication, code) => {
        const missing = what === 'no broker' ? {messageBroker: undefined} : {};
        await expect(start(world(), [publication as Publication], missing)).rejects.toMatchObject({code});
    });

    it('are refused where two have one name', async () => {
        await expect(start(world(), [moves, moves])).rejects.toMatchObject({code: 'PUBLICATION_INVALID'});
    });

    it('are refused with an adapter that is no broker', async () => {
        await expect(start(world(), [moves], {messageBroker: {adapter: MemoryStore as unknown as new () => IMessageBroker}})).rejects.toMatchObject({code: 'ADAPTER_INVALID'});
    });
});

describe('A test runtime', () => {
    it('waits for publications', async () => {
        const {topics} = world();
        const {account, open, move} = createAccount();
        const {woltage, settled, stop} = await createTestWoltage({
            eventClasses: [AccountOpened, MoneyMoved], aggregates: [account], publications: [moves], messageBroker: {adapter: MemoryBroker, args: [topics]}
        });
        try {
            await woltage.executeCommand(open, 'a', {owner: 'o'});
            await woltage.executeCommand(move, 'a', {amount: 1});
            await settled();
            expect(topics.messages('moves')).toHaveLength(1);
        } finally {
            await stop();
        }
    });
});
