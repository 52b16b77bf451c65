import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import {createClient, createCluster} from 'redis';
import {afterAll, afterEach, beforeAll, expect, it, vi} from 'vitest';
import {uuidV7, z, type Logger, type StoreRecord} from 'woltage';
import {canStart, describeWith, startServer} from '../../../test/servers/find-server.ts';
import {redis, type RedisServer} from '../../../test/servers/redis.ts';
import {RedisStore, type RedisStoreOptions} from '../src/index.ts';
import {TcpProxy} from '../../../test/servers/tcp-proxy.ts';

const startable = await canStart(redis, 'RedisStore in faults');

const tables = {
    rows: {key: z.object({id: z.string()}), schema: z.object({n: z.number()}), indexes: [['n']]}
};

let server: RedisServer;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
    server = await startServer(redis);
});
afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse())
        await cleanup();
});
afterAll(() => server.stop());

async function open(options: RedisStoreOptions = {url: server.url}, namespace: string = randomUUID()) {
    const store = new RedisStore(options);
    cleanups.push(() => store.close());
    await store.connect();
    const scope = store.scope({namespace, tables});
    await scope.createTables();
    return scope;
}

async function proxied(options: RedisStoreOptions = {}) {
    const proxy = await TcpProxy.start(server.port);
    cleanups.push(() => proxy.stop());
    const namespace = randomUUID();
    return {proxy, scope: await open({url: `redis://127.0.0.1:${proxy.port}`, ...options}, namespace), direct: await open(undefined, namespace)};
}

const set = (id: string, n: number) => ({table: 'rows', id: JSON.stringify(id), row: {id, n}});
const failure = (call: Promise<unknown>): Promise<Error & {readonly code: string}> => call.then(() => expect.unreachable('It should have failed.'), (error: unknown) => error as never);
const endOf = (isDone: boolean, error: unknown) => !isDone ? 'lost' : error === undefined ? 'done' : 'doneButFailed';
const codeOf = (error: unknown): unknown => (error as {code?: unknown}).code;

describeWith(startable, 'A RedisStore that finds no server', () => {
    it('gives up in time when nobody listens, and names the server without its password', async () => {
        const {port} = await closedPort();
        const store = new RedisStore({url: `redis://user:secret-word@127.0.0.1:${port}`, timeoutMs: 300});
        const start = Date.now();
        const error = await failure(store.connect());
        expect(error).toMatchObject({code: 'REDIS_UNAVAILABLE', message: expect.stringContaining(`redis://127.0.0.1:${port}`) as string});
        expect(JSON.stringify([error.message, String(error.cause), error.stack])).not.toContain('secret-word');
        expect(Date.now() - start).toBeLessThan(2000);
        await store.close();
    });

    it('gives up in time with a client that was handed in', async () => {
        const {port} = await closedPort();
        const url = `redis://:secret-word@127.0.0.1:${port}`;
        for (const client of [createClient({url, socket: {reconnectStrategy: 50}}), createClient({url, socket: {reconnectStrategy: false}}), createCluster({rootNodes: [{url}]})]) {
            const error = await failure(new RedisStore({client, timeoutMs: 300}).connect());
            expect(error).toMatchObject({code: 'REDIS_UNAVAILABLE'});
            expect(JSON.stringify([error.message, String(error.cause), error.stack])).not.toContain('secret-word');
            expect(client.isOpen).toBe(false);
        }
    });

    it('gives up in time when nobody answers', async () => {
        const silent = createServer().listen(0, '127.0.0.1');
        await once(silent, 'listening');
        const sockets: {destroy(): void}[] = [];
        silent.on('connection', socket => sockets.push(socket));
        cleanups.push(() => {
            sockets.forEach(socket => socket.destroy());
            silent.close();
        });
        const store = new RedisStore({url: `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`, timeoutMs: 300});
        expect(codeOf(await failure(store.connect()))).toBe('REDIS_UNAVAILABLE');
    });

    it('says that its credentials are refused, at once and without them', async () => {
        const guarded = await startServer(redis, ['--requirepass', 'right-word']);
        cleanups.push(() => guarded.stop());
        const {port} = guarded;
        for (const credentials of ['', ':secret-word@', 'nobody:secret-word@']) {
            const error = await failure(new RedisStore({url: `redis://${credentials}127.0.0.1:${port}`}).connect());
            expect(error).toMatchObject({code: 'REDIS_CREDENTIALS', message: expect.stringContaining(`redis://127.0.0.1:${port}`) as string});
            expect(error.message).not.toContain('secret-word');
        }
        const scope = await open({url: `redis://:right-word@127.0.0.1:${port}`});
        await scope.tables.rows.set({id: 'a', n: 1});
    });

    it('connects to a server that comes a little later', async () => {
        const late = await startServer(redis);
        cleanups.push(() => late.stop());
        await late.kill();
        const opening = open({url: late.url});
        await new Promise(resolve => setTimeout(resolve, 300));
        await late.start();
        await (await opening).tables.rows.set({id: 'a', n: 1});
    });
});

