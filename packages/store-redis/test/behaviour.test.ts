import {randomUUID} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {createClient} from 'redis';
import {afterAll, afterEach, beforeAll, expect, it, vi} from 'vitest';
import {uuidV7, z, type Logger} from 'woltage';
import {canStart, describeWith, startServer} from '../../../test/servers/find-server.ts';
import {redis, type RedisServer} from '../../../test/servers/redis.ts';
import {RedisStore} from '../src/index.ts';
import {TcpProxy} from '../../../test/servers/tcp-proxy.ts';

const startable = await canStart(redis, 'behaviour of RedisStore');

const tables = {
    orders: {
        key: z.object({id: z.string()}),
        schema: z.object({userId: z.string(), placedAt: z.date(), total: z.bigint(), note: z.string().optional()}),
        indexes: [['userId', 'placedAt'], ['total'], ['id']]
    }
};
const order = (n: number) => ({id: String(n).padStart(6, '0'), userId: `u${n % 5}`, placedAt: new Date(n), total: BigInt(n)});

let server: RedisServer;
let proxy: TcpProxy;
let store: RedisStore;
let observer: RedisStore;
const warn = vi.fn();
const logger: Logger = {debug: vi.fn(), info: vi.fn(), warn, error: vi.fn()};
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
    server = await startServer(redis);
    proxy = await TcpProxy.start(server.port);
    store = new RedisStore({url: `redis://127.0.0.1:${proxy.port}`, logger});
    observer = new RedisStore({url: server.url});
    await Promise.all([store.connect(), observer.connect()]);
});
afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse())
        await cleanup();
});
afterAll(async () => {
    await Promise.all([store.close(), observer.close()]);
    await proxy.stop();
    await server.stop();
});

async function withOrders(count: number) {
    const scope = store.scope({namespace: `orders-${randomUUID()}`, tables});
    await scope.createTables();
    await scope.commit({writes: Array.from({length: count}, (_, n) => ({table: 'orders', id: JSON.stringify(order(n).id), row: order(n)}))});
    return scope;
}

/** What a query costs: the commands that the server carries out, and the bytes of its answers. */
async function costOf(query: () => Promise<unknown>): Promise<{readonly commands: readonly string[]; readonly bytes: number}> {
    await observer.native(({client}) => client.configResetStat());
    const before = proxy.received;
    await query();
    const bytes = proxy.received - before;
    const stats = await observer.native(({client}) => client.info('commandstats'));
    return {bytes, commands: Array.from(stats.matchAll(/^cmdstat_(\S+?):/gm), ([, name]) => name as string)};
}

describeWith(startable, 'A find on a RedisStore', () => {
    it('reads from an index only what it needs', async () => {
        const scope = await withOrders(20_000);
        const {orders} = scope.tables;
        for (const [expected, query] of [
            [2, () => orders.find({userId: 'u1', placedAt: {$gte: new Date(10_000)}}, {sort: {placedAt: 'asc'}, limit: 2})],
            [3, () => orders.find({userId: 'u1'}, {sort: {placedAt: 'desc'}, limit: 3})],
            [10, () => orders.find({total: {$gte: 100n, $lt: 110n}})],
            [5, () => orders.find({}, {sort: {total: 'desc'}, limit: 5})],
            [5, () => orders.find({}, {limit: 5, cursor: order(12_345)})],
            [5, () => orders.find({userId: {$in: ['u1', 'u2', 'none']}}, {sort: {placedAt: 'desc'}, limit: 5})],
            [2, () => orders.find({id: {$in: ['000001', '000002', 'none']}})],
            [1, () => orders.find({id: '000003', total: 3n})]
        ] as const) {
            let found: readonly unknown[] = [];
            const {commands, bytes} = await costOf(async () => found = await query());
            expect(found).toHaveLength(expected);
            expect(commands).not.toContain('hscan');
            // A page holds at least 16 rows of about 130 bytes; `in` reads one for each value.
            expect(bytes).toBeLessThan(2 * 17 * 130);
        }
        const {commands, bytes} = await costOf(async () => expect(await orders.count({userId: 'u1', placedAt: {$lt: new Date(10_000)}})).toBe(2000));
        expect(commands).toContain('zlexcount');
        expect(bytes).toBeLessThan(200);
    });

    it('pages in mixed directions without reading large groups again and again', async () => {
        const scope = await withOrders(20_000);
        const {orders} = scope.tables;
        const {bytes} = await costOf(async () => {
            const found = await orders.find({}, {sort: {userId: 'desc', placedAt: 'asc'}, limit: 10});
            expect(found.map(({id}) => id)).toEqual(Array.from({length: 10}, (_, i) => order(4 + 5 * i).id));
            const next = await orders.find({}, {sort: {userId: 'desc', placedAt: 'asc'}, limit: 10, cursor: found.at(-1)});
            expect(next[0]?.id).toBe(order(54).id);
        });
        // Each find reads a page of the last users, another one of the first of them, and none of the 4,000 orders in between.
        expect(bytes).toBeLessThan(10_000);
    });

    it('scans where no index fits, and says so once', async () => {
        const scope = await withOrders(50);
        const {orders} = scope.tables;
        warn.mockClear();
        for (let i = 0; i < 3; i++)
            expect(await orders.find({note: 'x'})).toEqual([]);
        expect(await orders.find()).toHaveLength(50);
        expect(await orders.find({userId: 'u1'})).toHaveLength(10);
        expect(warn).toHaveBeenCalledTimes(1);
        expect(warn).toHaveBeenCalledWith(expect.objectContaining({table: 'orders', fields: ['note']}), expect.stringContaining('no index'));
    });
});

