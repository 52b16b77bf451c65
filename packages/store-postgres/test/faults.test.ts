import {randomBytes, randomUUID} from 'node:crypto';
import {createServer, type AddressInfo} from 'node:net';
import {once} from 'node:events';
import pg from 'pg';
import {afterAll, afterEach, beforeAll, expect, it, vi} from 'vitest';
import {uuidV7, z, type StoreRecord} from 'woltage';
import {describeWith, findServer, startServer} from '../../../test/servers/find-server.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import type {TestServer} from '../../../test/servers/server.ts';
import {TcpProxy} from '../../../test/servers/tcp-proxy.ts';
import {PostgresStore, type PostgresStoreOptions} from '../src/index.ts';

const tables = {
    rows: {key: z.object({id: z.string()}), schema: z.object({n: z.number()}), indexes: [['n']]}
};

const found = await findServer(postgres, 'PostgresStore and a server that fails');
let server: TestServer;
const cleanups: (() => unknown)[] = [];

async function open(options: PostgresStoreOptions = {}, namespace: string = randomUUID()) {
    const store = new PostgresStore({connectionString: server.url, ...options});
    cleanups.push(() => store.close());
    await store.connect();
    const scope = store.scope({namespace, tables});
    await scope.createTables();
    return scope;
}

async function proxied(options: PostgresStoreOptions = {}) {
    const proxy = await TcpProxy.start(server.port);
    cleanups.push(() => proxy.stop());
    const url = new URL(server.url);
    url.port = String(proxy.port);
    const namespace = randomUUID();
    return {proxy, direct: await open({}, namespace), scope: await open({connectionString: url.href, ...options}, namespace)};
}

const set = (id: string, n: number) => ({table: 'rows', id: JSON.stringify(id), row: {id, n}});
const failure = (call: Promise<unknown>): Promise<Error & {readonly code: string}> =>
    call.then(() => expect.unreachable('It should have failed.'), (error: unknown) => error as never);
const codeOf = (error: unknown): unknown => (error as {code?: unknown}).code;
const endOf = (isDone: boolean, error: unknown) => !isDone ? 'lost' : error === undefined ? 'done' : 'doneButFailed';