describeWith(startable, 'A RedisStore whose connection breaks', () => {
    it('has carried out a commit wholly or not at all, wherever it was cut', async () => {
        const {proxy, scope, direct} = await proxied();
        const ends = {lost: 0, doneButFailed: 0, done: 0};
        let token: string | null = null;
        for (let round = 1; round <= 40; round++) {
            const record = {key: 'checkpoint', value: String(round), token: uuidV7(), expected: token};
            const writes = Array.from({length: 200}, (_, i) => set(String(i), round));
            await scope.getRecords(['checkpoint']);
            // A commit is about 31 kB; the later cuts come behind it.
            if (round % 4 === 0)
                proxy.cutAnswer();
            else
                proxy.cut(Math.floor(Math.random() * 45_000) + 1);
            const error = await scope.commit({writes, records: [record]}).then(() => undefined, codeOf);
            proxy.cut();
            const [found] = await direct.getRecords(['checkpoint']) as [StoreRecord | undefined];
            const isDone = found?.token === record.token;
            expect(isDone ? [undefined, 'REDIS_UNAVAILABLE'] : ['REDIS_UNAVAILABLE']).toContain(error);
            ends[endOf(isDone, error)]++;
            token = found?.token ?? null;
            const last = Number(found?.value ?? 0);
            for (const filter of [{}, {n: {$gte: last, $lte: last}}])
                expect(await direct.tables.rows.count(filter)).toBe(last === 0 ? 0 : 200);
        }
        expect(Math.min(...Object.values(ends)), JSON.stringify(ends)).toBeGreaterThan(0);
    });

    it('is connected again by itself, and tells watchers that they may have missed something', async () => {
        const warn = vi.fn();
        const info = vi.fn();
        const logger = {debug: vi.fn(), info, warn, error: vi.fn()} satisfies Logger;
        const {proxy, scope, direct} = await proxied({logger});
        const listener = vi.fn();
        await scope.watchRecords(listener);
        proxy.cut();
        await vi.waitFor(() => expect(listener).toHaveBeenCalled());
        await scope.tables.rows.set({id: 'a', n: 1});
        expect(warn.mock.calls.flat()).toContainEqual(expect.stringContaining('was lost'));
        expect(info.mock.calls.flat()).toContainEqual(expect.stringContaining('is back'));
        listener.mockClear();
        await direct.commit({records: [{key: 'a', value: 'b', token: 'c'}]});
        await vi.waitFor(() => expect(listener).toHaveBeenCalled());
    });

    it.each([2, 3] as const)('keeps the connection for messages while it answers (RESP %i)', async RESP => {
        const warn = vi.fn();
        const scope = await open({url: server.url, timeoutMs: 100, clientOptions: {RESP}, logger: {debug: vi.fn(), info: vi.fn(), warn, error: vi.fn()}});
        const listener = vi.fn();
        await scope.watchRecords(listener);
        await scope.native(({client}) => client.configResetStat());
        await vi.waitFor(async () => {
            const stats = await scope.native(({client}) => client.info('commandstats'));
            expect(Number(/cmdstat_ping:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBeGreaterThan(5);
        }, {timeout: 5000});
        expect(warn).not.toHaveBeenCalled();
        expect(listener).not.toHaveBeenCalled();
        await scope.commit({records: [{key: 'a', value: 'b', token: 'c'}]});
        await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(1));
    });

    it('gives up a connection without answers, and makes another one', async () => {
        const {proxy, scope, direct} = await proxied({timeoutMs: 400});
        const listener = vi.fn();
        await scope.watchRecords(listener);
        proxy.silence();
        const start = Date.now();
        for (const call of [() => scope.tables.rows.get({id: 'a'}), () => scope.tables.rows.find({n: 1}), () => scope.tables.rows.set({id: 'a', n: 1}), () => scope.getRecords(['a'])])
            expect(codeOf(await failure(call()))).toBe('REDIS_UNAVAILABLE');
        expect(Date.now() - start).toBeLessThan(8000);
        proxy.speak();
        await vi.waitFor(() => scope.tables.rows.set({id: 'b', n: 1}), {timeout: 5000});
        expect(await direct.tables.rows.get({id: 'b'})).toEqual({id: 'b', n: 1});
        await vi.waitFor(() => expect(listener).toHaveBeenCalled(), {timeout: 5000});
        listener.mockClear();
        await direct.commit({records: [{key: 'a', value: 'b', token: 'c'}]});
        await vi.waitFor(() => expect(listener).toHaveBeenCalled(), {timeout: 5000});
    });

    it('lets calls under way finish when it is closed', async () => {
        const {scope, direct} = await proxied();
        const calls = Array.from({length: 50}, (_, n) => scope.commit({writes: [set(String(n), n)]}));
        const closed = scope.close();
        await Promise.all([...calls, closed]);
        expect(codeOf(await failure(scope.tables.rows.get({id: 'a'})))).toBe('CLOSED');
        expect(await direct.tables.rows.count()).toBe(50);
    });

    it('closes in time, also while there is no server', async () => {
        const {proxy, scope} = await proxied({timeoutMs: 300});
        proxy.silence();
        proxy.cut();
        const call = failure(scope.tables.rows.get({id: 'a'}));
        const start = Date.now();
        await scope.close();
        expect(Date.now() - start).toBeLessThan(2000);
        expect(codeOf(await call)).toBe('REDIS_UNAVAILABLE');
    });

    it('sends nothing later on that it has reported as failed', async () => {
        const {proxy, scope, direct} = await proxied({timeoutMs: 300});
        proxy.silence();
        proxy.cut();
        // The first finds out that the connection is gone, the second waits for another one.
        for (const id of ['cut', 'late'])
            expect(codeOf(await failure(scope.tables.rows.set({id, n: 1})))).toBe('REDIS_UNAVAILABLE');
        proxy.speak();
        await vi.waitFor(() => scope.tables.rows.set({id: 'b', n: 1}), {timeout: 5000});
        expect(await direct.tables.rows.find()).toEqual([{id: 'b', n: 1}]);
    });
});

describeWith(startable, 'A RedisStore whose server is killed', () => {
    it('loses nothing that was acknowledged, and goes on when the server is back', async () => {
        const own = await startServer(redis, ['--appendfsync', 'always']);
        cleanups.push(() => own.stop());
        const scope = await open({url: own.url, timeoutMs: 5000});
        let acknowledged = 0;
        let failed = 0;
        let isOver = false;
        const writer = (async () => {
            for (let n = 1; !isOver; n++) {
                try {
                    await scope.commit({writes: [set(String(n), n), set(`${n}-twin`, n)]});
                    acknowledged = n;
                } catch (error) {
                    expect(codeOf(error)).toBe('REDIS_UNAVAILABLE');
                    failed++;
                    // The fate of this one is unknown: it is repeated.
                    n--;
                }
            }
        })();
        for (let round = 0; round < 3; round++) {
            const before = acknowledged;
            await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(before + 50), {timeout: 5000});
            await own.kill();
            await own.start();
        }
        await vi.waitFor(async () => expect(await scope.tables.rows.count()).toBeGreaterThan(0));
        isOver = true;
        await writer;
        expect(failed).toBeGreaterThan(0);
        expect(await scope.tables.rows.count()).toBe(2 * acknowledged);
        expect(await scope.tables.rows.find({n: acknowledged})).toHaveLength(2);
    });

    it('fails calls in time while the server hangs, and serves them when it goes on', async () => {
        const own = await startServer(redis);
        cleanups.push(() => own.stop());
        const scope = await open({url: own.url, timeoutMs: 300});
        await own.pause();
        expect(codeOf(await failure(scope.tables.rows.get({id: 'a'})))).toBe('REDIS_UNAVAILABLE');
        await own.resume();
        await vi.waitFor(() => scope.tables.rows.set({id: 'a', n: 1}), {timeout: 5000});
    });

    it('runs its scripts on a server that has forgotten them', async () => {
        const scope = await open();
        await scope.tables.rows.set({id: 'a', n: 1});
        await scope.native(({client}) => client.scriptFlush());
        await scope.tables.rows.set({id: 'b', n: 2});
        await scope.native(({client}) => client.scriptFlush());
        expect(await scope.tables.rows.find({n: {$gt: 1}})).toEqual([{id: 'b', n: 2}]);
    });

    it('says what is wrong when the memory is full, and writes nothing then', async () => {
        const small = await startServer(redis);
        cleanups.push(() => small.stop());
        const scope = await open({url: small.url});
        await scope.tables.rows.set({id: 'a', n: 1});
        await scope.native(({client}) => client.configSet('maxmemory', '1'));
        const error = await failure(scope.commit({writes: [set('b', 2)], records: [{key: 'r', value: 'v', token: 't'}]}));
        expect(error).toMatchObject({code: 'REDIS_UNAVAILABLE', message: expect.stringContaining('OOM') as string});
        const reader = new RedisStore({url: small.url});
        cleanups.push(() => reader.close());
        await reader.connect();
        await scope.native(({client}) => client.configSet('maxmemory', '0'));
        expect(await scope.tables.rows.find()).toEqual([{id: 'a', n: 1}]);
        expect(await scope.getRecords(['r'])).toEqual([undefined]);
    });
});

async function closedPort(): Promise<AddressInfo> {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address() as AddressInfo;
    listener.close();
    await once(listener, 'close');
    return address;
}