describeWith(startable, 'The indexes of a RedisStore', () => {
    it('take in rows that were there before, while others go on writing', async () => {
        const namespace = randomUUID();
        const plain = {orders: {key: tables.orders.key, schema: tables.orders.schema}};
        // As another process, with an older version of the program, would have it.
        const old = store.scope({namespace, tables: plain});
        await old.createTables();
        const write = (n: number, total: bigint) => old.commit({writes: [{table: 'orders', id: JSON.stringify(order(n).id), row: {...order(n), total}}]});
        for (let n = 0; n < 2000; n++)
            await write(n, 1n);
        let isOver = false;
        const writer = (async () => {
            for (let n = 0; !isOver; n = (n + 7) % 2000) {
                await write(n, 2n);
                await old.tables.orders.remove({id: order((n + 3) % 2000).id});
            }
        })();
        const scope = store.scope({namespace, tables});
        await Promise.all([scope.createTables(), store.scope({namespace, tables}).createTables()]);
        isOver = true;
        await writer;
        await write(1, 3n);
        const all = await scope.tables.orders.find();
        for (const total of [1n, 2n, 3n])
            expect((await scope.tables.orders.find({total})).map(({id}) => id)).toEqual(all.filter(row => row.total === total).map(({id}) => id));
        expect(await scope.tables.orders.count({total: {$gte: 1n}})).toBe(all.length);
        expect(all.length).toBeLessThan(2000);
    });

    it('are used by those who asked before they were there', async () => {
        const namespace = randomUUID();
        const early = store.scope({namespace, tables: {orders: {...tables.orders, indexes: []}}});
        await early.tables.orders.set(order(1));
        expect((await costOf(() => early.tables.orders.find({total: 1n}))).commands).toContain('hscan');
        await observer.scope({namespace, tables}).createTables();
        expect((await costOf(() => early.tables.orders.find({total: 1n}))).commands).not.toContain('hscan');
    });

    it('are used by those who knew the tables before somebody dropped and made them', async () => {
        const scope = await withOrders(20);
        const {orders} = scope.tables;
        expect(await orders.find({total: 3n})).toHaveLength(1);
        const namespace = randomUUID();
        const [one, other] = [store.scope({namespace, tables}), store.scope({namespace, tables: {orders: {...tables.orders, indexes: [['note']]}}})];
        await one.createTables();
        await one.tables.orders.set(order(1));
        expect(await one.tables.orders.find({total: 1n})).toHaveLength(1);
        await other.dropTables();
        await other.createTables();
        await other.tables.orders.set(order(2));
        expect(await one.tables.orders.find({total: 2n})).toHaveLength(1);
        await one.tables.orders.set({...order(3), note: 'x'});
        expect(await other.tables.orders.find({note: 'x'})).toHaveLength(1);
    });

    it('keep nothing of rows that are gone', async () => {
        const scope = await withOrders(100);
        for (const [n, write] of [scope.tables.orders.remove, scope.tables.orders.set].entries())
            await write.call(scope.tables.orders, {...order(n), userId: 'changed', total: -5n});
        expect(await scope.tables.orders.find({total: {$lt: 2n}})).toMatchObject([{id: '000001'}]);
        await scope.commit({writes: Array.from({length: 100}, (_, n) => ({table: 'orders', id: JSON.stringify(order(n).id), row: null}))});
        expect(await scope.native(({client, rows}) => client.keys(rows('orders').replace(/rows:orders$/, '*:orders*')))).toEqual([]);
        expect(await scope.tables.orders.count({total: {$gte: -100n}})).toBe(0);
    });
});