describeWith(found, 'A PostgresStore', () => {
    beforeAll(async () => {
        server = await startServer(postgres);
    });
    afterEach(async () => {
        for (const cleanup of cleanups.splice(0).reverse())
            await cleanup();
    });
    afterAll(() => server.stop());

    it('that finds no server, or is refused, says so in time and without the password', async () => {
        const listener = createServer().listen(0, '127.0.0.1');
        await once(listener, 'listening');
        const {port} = listener.address() as AddressInfo;
        listener.close();
        await once(listener, 'close');
        const wrong = new URL(server.url);
        wrong.password = 'secret-word';
        for (const [connectionString, code] of [[`postgres://user:secret-word@127.0.0.1:${port}/app`, 'POSTGRES_UNAVAILABLE'], [wrong.href, 'POSTGRES_CREDENTIALS']]) {
            const start = performance.now();
            const error = await failure(new PostgresStore({connectionString, timeoutMs: 300}).connect());
            expect(error).toMatchObject({code, message: expect.stringContaining('postgres://127.0.0.1:') as string});
            expect(JSON.stringify([error.message, error.stack])).not.toContain('secret-word');
            expect(performance.now() - start).toBeLessThan(3000);
        }
        expect(() => new PostgresStore({pollIntervalMs: 5} as never)).toThrow(expect.objectContaining({code: 'POSTGRES_OPTIONS'}) as Error);
    });

    it('has carried out a commit wholly or not at all, wherever its connection was cut', async () => {
        const {proxy, scope, direct} = await proxied();
        const ends = {lost: 0, doneButFailed: 0, done: 0};
        let token: string | null = null;
        for (let round = 1; round <= 60; round++) {
            const record = {key: 'checkpoint', value: String(round), token: uuidV7(), expected: token};
            const writes = Array.from({length: 200}, (_, i) => set(String(i), round));
            await scope.getRecords(['checkpoint']);
            const end = round % 5;
            if (end === 0)
                proxy.cutAnswer();
            else if (end !== 1)
                // A commit is about 5 kB; the later cuts come behind it.
                proxy.cut(Math.floor(Math.random() * 7000) + 1);
            const error = await scope.commit({writes, records: [record]}).then(() => undefined, codeOf);
            proxy.cut();
            let stored: StoreRecord | undefined;
            // What the server has got of a cut connection it may still be busy with.
            await vi.waitFor(async () => {
                const {rows} = await direct.native(({client}) => client.query('SELECT FROM pg_stat_activity WHERE state <> \'idle\' AND pid <> pg_backend_pid() AND backend_type = \'client backend\''));
                expect(rows).toEqual([]);
                [stored] = await direct.getRecords(['checkpoint']);
            });
            const isDone = stored?.token === record.token;
            expect(isDone ? [undefined, 'POSTGRES_UNAVAILABLE'] : ['POSTGRES_UNAVAILABLE']).toContain(error);
            ends[endOf(isDone, error)]++;
            token = stored?.token ?? null;
            const last = Number(stored?.value ?? 0);
            expect(await direct.tables.rows.count({n: last})).toBe(last === 0 ? 0 : 200);
            expect(await direct.tables.rows.count()).toBe(last === 0 ? 0 : 200);
        }
        expect(ends.lost).toBeGreaterThan(0);
        expect(ends.done).toBeGreaterThan(0);
    }, 60_000);

    it('does not say of a commit that it failed when all it lost was the notification', async () => {
        const {proxy, scope, direct} = await proxied({timeoutMs: 1000});
        await scope.commit({records: [{key: 'a', value: 'b', token: 'c'}]});
        proxy.cut();
        expect(await direct.getRecords(['a'])).toEqual([{value: 'b', token: 'c'}]);
        await scope.close();
    });

    it('is connected again by itself, and tells watchers that they may have missed something', async () => {
        const warn = vi.fn();
        const info = vi.fn();
        const {proxy, scope, direct} = await proxied({logger: {debug: vi.fn(), info, warn, error: vi.fn()}});
        const listener = vi.fn();
        await scope.watchRecords(listener);
        proxy.cut();
        await vi.waitFor(() => expect(listener).toHaveBeenCalled());
        expect(await scope.tables.rows.get({id: 'a'})).toBeNull();
        await vi.waitFor(() => expect(info.mock.calls.flat()).toContainEqual(expect.stringContaining('is back')));
        expect(warn.mock.calls.flat()).toContainEqual(expect.stringContaining('was lost'));
        await vi.waitFor(async () => {
            listener.mockClear();
            await direct.commit({records: [{key: 'a', value: 'b', token: 'c'}]});
            await vi.waitFor(() => expect(listener).toHaveBeenCalled());
        }, {timeout: 5000});
    });

    it('gives up a connection without answers, and makes another one', async () => {
        const {proxy, scope, direct} = await proxied({timeoutMs: 300, statementTimeoutMs: 300});
        const listener = vi.fn();
        await scope.watchRecords(listener);
        proxy.silence();
        const start = performance.now();
        for (const call of [() => scope.tables.rows.get({id: 'a'}), () => scope.tables.rows.find({n: 1}), () => scope.tables.rows.set({id: 'a', n: 1}), () => scope.getRecords(['a'])])
            expect(codeOf(await failure(call()))).toBe('POSTGRES_UNAVAILABLE');
        expect(performance.now() - start).toBeLessThan(8000);
        proxy.speak();
        await vi.waitFor(() => scope.tables.rows.set({id: 'b', n: 1}), {timeout: 5000});
        expect(await direct.tables.rows.get({id: 'b'})).toEqual({id: 'b', n: 1});
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

    it('loses nothing that was acknowledged when the server is killed, and goes on when it is back', async () => {
        const own = await startServer(postgres, ['fsync=on', 'synchronous_commit=on']);
        cleanups.push(() => own.stop());
        const scope = await open({connectionString: own.url, timeoutMs: 5000});
        let acknowledged = 0;
        let failed = 0;
        let isOver = false;
        const writer = (async () => {
            for (let n = 1; !isOver; n++) {
                try {
                    await scope.commit({writes: [set(String(n), n), set(`${n}-twin`, n)]});
                    acknowledged = n;
                } catch (error) {
                    expect(codeOf(error)).toBe('POSTGRES_UNAVAILABLE');
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
        const before = acknowledged;
        await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(before), {timeout: 5000});
        isOver = true;
        await writer;
        expect(failed).toBeGreaterThan(0);
        expect(await scope.tables.rows.count()).toBe(2 * acknowledged);
    }, 30_000);

    it('says what is wrong when its tables are gone, and goes on when they are back', async () => {
        const scope = await open();
        await scope.dropTables();
        expect(await failure(scope.tables.rows.set({id: 'a', n: 1}))).toMatchObject({code: 'POSTGRES_FAILED', message: expect.stringContaining('42P01') as string});
        await scope.createTables();
        await scope.tables.rows.set({id: 'a', n: 1});
    });

    it('frees its locks when its process halts in the middle of a commit', async () => {
        const {proxy, scope, direct} = await proxied({timeoutMs: 500, statementTimeoutMs: 500});
        await scope.commit({records: [{key: 'lease', value: '1', token: 'a'}]});
        for (let round = 0; round < 10; round++) {
            proxy.cut(200 + round * 100);
            const commit = scope.commit({records: [{key: 'lease', value: '2', token: 'a', expected: 'a'}], writes: [set('a', 1)]}).catch(codeOf);
            proxy.silence();
            await direct.commit({records: [{key: 'lease', value: '3', token: 'a', expected: 'a'}]});
            proxy.speak();
            await commit;
        }
    }, 30_000);
});

describeWith(found, 'Two processes on one PostgresStore', () => {
    beforeAll(async () => {
        server = await startServer(postgres);
    });
    afterAll(() => server.stop());

    it('create and drop the same tables at the same time, and commit to the same rows in any order', async () => {
        const schema = `two_${randomBytes(6).toString('hex')}`;
        const pool = new pg.Pool({connectionString: server.url});
        const stores = [new PostgresStore({connectionString: server.url, schema}), new PostgresStore({pool, schema})];
        await Promise.all(stores.map(store => store.connect()));
        const scopes = stores.map(store => store.scope({namespace: 'shared@1', tables}));
        for (let round = 0; round < 5; round++) {
            await Promise.all(scopes.flatMap(scope => [scope.createTables(), scope.createTables()]));
            const writes = Array.from({length: 100}, (_, i) => set(String(i), round));
            await Promise.all(Array.from({length: 20}, (_, i) => (scopes[i % 2] as typeof scopes[0])?.commit({writes: i % 4 < 2 ? writes : [...writes].reverse()})));
            expect(await scopes[0]?.tables.rows.count({n: round})).toBe(100);
            await Promise.all(scopes.map(scope => scope.dropTables()));
        }
        await Promise.all(stores.map(store => store.close()));
        // The pool is the user's, and stays open.
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{one: 1}]);
        await pool.end();
    });
});
