import {randomUUID} from 'node:crypto';
import {MongoClient} from 'mongodb';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {uuidV7, z} from 'woltage';
import {MongoDBStore} from '../src/index.ts';
import {BreakingProxy} from './breaking-proxy.ts';
import {InProcessMongoDB} from './server/mongodb-server.ts';

const tables = {
    orders: {
        key: z.object({id: z.string()}),
        schema: z.object({userId: z.string(), placedAt: z.date(), total: z.bigint(), note: z.unknown().optional()}),
        indexes: [['userId', 'placedAt'], ['total'], ['id'], ['total']]
    }
};
const order = (n: number) => ({id: String(n).padStart(6, '0'), userId: `u${n % 5}`, placedAt: new Date(n), total: BigInt(n)});
const ids = (rows: readonly {readonly id: string}[]) => rows.map(({id}) => id);

let server: InProcessMongoDB;
let proxy: BreakingProxy;
let store: MongoDBStore;
const commands: string[] = [];
beforeAll(async () => {
    server = await InProcessMongoDB.start();
    server.onCommand = name => void commands.push(name);
    proxy = await BreakingProxy.start(server.port);
    store = new MongoDBStore({url: proxy.url});
    await store.connect();
});
afterAll(async () => {
    await store.close();
    await proxy.stop();
    await server.stop();
});

async function withOrders(count: number) {
    const scope = store.scope({namespace: `orders-${randomUUID()}`, tables});
    await scope.createTables();
    await scope.commit({writes: Array.from({length: count}, (_, n) => ({table: 'orders', id: JSON.stringify(order(n).id), row: order(n)}))});
    return scope;
}

/** The commands that a call sends, and the bytes of their answers. */
async function costOf(call: () => Promise<unknown>): Promise<{readonly sent: readonly string[]; readonly bytes: number}> {
    const [first, before] = [commands.length, proxy.received];
    await call();
    return {sent: commands.slice(first).filter(name => name !== 'hello'), bytes: proxy.received - before};
}

describe('A find on a MongoDBStore', () => {
    it('gets from the server only what it gives', async () => {
        const {orders} = (await withOrders(5000)).tables;
        for (const [expected, query] of [
            [[1001, 1006], () => orders.find({userId: 'u1', placedAt: {$gte: new Date(1000)}}, {sort: {placedAt: 'asc'}, limit: 2})],
            [[4996, 4991, 4986], () => orders.find({userId: 'u1'}, {sort: {placedAt: 'desc'}, limit: 3})],
            [[100, 101, 102], () => orders.find({total: {$gte: 100n, $lt: 103n}})],
            [[4999, 4998], () => orders.find({}, {sort: {total: 'desc'}, limit: 2})],
            [[2346, 2347], () => orders.find({}, {limit: 2, cursor: order(2345)})],
            [[4994, 4989], () => orders.find({}, {sort: {userId: 'desc', total: 'desc'}, limit: 2, cursor: order(4999)})],
            [[4997, 4996], () => orders.find({userId: {$in: ['u1', 'u2', 'none']}}, {sort: {placedAt: 'desc'}, limit: 2})],
            [[1, 2], () => orders.find({id: {$in: ['000001', '000002', 'none']}})],
            [[0, 1], () => orders.find({note: null}, {limit: 2})]
        ] as const) {
            let found: Awaited<ReturnType<typeof query>> = [];
            const {bytes} = await costOf(async () => found = await query());
            expect(ids(found)).toEqual(expected.map(n => order(n).id));
            expect(bytes).toBeLessThan(4000);
        }
        const counting = await costOf(async () => expect(await orders.count({userId: 'u1', total: {$lt: 1000n}})).toBe(200));
        expect(counting.bytes).toBeLessThan(1500);
        expect(server.openCursors).toBe(0);
    });

    it('asks in steps that indexes answer', async () => {
        const scope = await withOrders(500);
        const finds: Record<string, unknown>[] = [];
        server.onCommand = (name, command) => void (name === 'find' && finds.push(command));
        await scope.tables.orders.find({userId: 'u1'}, {sort: {placedAt: 'desc'}, limit: 3});
        server.onCommand = name => void commands.push(name);
        const [bound, page, ...probes] = finds;
        // Which value is the third? Then only what isn't behind that is sorted by the key, too.
        expect(bound).toMatchObject({sort: {placedAt: -1}, skip: 2, projection: {placedAt: 1}});
        expect(page).toMatchObject({sort: {placedAt: -1, id: 1}, limit: 3, filter: {$and: [{userId: {$eq: 'u1'}}, {$or: [{placedAt: {$gt: new Date(486)}}, {placedAt: {$type: ['string']}}, {placedAt: new Date(486)}]}]}});
        expect(probes.map(({filter}) => (filter as {$and: unknown[]}).$and[1])).toEqual([{placedAt: {$type: ['object', 'array', 'objectId', 'binData', 'bool', 'string']}}, {_id: {$gte: 'f'}}]);
    });

    it('is exact also where MongoDB sorts otherwise, or has no place for a value', async () => {
        const {orders} = (await withOrders(50)).tables;
        const odd: readonly unknown[] = [true, 'text', new Date(0), 7, 7n, 2n ** 70n, '\ud800', [1], {a: 1}, null];
        for (const [n, note] of odd.entries())
            await orders.update(order(n), {note});
        const notes = async (filter: object, direction: 'asc' | 'desc', limit: number) => (await orders.find(filter as never, {sort: {note: direction}, limit})).map(({note}) => note);
        expect(await notes({note: {$ne: null}}, 'asc', 7)).toEqual([true, 7, 7n, 2n ** 70n, new Date(0), 'text', '\ud800']);
        expect(await notes({note: {$gt: 6}}, 'desc', 2)).toEqual([2n ** 70n, 7]);
        expect(await notes({note: {$gte: 'a'}}, 'asc', 2)).toEqual(['text', '\ud800']);
        expect(await orders.count({note: {$gt: 2n ** 69n}})).toBe(1);
        expect(await orders.count({note: {$lt: 2n ** 69n}})).toBe(2);
        expect(await orders.count({note: 7})).toBe(1);
        expect(await orders.count({note: [1]})).toBe(1);
        expect(await orders.count({note: 1})).toBe(0);
        expect(await orders.count({note: {$in: [7n, {a: 1}, 1, null]}})).toBe(43);
    });
});