describeWith(startable, 'Native access to a RedisStore', () => {
    it('gives the client, the rows and keys of one\'s own, which go with the tables', async () => {
        const scope = await withOrders(3);
        const json = await scope.native(({client, rows}) => client.hGet(rows('orders'), '"000001"'));
        expect(JSON.parse(json ?? '')).toEqual({id: '000001', userId: 'u1', placedAt: {$date: 1}, total: {$bigint: '1'}});
        await scope.native(async ({client, key}) => {
            await client.zIncrBy(key('scores'), 2, 'a');
            await client.zIncrBy(key('scores'), 1, 'b');
            await client.set(key('odd {}:*\ud800'), 'x');
        });
        const own = await scope.native(({key}) => [key('scores'), key('odd {}:*\ud800')]);
        expect(await scope.native(({client, key}) => client.zRange(key('scores'), 0, -1))).toEqual(['b', 'a']);
        expect(await store.native(({client}) => client.exists(own))).toBe(2);
        await scope.dropTables();
        expect(await store.native(({client}) => client.exists(own))).toBe(0);
    });

    it('passes on what goes wrong', async () => {
        await expect(store.native(({client, key}) => client.incr(key('a')).then(() => client.lPush(key('a'), 'x')))).rejects.toThrow('WRONGTYPE');
        await expect(store.native(() => {
            throw new Error('mine');
        })).rejects.toThrow('mine');
    });
});

describeWith(startable, 'A scope of a RedisStore', () => {
    it('has all its keys in one slot, and leaves none behind', async () => {
        const namespace = `{a}}:${randomUUID()}*`;
        const scope = store.scope({namespace, tables});
        const keysBefore = new Set(await store.native(({client}) => client.keys('*')));
        await scope.createTables();
        await scope.tables.orders.set(order(1));
        await scope.commit({records: [{key: 'r', value: 'v', token: 't'}]});
        await scope.native(({client, key}) => client.set(key('mine'), '1'));
        const keys = await store.native(async ({client}) => (await client.keys('*')).filter(key => !keysBefore.has(key)));
        expect(keys.length).toBeGreaterThan(9);
        expect(new Set(keys.map(key => /\{(.*?)\}/.exec(key)?.[1])).size).toBe(1);
        await scope.dropTables();
        expect(await store.native(async ({client}) => (await client.keys('*')).filter(key => !keysBefore.has(key)))).toEqual([]);
    });

    it('tells its watchers of changed records, whoever changed them, and nobody else', async () => {
        const other = new RedisStore({url: server.url});
        cleanups.push(() => other.close());
        await other.connect();
        const namespace = randomUUID();
        const [mine, theirs] = [vi.fn(), vi.fn()];
        const unwatch = await store.scope({namespace, tables: {}}).watchRecords(mine);
        await store.scope({namespace: `${namespace}1`, tables: {}}).watchRecords(theirs);
        const change = () => other.scope({namespace, tables}).commit({records: [{key: 'r', value: 'v', token: uuidV7()}]});
        await change();
        await vi.waitFor(() => expect(mine).toHaveBeenCalledTimes(1));
        await other.scope({namespace, tables}).tables.orders.set(order(1));
        await change();
        await vi.waitFor(() => expect(mine).toHaveBeenCalledTimes(2));
        await other.scope({namespace, tables}).dropTables();
        await vi.waitFor(() => expect(mine).toHaveBeenCalledTimes(3));
        unwatch();
        const again = vi.fn();
        await store.scope({namespace, tables: {}}).watchRecords(again);
        await change();
        await vi.waitFor(() => expect(again).toHaveBeenCalledTimes(1));
        expect(mine).toHaveBeenCalledTimes(3);
        expect(theirs).not.toHaveBeenCalled();
    });

    it('lists many records in pages, in the order of their keys', async () => {
        const scope = store.scope({namespace: randomUUID(), tables: {}});
        const keys = Array.from({length: 2500}, (_, i) => `k/${String(i).padStart(5, '0')}`);
        await scope.commit({records: [...keys, 'k', 'k0', 'l'].map(key => ({key, value: `${key}\n`, token: `t\n${key}`}))});
        const all = await scope.listRecords('k/');
        expect(all.map(({key}) => key)).toEqual(keys);
        expect(all[7]).toEqual({key: 'k/00007', value: 'k/00007\n', token: 't\nk/00007'});
        expect((await scope.listRecords('k/', {after: 'k/02000', limit: 3})).map(({key}) => key)).toEqual(keys.slice(2001, 2004));
        expect((await scope.listRecords('k/', {after: 'a', limit: 1200})).map(({key}) => key)).toEqual(keys.slice(0, 1200));
        expect(await scope.listRecords('k/', {after: 'z'})).toEqual([]);
        expect(await scope.listRecords('k/', {limit: 0})).toEqual([]);
    });
});

