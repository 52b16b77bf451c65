import pg from 'pg';
import {afterAll, afterEach, beforeAll, expect, it, vi} from 'vitest';
import createWoltage, {Aggregate, Event, MemoryEventStore, MemoryEventStoreData, Projector, ReadModel, z, type ProjectionTuning, type Woltage} from 'woltage';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresStore} from '../src/index.ts';

const EVENTS = 1000;
const ACCOUNTS = 20;

const schema = z.object({by: z.number()});

class Ticked extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const counter = Aggregate.create('counter', {$init: () => ({})});
const tick = counter.registerCommand(schema, function tick(_state, payload) {
    return new Ticked({payload});
});

const id = z.object({id: z.string()});
const tables = {
    natives: {key: id, schema: z.object({count: z.number(), sum: z.number()})},
    portables: {key: id, schema: z.object({count: z.number(), seen: z.number()})}
};

/** Called by the handler, between its writes. */
let interfere: (event: Ticked, projector: CounterProjector) => Promise<void> | void = () => undefined;

class CounterProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    declare readonly store: PostgresStore<typeof tables>;

    async [Ticked.identity](event: Ticked) {
        const {aggregateId, payload: {by}} = event;
        const {natives, portables} = this.store.tables;
        const row = await portables.get({id: aggregateId}) ?? {id: aggregateId, count: 0, seen: 0};
        await portables.set({...row, count: row.count + 1});
        await this.store.native(({client, table}) => client.query(
            `INSERT INTO ${table('natives')} ("$id", id, count, sum) VALUES ($1, $2, 1, $3) ON CONFLICT ("$id") DO UPDATE SET count = natives.count + 1, sum = natives.sum + $3`
                .replaceAll('natives.', `${table('natives')}.`), [JSON.stringify(aggregateId), aggregateId, by]
        ));
        await interfere(event, this);
        await portables.update({id: aggregateId}, {seen: (await natives.get({id: aggregateId}))?.count ?? 0});
    }
}

class Counters extends ReadModel<CounterProjector> {
    projectionName = 'counter';

    async all() {
        const {natives, portables} = this.store.tables;
        return {natives: await natives.find({}, {sort: {id: 'asc'}}), portables: await portables.find({}, {sort: {id: 'asc'}})};
    }
}

const found = await findServer(postgres, 'native access to PostgreSQL');
let database: TestDatabase;
let admin: pg.Client;
let running: Woltage | undefined;
const data = new MemoryEventStoreData();
const expected = Array.from({length: ACCOUNTS}, (_, n) => ({id: `c${String(n).padStart(2, '0')}`, count: EVENTS / ACCOUNTS}));

beforeAll(async () => {
    database = await createDatabase(urlOf(found));
    admin = new pg.Client(database.url);
    await admin.connect();
    const woltage = await start();
    for (let n = 0; n < EVENTS; n++)
        await woltage.executeCommand(tick, expected[n % ACCOUNTS]?.id as string, {by: n % 7});
    await woltage.stop();
});
afterEach(async () => {
    interfere = () => undefined;
    if (version > 0)
        await running?.removeProjection('counter', version, {force: true, deleteData: true});
    await running?.stop();
});
afterAll(async () => {
    await admin.end();
    await database.drop();
});

async function start(tuning: Partial<ProjectionTuning> = {}): Promise<Woltage> {
    const store = {adapter: PostgresStore, args: [{connectionString: database.url}]};
    return running = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [data]}, internalStore: store, stores: {main: store}, eventClasses: [Ticked], aggregates: [counter],
        projectorClasses: [CounterProjector], readModelClasses: [Counters], projectionTuning: {retryMs: 1, commitEvents: 200, ...tuning}
    });
}

let version = 0;

async function replayed(woltage: Woltage) {
    await woltage.addProjection('counter', ++version, 'CounterProjector', 1, 'main');
    await vi.waitFor(() => expect(woltage.getProjection('counter', version)?.state).toMatch(/live|faulted/), {timeout: 50_000, interval: 20});
    await woltage.setProjectionActive('counter', version, true);
    return woltage.executeQuery(Counters, 'all', {});
}

/** The position of an event. */
async function firstOf(aggregateId: string, by: number): Promise<bigint> {
    const store = new MemoryEventStore(data);
    await store.connect();
    for await (const {events} of store.subscribe()) {
        const found = events.find(event => event.aggregateId === aggregateId && (event.payload as {by: number}).by === by);
        if (found !== undefined)
            return found.position;
    }
    throw new Error('There is none.');
}

const counts = (rows: readonly {readonly id: string; readonly count: number}[]) => rows.map(({id: rowId, count}) => ({id: rowId, count}));

describeWith(found, 'What a projector writes natively', () => {
    it('is seen by the portable methods of the same batch, and the other way round', async () => {
        const {natives, portables} = await replayed(await start());
        expect(counts(natives)).toEqual(expected);
        expect(portables).toEqual(expected.map(row => ({...row, seen: row.count})));
    });

    it('counts exactly once when handlers fail after it, again and again', async () => {
        let calls = 0;
        interfere = () => {
            if (++calls % 151 === 0)
                throw new Error('Now and then.');
        };
        const {natives, portables} = await replayed(await start());
        expect(calls).toBeGreaterThan(EVENTS);
        expect(counts(natives)).toEqual(expected);
        expect(portables).toEqual(expected.map(row => ({...row, seen: row.count})));
    });

    it('counts exactly once when connections are cut in the middle of batches', async () => {
        let calls = 0;
        interfere = async () => {
            if (++calls % 401 === 0)
                await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()');
        };
        const {natives, portables} = await replayed(await start());
        expect(calls).toBeGreaterThan(EVENTS);
        expect(counts(natives)).toEqual(expected);
        expect(portables).toEqual(expected.map(row => ({...row, seen: row.count})));
    });

    it('leaves what came before an event that keeps failing, and nothing of it', async () => {
        interfere = ({payload: {by}, aggregateId}) => {
            if (by === 5 && aggregateId === 'c12')
                throw new Error('Always.');
        };
        const woltage = await start({maxAttempts: 2});
        const {natives, portables} = await replayed(woltage);
        const projection = woltage.getProjection('counter', version);
        expect([projection?.state, projection?.position]).toEqual(['faulted', await firstOf('c12', 5) - 1n]);
        const sum = natives.reduce((total, {count}) => total + count, 0);
        expect(BigInt(sum)).toBe(await firstOf('c12', 5));
        expect(portables.reduce((total, {count}) => total + count, 0)).toBe(sum);
    });

    it('may fail in the database and be caught: what was done before it stays', async () => {
        let refused = 0;
        interfere = async (_event, projector) => {
            await projector.store.native(({client}) => client.query('SELECT 1 / 0')).catch(() => refused++);
        };
        const {natives, portables} = await replayed(await start());
        expect(refused).toBe(EVENTS);
        expect(counts(natives)).toEqual(expected);
        expect(portables).toEqual(expected.map(row => ({...row, seen: row.count})));
    });
});