describe('A commit of a MongoDBStore', () => {
    it('is one statement for the record, one for the rows, and the end of the transaction', async () => {
        const scope = await withOrders(10);
        const writes = Array.from({length: 500}, (_, n) => ({table: 'orders', id: JSON.stringify(order(n).id), row: n < 10 ? null : order(n)}));
        const {sent} = await costOf(() => scope.commit({writes, records: [{key: 'checkpoint', value: '1', token: uuidV7(), expected: null}]}));
        expect([...sent].sort()).toEqual(['commitTransaction', 'delete', 'insert', 'update']);
        expect(await scope.tables.orders.count()).toBe(490);
    });

    it('is a transaction on a sharded cluster as well', async () => {
        const cluster = await InProcessMongoDB.start({topology: 'sharded'});
        const router = new MongoDBStore({url: cluster.url});
        await router.connect();
        const scope = router.scope({namespace: randomUUID(), tables});
        await scope.createTables();
        await scope.commit({writes: [0, 1].map(n => ({table: 'orders', id: JSON.stringify(order(n).id), row: order(n)}))});
        const sent: string[] = [];
        cluster.onCommand = name => void sent.push(name);
        await scope.commit({writes: [0, 1].map(n => ({table: 'orders', id: JSON.stringify(order(n).id), row: order(n)})), records: [{key: 'r', value: '1', token: 'a', expected: null}]});
        expect(sent.filter(name => name !== 'hello')).toEqual(['insert', 'update', 'commitTransaction']);
        await expect(scope.commit({writes: [{table: 'orders', id: '"x"', row: order(5)}], records: [{key: 'r', value: '2', token: 'b', expected: null}]})).rejects.toMatchObject({code: 'STALE_RECORD'});
        expect(await scope.tables.orders.count()).toBe(2);
        await router.close();
        await cluster.stop();
    });

    it('of a single row or record needs no transaction', async () => {
        const scope = await withOrders(1);
        for (const [expected, call] of [
            ['update', () => scope.tables.orders.set(order(2))], ['delete', () => scope.tables.orders.remove(order(2))],
            ['insert', () => scope.commit({records: [{key: 'r', value: '1', token: 'a', expected: null}]})], ['update', () => scope.commit({records: [{key: 'r', value: '2', token: 'b', expected: 'a'}]})],
            ['delete', () => scope.commit({records: [{key: 'r', value: null, token: 'c', expected: 'b'}]})]
        ] as const)
            expect((await costOf(call)).sent).toEqual([expected]);
    });
});

describe('The collections of a MongoDBStore', () => {
    it('are named after scopes and tables, with the declared indexes, and go with the tables', async () => {
        const namespace = `user@1`;
        const scope = store.scope({namespace, tables});
        await scope.createTables();
        await scope.tables.orders.set(order(1));
        const client = new MongoClient(server.url);
        const database = client.db('woltage');
        const collection = database.collection('woltage.user@1.orders');
        expect(await collection.findOne({})).toMatchObject({_id: '"000001"', id: '000001', userId: 'u1', placedAt: new Date(1)});
        expect((await collection.indexes()).map(({key}) => key as unknown)).toEqual([{_id: 1}, {userId: 1, placedAt: 1}, {total: 1}, {id: 1}]);
        await scope.dropTables();
        expect(await database.listCollections({name: 'woltage.user@1.orders'}).toArray()).toEqual([]);
        await client.close();
    });

    it('get indexes that take longer than a call may', async () => {
        const hasty = new MongoDBStore({url: server.url, timeoutMs: 200});
        await hasty.connect();
        server.onCommand = name => name === 'createIndexes' ? new Promise(resolve => setTimeout(resolve, 700)) : undefined;
        await hasty.scope({namespace: randomUUID(), tables}).createTables();
        server.onCommand = name => name === 'find' ? new Promise(resolve => setTimeout(resolve, 700)) : undefined;
        await expect(hasty.scope({namespace: randomUUID(), tables}).tables.orders.find()).rejects.toMatchObject({code: 'MONGODB_UNAVAILABLE'});
        server.onCommand = name => void commands.push(name);
        await hasty.close();
    });

    it('say why an index can\'t be', async () => {
        const namespace = randomUUID();
        const plain = {orders: {...tables.orders, schema: z.object({a: z.unknown(), b: z.unknown()}), indexes: []}};
        const scope = store.scope({namespace, tables: plain});
        await scope.createTables();
        await scope.tables.orders.set({id: 'x', a: [1], b: [2]});
        const indexed = store.scope({namespace, tables: {orders: {...plain.orders, indexes: [['a', 'b']]}}});
        await expect(indexed.createTables()).rejects.toMatchObject({code: 'MONGODB_INDEX', message: expect.stringContaining('parallel arrays') as string});
    });
});