describeWith(startable, 'A RedisStore on a given client', () => {
    it('leaves an open client open', async () => {
        const client = createClient({url: server.url});
        cleanups.push(() => client.destroy());
        await client.connect();
        const given = new RedisStore({client});
        await given.connect();
        const scope = given.scope({namespace: randomUUID(), tables});
        await scope.tables.orders.set(order(1));
        const listener = vi.fn();
        await scope.watchRecords(listener);
        await scope.commit({records: [{key: 'r', value: 'v', token: 't'}]});
        await vi.waitFor(() => expect(listener).toHaveBeenCalled());
        await given.close();
        expect(await client.ping()).toBe('PONG');
        expect(client.listenerCount('error')).toBe(0);
        await given.connect();
        expect(await scope.tables.orders.count()).toBe(1);
        await given.close();
    });

    it('closes a client that it has opened, and uses it with any settings', async () => {
        for (const RESP of [2, 3] as const) {
            const client = createClient({url: server.url, RESP, commandOptions: {typeMapping: {36: Buffer}}});
            const given = new RedisStore({client});
            await given.connect();
            const scope = given.scope({namespace: randomUUID(), tables});
            await scope.createTables();
            await scope.tables.orders.set(order(1));
            expect(await scope.tables.orders.find({total: 1n})).toEqual([order(1)]);
            expect(await scope.tables.orders.find({userId: 'u1', note: undefined})).toEqual([order(1)]);
            await scope.dropTables();
            await given.close();
            expect(client.isOpen).toBe(false);
        }
    });
});

