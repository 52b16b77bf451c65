import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import {MongoClient} from 'mongodb';
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from 'vitest';
import {uuidV7, z, type Logger, type StoreRecord} from 'woltage';
import {MongoDBStore, type MongoDBStoreOptions} from '../src/index.ts';
import {BreakingProxy, type Cut} from './breaking-proxy.ts';
import {standalone, startInProcess, startOwn, transactional} from './server/servers.ts';

const tables = {
    rows: {key: z.object({id: z.string()}), schema: z.object({n: z.number(), text: z.string().optional()}), indexes: [['n']]}
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse())
        await cleanup();
});

async function open(options: MongoDBStoreOptions, namespace: string = randomUUID()) {
    // The driver looks for a lost server twice a second; here it is back sooner.
    const store = new MongoDBStore({database: 'woltage-faults', ...options, ...options.url === undefined ? {} : {clientOptions: {minHeartbeatFrequencyMS: 50, ...options.clientOptions}}});
    cleanups.push(() => store.close());
    await store.connect();
    const scope = store.scope({namespace, tables});
    await scope.createTables();
    return scope;
}

const set = (id: string, n: number) => ({table: 'rows', id: JSON.stringify(id), row: {id, n}});
const failure = (call: Promise<unknown>): Promise<Error & {readonly code: string}> => call.then(() => expect.unreachable('It should have failed.'), (error: unknown) => error as never);
const codeOf = (error: unknown): unknown => (error as {code?: unknown}).code;
const portOf = (url: string): number => Number(/:(\d+)\//.exec(url)?.[1] ?? 27017);

/** A commit is about 30 kB; some cuts come behind it. */
function cutOf(round: number): Cut {
    if (round % 4 === 0)
        return 'at the answer';
    return {afterBytes: round % 5 === 0 ? 1_000_000 : Math.floor(Math.random() * 60_000) + 1};
}

async function closedPort(): Promise<number> {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const {port} = listener.address() as AddressInfo;
    listener.close();
    await once(listener, 'close');
    return port;
}

describe('A MongoDBStore that finds no server', () => {
    it('gives up in time when nobody listens, and names the server without its password', async () => {
        const url = `mongodb://user:secret-word@127.0.0.1:${await closedPort()}`;
        for (const store of [new MongoDBStore({url, timeoutMs: 300}), new MongoDBStore({client: new MongoClient(url, {serverSelectionTimeoutMS: 300}), timeoutMs: 300})]) {
            const start = Date.now();
            const error = await failure(store.connect());
            expect(error).toMatchObject({code: 'MONGODB_UNAVAILABLE', message: expect.stringContaining(new URL(url).host) as string});
            expect(JSON.stringify([error.message, String(error.cause), error.stack])).not.toContain('secret-word');
            expect(Date.now() - start).toBeLessThan(2000);
            await store.close();
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
        const start = Date.now();
        expect(codeOf(await failure(new MongoDBStore({url: `mongodb://127.0.0.1:${(silent.address() as AddressInfo).port}`, timeoutMs: 300}).connect()))).toBe('MONGODB_UNAVAILABLE');
        expect(Date.now() - start).toBeLessThan(2000);
    });

    it('says that its credentials are refused, at once and without them', async () => {
        const guarded = await startInProcess({user: {name: 'user', password: 'right-word'}});
        cleanups.push(() => guarded.stop());
        for (const credentials of ['', 'user:secret-word@', 'nobody:secret-word@']) {
            const start = Date.now();
            const error = await failure(new MongoDBStore(`mongodb://${credentials}127.0.0.1:${guarded.port}`).connect());
            expect(error).toMatchObject({code: 'MONGODB_CREDENTIALS', message: expect.stringContaining(`127.0.0.1:${guarded.port}`) as string});
            expect(JSON.stringify([error.message, String(error.cause), error.stack])).not.toContain('secret-word');
            expect(Date.now() - start).toBeLessThan(2000);
        }
        const scope = await open({url: guarded.url});
        await scope.tables.rows.set({id: 'a', n: 1});
    });

    it('connects to a server that comes a little later', async () => {
        const late = await startOwn();
        cleanups.push(() => late.stop());
        await late.kill();
        const opening = open({url: late.url});
        await new Promise(resolve => setTimeout(resolve, 300));
        await late.start();
        await (await opening).tables.rows.set({id: 'a', n: 1});
    });

    it('refuses options that make no sense, and never repeats a password', () => {
        for (const [options, says] of [
            ['redis://localhost', 'mongodb://'], ['mongodb://u:secret-word@h:port', 'options'], [{url: 'mongodb://h', extra: 1}, '\'extra\''], [{}, 'url'], [undefined, 'connection string'],
            [{url: 'mongodb://h', client: new MongoClient('mongodb://h')}, 'either'], [{client: {}}, 'MongoClient'], [{url: 'mongodb://h', timeoutMs: 0}, 'timeoutMs'], [{url: 'mongodb://h', prefix: 'a.b'}, 'prefix'],
            [{url: 'mongodb://h', database: 'a b'}, 'database'], [{url: 'mongodb://h', logger: {}}, 'logger'], [{url: 'mongodb://u:secret-word@h/?nonsense=1'}, 'nonsense'],
            [{url: 'mongodb://u:secret-word@h', clientOptions: {tls: 'x'}}, 'tls'], [{client: new MongoClient('mongodb://h'), clientOptions: {}}, 'clientOptions']
        ] as const) {
            const error = (() => {
                try {
                    return new MongoDBStore(options as never);
                } catch (thrown) {
                    return thrown as Error;
                }
            })();
            expect(error, JSON.stringify(says)).toMatchObject({code: 'MONGODB_OPTIONS', message: expect.stringContaining(says) as string});
            expect(String((error as Error).stack)).not.toContain('secret-word');
        }
    });
});

describe.each([transactional, standalone])('A MongoDBStore whose connection breaks, on $title', ({start}) => {
    let server: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
        server = await start();
    });
    afterAll(() => server.stop());

    async function proxied(options: MongoDBStoreOptions = {}) {
        const proxy = await BreakingProxy.start(portOf(server.url));
        cleanups.push(() => proxy.stop());
        const namespace = randomUUID();
        return {proxy, scope: await open({url: proxy.url, ...options}, namespace), direct: await open({url: server.url}, namespace)};
    }

    it('has carried out a commit wholly or not at all, wherever it was cut', async () => {
        const {proxy, scope, direct} = await proxied({timeoutMs: 700});
        const ends = {lost: 0, doneButFailed: 0, done: 0};
        let token: string | null = null;
        for (let round = 1; round <= 20; round++) {
            const record = {key: 'checkpoint', value: String(round), token: uuidV7(), expected: token};
            const writes = Array.from({length: 200}, (_, i) => set(String(i), round));
            await vi.waitFor(() => scope.getRecords(['checkpoint']), {timeout: 5000});
            // Half of the time, the driver may try again.
            proxy.cut(cutOf(round), round % 2 === 0);
            const error = await scope.commit({writes, records: [record]}).then(() => undefined, codeOf);
            proxy.accept();
            const [found] = await direct.getRecords(['checkpoint']) as [StoreRecord | undefined];
            const isDone = found?.token === record.token;
            expect(isDone ? [undefined, 'MONGODB_UNAVAILABLE', 'STALE_RECORD'] : ['MONGODB_UNAVAILABLE']).toContain(error);
            ends[!isDone ? 'lost' : error === undefined ? 'done' : 'doneButFailed']++;
            token = found?.token ?? null;
            const last = Number(found?.value ?? 0);
            await vi.waitFor(async () => expect(await direct.tables.rows.count({n: {$gte: last, $lte: last}})).toBe(last === 0 ? 0 : 200));
            expect(await direct.tables.rows.count()).toBe(last === 0 ? 0 : 200);
        }
        expect(Math.min(ends.lost, ends.done), JSON.stringify(ends)).toBeGreaterThan(0);
    }, 60_000);

    it('is connected again by itself, and tells the logger of both', async () => {
        const warn = vi.fn();
        const info = vi.fn();
        const logger = {debug: vi.fn(), info, warn, error: vi.fn()} satisfies Logger;
        const {proxy, scope} = await proxied({logger, timeoutMs: 3000, clientOptions: {heartbeatFrequencyMS: 500}});
        proxy.refuse();
        await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1), {timeout: 5000});
        proxy.accept();
        await scope.tables.rows.set({id: 'a', n: 1});
        await vi.waitFor(() => expect(info).toHaveBeenCalledTimes(1), {timeout: 5000});
    });

    it('gives up a connection without answers, and makes another one', async () => {
        const {proxy, scope, direct} = await proxied({timeoutMs: 400});
        proxy.silence();
        const began = Date.now();
        for (const call of [() => scope.tables.rows.get({id: 'a'}), () => scope.tables.rows.find({n: 1}), () => scope.tables.rows.count(), () => scope.tables.rows.set({id: 'a', n: 1}), () => scope.getRecords(['a'])])
            expect(codeOf(await failure(call()))).toBe('MONGODB_UNAVAILABLE');
        expect(Date.now() - began).toBeLessThan(8000);
        proxy.accept();
        await vi.waitFor(() => scope.tables.rows.set({id: 'b', n: 1}), {timeout: 10_000});
        expect(await direct.tables.rows.get({id: 'b'})).toEqual({id: 'b', n: 1});
    });

    it('lets calls under way finish when it is closed', async () => {
        const {scope, direct} = await proxied();
        const calls = Array.from({length: 20}, (_, n) => scope.commit({writes: [set(String(n), n)]}));
        const closed = scope.close();
        await Promise.all([...calls, closed]);
        expect(codeOf(await failure(scope.tables.rows.get({id: 'a'})))).toBe('CLOSED');
        expect(await direct.tables.rows.count()).toBe(20);
    });

    it('closes in time, also while there is no server', async () => {
        const {proxy, scope} = await proxied({timeoutMs: 300});
        proxy.refuse();
        const call = failure(scope.tables.rows.get({id: 'a'}));
        const began = Date.now();
        await scope.close();
        expect(Date.now() - began).toBeLessThan(2000);
        expect(codeOf(await call)).toBe('MONGODB_UNAVAILABLE');
    });

    it('refuses a row that is too large before anything is written', async () => {
        const scope = await open({url: server.url});
        const large = {table: 'rows', id: '"large"', row: {id: 'large', n: 1, text: 'x'.repeat(17_000_000)}};
        for (const batch of [{writes: [large]}, {writes: [set('a', 1), large], records: [{key: 'r', value: 'v', token: 't'}]}])
            expect(codeOf(await failure(scope.commit(batch)))).toBe('ROW_TOO_LARGE');
        expect(await scope.tables.rows.count()).toBe(0);
        expect(await scope.getRecords(['r'])).toEqual([undefined]);
        await scope.commit({writes: [set('a', 1)]});
    });

    it('commits more than a document can hold', async () => {
        const scope = await open({url: server.url});
        const writes = Array.from({length: 30}, (_, i) => ({table: 'rows', id: JSON.stringify(String(i)), row: {id: String(i), n: i, text: `${i}😀`.repeat(300_000)}}));
        await scope.commit({writes, records: [{key: 'r', value: 'v', token: 't'}]});
        expect(await scope.tables.rows.count()).toBe(30);
        expect((await scope.tables.rows.get({id: '29'}))?.text).toBe('29😀'.repeat(300_000));
        expect((await scope.getRecords(['r']))[0]?.value).toBe('v');
    });

    it('keeps two arrays that are indexed together', async () => {
        const lists = {rows: {key: tables.rows.key, schema: z.object({a: z.array(z.number()), b: z.array(z.string()), n: z.number()}), indexes: [['a', 'b']]}};
        const store = new MongoDBStore({url: server.url, database: 'woltage-faults'});
        cleanups.push(() => store.close());
        await store.connect();
        const scope = store.scope({namespace: randomUUID(), tables: lists});
        await scope.createTables();
        const rows = [{id: '1', a: [1, 2], b: ['x'], n: 1}, {id: '2', a: [], b: [], n: 2}, {id: '3', a: [3], b: ['y', 'z'], n: 3}];
        for (const row of rows)
            await scope.tables.rows.set(row);
        await scope.commit({writes: rows.map(row => ({table: 'rows', id: JSON.stringify(row.id), row})), records: [{key: 'r', value: 'v', token: 't'}]});
        expect(await scope.tables.rows.find()).toEqual(rows);
        expect(await scope.tables.rows.find({a: [3]})).toEqual([rows[2]]);
        expect(await scope.tables.rows.find({b: {$in: [[], ['x']]}}, {sort: {a: 'asc', b: 'desc'}, limit: 2})).toEqual([rows[0], rows[1]]);
    });
});

