import pg from 'pg';
import {afterAll, beforeAll, expect, it, vi} from 'vitest';
import createWoltage, {Aggregate, Event, MemoryEventStore, MemoryEventStoreData, Projector, z, type Woltage} from 'woltage';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresStore} from '../src/index.ts';

const EVENTS = 300;
const schema = z.object({userId: z.string()});

class Placed extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const order = Aggregate.create('order', {$init: () => ({})});
const place = order.registerCommand(schema, function place(_state, payload) {
    return new Placed({payload});
});

const tables = {orders: {key: z.object({id: z.string()}), schema, indexes: [['userId']]}};

/** Called before each event is handled. */
let look: (orders: OrderProjector['store']['tables']['orders'], event: Placed) => Promise<void>;

class OrderProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Placed.identity](event: Placed) {
        const {orders} = this.store.tables;
        await look(orders, event);
        await orders.set({id: event.aggregateId, ...event.payload});
    }
}

const found = await findServer(postgres, 'indexes of PostgresStore');
const data = new MemoryEventStoreData();
let database: TestDatabase;
let admin: pg.Client;
let version = 0;

const start = (): Promise<Woltage> => createWoltage({
    eventStore: {adapter: MemoryEventStore, args: [data]},
    internalStore: {adapter: PostgresStore, args: [database.url]}, stores: {main: {adapter: PostgresStore, args: [database.url]}},
    eventClasses: [Placed], aggregates: [order], projectorClasses: [OrderProjector], projectionTuning: {commitEvents: 50}
});

/** How many declared indexes the tables of all projections have by now. */
async function countIndexes(): Promise<number> {
    const {rows} = await admin.query<{count: string}>('SELECT count(*) FROM pg_indexes WHERE indexdef LIKE \'%"userId"%\'');
    return Number(rows[0]?.count);
}

async function replay(): Promise<void> {
    const woltage = await start();
    try {
        await woltage.addProjection('orders', ++version, 'OrderProjector', 1, 'main');
        const projection = woltage.getProjection('orders', version);
        await projection?.untilLive();
        expect(projection?.progress.processed).toBe(EVENTS);
    } finally {
        await woltage.removeProjection('orders', version, {deleteData: true});
        await woltage.stop();
    }
}

describeWith(found, 'The indexes of a projection in PostgreSQL', () => {
    beforeAll(async () => {
        database = await createDatabase(urlOf(found));
        admin = new pg.Client(database.url);
        await admin.connect();
        const woltage = await start();
        for (let n = 0; n < EVENTS; n++)
            await woltage.executeCommand(place, `o${n}`, {userId: `u${n % 10}`});
        await woltage.stop();
    });
    afterAll(async () => {
        await admin.end();
        await database.drop();
    });

    it('are built at the end of a replay, and are there when it is live', async () => {
        const counts = new Set<number>();
        look = async () => void counts.add(await countIndexes());
        const woltage = await start();
        await woltage.addProjection('orders', ++version, 'OrderProjector', 1, 'main');
        await woltage.getProjection('orders', version)?.untilLive();
        expect([...counts]).toEqual([0]);
        expect(await countIndexes()).toBe(1);
        await woltage.removeProjection('orders', version, {deleteData: true});
        expect(await countIndexes()).toBe(0);
        await woltage.stop();
    });

    it('are built before the first query of a handler', async () => {
        const counts: number[] = [];
        look = async (orders, {aggregateId, payload: {userId}}) => {
            if (aggregateId === 'o200')
                expect(await orders.count({userId})).toBe(20);
            counts.push(await countIndexes());
        };
        await replay();
        expect(counts).toEqual([...Array<number>(200).fill(0), ...Array<number>(100).fill(1)]);
    });

    it('are built at once when a replay goes on that was interrupted', async () => {
        const counts: number[] = [];
        const first = await start();
        let stopped: Promise<void> | undefined;
        look = async (_orders, {aggregateId}) => {
            if (aggregateId === 'o150') {
                await added;
                stopped = first.stop();
            }
        };
        // Resolves after a while, even if the first batch isn't through yet.
        const added = first.addProjection('orders', ++version, 'OrderProjector', 1, 'main');
        await vi.waitFor(() => expect(stopped).toBeDefined(), 10_000);
        await stopped;
        expect(await countIndexes()).toBe(0);

        look = async () => void counts.push(await countIndexes());
        const second = await start();
        await second.getProjection('orders', version)?.untilLive();
        await second.removeProjection('orders', version, {deleteData: true});
        await second.stop();
        expect(counts.length).toBeGreaterThan(0);
        expect(counts.length).toBeLessThan(EVENTS);
        expect(new Set(counts)).toEqual(new Set([1]));
    });
});