describeWith(startable, 'The options of a RedisStore', () => {
    it('are refused where they make no sense, without their secrets', () => {
        for (const options of [
            undefined, null, {}, 'redis://localhost', {url: 'localhost:6379'}, {url: 'http://:secret@localhost'}, {url: 'redis://:secret#@localhost'}, {url: 'redis://:secret@localhost/x'},
            {url: 'redis://localhost', client: createClient()}, {client: {}}, {client: createClient(), clientOptions: {}}, {url: 'redis://localhost', timeoutMs: 0},
            {url: 'redis://localhost', timeoutMs: '5'}, {url: 'redis://localhost', keyPrefix: 'a{b'}, {url: 'redis://localhost', keyPrefix: ''}, {url: 'redis://localhost', logger: true},
            {url: 'redis://localhost', username: 'me'}, {url: 'redis://:%E0%A4%A@localhost'}
        ]) {
            const make = () => new RedisStore(options as never);
            expect(make, JSON.stringify(options)).toThrow(expect.objectContaining({code: 'REDIS_OPTIONS', message: expect.not.stringContaining('secret') as string}));
        }
    });

    it('pass on what the driver knows', async () => {
        const named = new RedisStore({url: server.url, clientOptions: {name: 'woltage-test', RESP: 2}, keyPrefix: 'other'});
        cleanups.push(() => named.close());
        await named.connect();
        expect(await named.native(({client}) => client.clientGetName())).toBe('woltage-test');
        await named.scope({namespace: 'a', tables}).tables.orders.set(order(1));
        expect(await store.scope({namespace: 'a', tables}).tables.orders.count()).toBe(0);
        expect(await store.native(({client}) => client.exists('{other:a}:rows:orders'))).toBe(1);
    });

    it('may name a user that is allowed only what the guide names', async () => {
        const guide = await readFile(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
        const commands = Array.from(/A user with an ACL needs[^]*?on keys/.exec(guide)?.[0].matchAll(/`([A-Z]+)`/g) ?? [], ([, name]) => `+${name?.toLowerCase()}`);
        expect(commands.length).toBeGreaterThan(20);
        await observer.native(({client}) => client.sendCommand(['ACL', 'SETUSER', 'app', 'reset', 'on', '>word', '~{woltage:*', '&{woltage:*', ...commands]));
        const debug = vi.fn();
        const limited = new RedisStore({url: server.url.replace('//', '//app:word@'), logger: {...logger, debug}});
        cleanups.push(() => limited.close());
        await limited.connect();
        expect(debug).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('INFO'));
        await observer.native(({client}) => client.scriptFlush());
        const namespace = randomUUID();
        await limited.scope({namespace, tables: {orders: {...tables.orders, indexes: []}}}).tables.orders.set(order(1));
        const scope = limited.scope({namespace, tables});
        await scope.createTables();
        const listener = vi.fn();
        await scope.watchRecords(listener);
        await scope.commit({writes: [{table: 'orders', id: '"x"', row: {...order(2), id: 'x'}}], records: [{key: 'r', value: 'v', token: 't'}]});
        await vi.waitFor(() => expect(listener).toHaveBeenCalled());
        await scope.tables.orders.set({...order(2), total: 3n});
        expect(await scope.tables.orders.find({total: {$gt: 0n}}, {sort: {total: 'desc'}, limit: 2})).toHaveLength(2);
        expect(await scope.tables.orders.find({note: 'x'})).toEqual([]);
        expect(await scope.tables.orders.count({userId: 'u1'})).toBe(1);
        expect(await scope.tables.orders.count()).toBe(3);
        expect(await scope.listRecords('')).toHaveLength(1);
        await scope.tables.orders.remove({id: 'x'});
        await scope.commit({records: [{key: 'r', value: null, token: 'u'}]});
        await scope.native(({client, key}) => client.hSet(key('own'), 'a', 'b'));
        await scope.dropTables();
        const other = limited.native(({client}) => client.get('other'));
        await expect(other).rejects.toThrow('NOPERM');
    });

    it('are refused with a user that could carry out a commit only in part', async () => {
        await observer.native(({client}) => client.sendCommand(['ACL', 'SETUSER', 'half', 'reset', 'on', '>secret-word', '~{woltage:*', '&{woltage:*', '+@all', '-zadd']));
        const half = new RedisStore({url: server.url.replace('//', '//half:secret-word@')});
        await expect(half.connect()).rejects.toThrow(expect.objectContaining({code: 'REDIS_CREDENTIALS', message: expect.not.stringContaining('secret-word') as string}));
        await expect(half.scope({namespace: 'a', tables}).tables.orders.set(order(1))).rejects.toMatchObject({code: 'CLOSED'});
    });

    it('warn of a server that may lose data', async () => {
        const careless = await startServer(redis, ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru']);
        cleanups.push(() => careless.stop());
        warn.mockClear();
        const risky = new RedisStore({url: careless.url, logger});
        cleanups.push(() => risky.close());
        await risky.connect();
        expect(warn.mock.calls.map(([, message]) => message as string)).toEqual([expect.stringContaining('append-only'), expect.stringContaining('noeviction')]);
    });
});