describe('A MongoDBStore whose server is killed', () => {
    it('loses nothing that was acknowledged, and goes on when the server is back', async () => {
        const own = await startOwn();
        cleanups.push(() => own.stop());
        const scope = await open({url: own.url, timeoutMs: 5000});
        let acknowledged = 0;
        let isOver = false;
        const writer = (async () => {
            for (let n = 1; !isOver; n++) {
                try {
                    await scope.commit({writes: [set(String(n), n), set(`${n}-twin`, n)]});
                    acknowledged = n;
                } catch (error) {
                    expect(codeOf(error)).toBe('MONGODB_UNAVAILABLE');
                    // The fate of this one is unknown: it is repeated.
                    n--;
                }
            }
        })();
        for (let round = 0; round < 3; round++) {
            const before = acknowledged;
            await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(before + 50), {timeout: 15_000});
            await own.kill();
            await own.start();
        }
        const before = acknowledged;
        await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(before), {timeout: 15_000});
        isOver = true;
        await writer;
        expect(await scope.tables.rows.count()).toBe(2 * acknowledged);
        expect(await scope.tables.rows.find({n: acknowledged})).toHaveLength(2);
    }, 60_000);
});

describe('A MongoDBStore whose answers are lost', () => {
    it('has done once what it is told of as done, and is told so', async () => {
        const server = await startInProcess();
        cleanups.push(() => server.stop());
        const scope = await open({url: server.url});
        let token: string | null = null;
        let n = 0;
        for (const command of ['commitTransaction', 'insert', 'update', 'update', 'delete']) {
            for (const isExecuted of [true, false]) {
                for (const rows of [0, 3]) {
                    server.dropAt(command, isExecuted);
                    const next: string = uuidV7();
                    n++;
                    const writes = Array.from({length: rows}, (_, i) => n % 5 === 0 ? {...set(String(i), n), row: null} : set(String(i), n));
                    await scope.commit({writes, records: [{key: 'r', value: String(n), token: next, expected: token}]});
                    token = next;
                    expect(await scope.getRecords(['r'])).toEqual([{value: String(n), token}]);
                }
            }
        }
        expect(server.openCursors).toBe(0);
    });

    it('takes over at once what a process has locked that died in the middle of a commit', async () => {
        const server = await startInProcess();
        cleanups.push(() => server.stop());
        const namespace = randomUUID();
        for (const [n, takeOver] of [
            (scope: Awaited<ReturnType<typeof open>>) => scope.commit({writes: [set('a', 2), set('b', 2)], records: [{key: 'r', value: '2', token: uuidV7()}]}),
            (scope: Awaited<ReturnType<typeof open>>) => scope.commit({records: [{key: 'r', value: '2', token: uuidV7()}]}),
            (scope: Awaited<ReturnType<typeof open>>) => scope.tables.rows.set({id: 'b', n: 2}),
            (scope: Awaited<ReturnType<typeof open>>) => scope.dropTables()
        ].entries()) {
            const dying = await open({url: server.url, timeoutMs: 3000}, namespace);
            const survivor = await open({url: server.url, timeoutMs: 2000}, namespace);
            await dying.commit({writes: [set('a', 0), set('b', 0)], records: [{key: 'r', value: '0', token: uuidV7()}]});
            // It says nothing more, and its connection is not even closed.
            const last = new Promise<void>(resolve => {
                server.onCommand = name => {
                    if (name !== 'commitTransaction')
                        return undefined;
                    server.onCommand = undefined;
                    resolve();
                    return new Promise(() => undefined);
                };
            });
            void dying.commit({writes: [set('a', 1), set('b', 1)], records: [{key: 'r', value: '1', token: uuidV7()}]}).catch(() => undefined);
            await last;
            const began = Date.now();
            await takeOver(survivor);
            expect(Date.now() - began, String(n)).toBeLessThan(3000);
            expect((await survivor.tables.rows.find()).filter(row => row.n === 1)).toEqual([]);
        }
    });

    it('lets one of two rivals win, rows and record together', async () => {
        const server = await transactional.start();
        cleanups.push(() => server.stop());
        const namespace = randomUUID();
        const rivals = [await open({url: server.url}, namespace), await open({url: server.url}, namespace)] as const;
        let token: string | null = null;
        for (let round = 0; round < 15; round++) {
            const attempts = Array.from({length: 6}, () => uuidV7());
            const results = await Promise.allSettled(attempts.map((attempt, i) => (i % 2 === 0 ? rivals[0] : rivals[1]).commit({
                writes: Array.from({length: 5}, (_, j) => ({table: 'rows', id: JSON.stringify(String(j)), row: {id: String(j), n: round, text: attempt}})),
                records: [{key: 'r', value: attempt, token: attempt, expected: token}]
            })));
            const winners = attempts.filter((_, i) => results[i]?.status === 'fulfilled');
            expect(winners).toHaveLength(1);
            expect(results.filter(({status}) => status === 'rejected').map(result => codeOf((result as PromiseRejectedResult).reason))).toEqual(Array(5).fill('STALE_RECORD'));
            token = winners[0] ?? null;
            expect((await rivals[0].tables.rows.find()).map(({text}) => text)).toEqual(Array(5).fill(token));
        }
    });
});
