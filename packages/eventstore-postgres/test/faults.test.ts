import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import pg from 'pg';
import {afterAll, afterEach, beforeAll, expect, it, vi} from 'vitest';
import {STATE_NEW, type RecordedEvent} from 'woltage';
import {describeWith, findServer, startServer} from '../../../test/servers/find-server.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import type {TestServer} from '../../../test/servers/server.ts';
import {TcpProxy} from '../../../test/servers/tcp-proxy.ts';
import {PostgresEventStore, type PostgresEventStoreOptions} from '../src/index.ts';
import {eventData, eventsOf, follow, readAll} from './support/events.ts';

const OUTAGE_MS = Number(process.env['WOLTAGE_OUTAGE_MS'] ?? 1500);

const found = await findServer(postgres, 'PostgresEventStore and a server that fails');
let server: TestServer;
const cleanups: (() => unknown)[] = [];

const withPort = (port: number): string => {
    const url = new URL(server.url);
    url.port = String(port);
    return url.href;
};

async function open(options: PostgresEventStoreOptions, schema = `faults_${randomBytes(6).toString('hex')}`): Promise<PostgresEventStore> {
    const store = new PostgresEventStore({connectionString: server.url, schema, ...options});
    cleanups.push(() => store.close());
    await store.connect();
    return store;
}

async function proxied(options: PostgresEventStoreOptions = {}) {
    const proxy = await TcpProxy.start(server.port);
    cleanups.push(() => proxy.stop());
    const schema = `faults_${randomBytes(6).toString('hex')}`;
    return {proxy, schema, direct: await open({}, schema), store: await open({connectionString: withPort(proxy.port), ...options}, schema)};
}

const failure = (call: Promise<unknown>): Promise<Error & {readonly code: string}> =>
    call.then(() => expect.unreachable('It should have failed.'), (error: unknown) => error as never);

describeWith(found, 'A PostgresEventStore', () => {
    beforeAll(async () => {
        server = await startServer(postgres);
    });
    afterEach(async () => {
        for (const cleanup of cleanups.splice(0).reverse())
            await cleanup();
    });
    afterAll(() => server.stop());

    it('that finds no server gives up in time, and names the server without its password', async () => {
        const listener = createServer().listen(0, '127.0.0.1');
        await once(listener, 'listening');
        const {port} = listener.address() as AddressInfo;
        const sockets: {destroy(): void}[] = [];
        listener.on('connection', socket => sockets.push(socket));
        const expectGivenUp = async (host: string): Promise<void> => {
            const store = new PostgresEventStore({connectionString: `postgres://user:secret-word@${host}:${port}/app`, timeoutMs: 300});
            const start = performance.now();
            const error = await failure(store.connect());
            expect(error).toMatchObject({code: 'POSTGRES_UNAVAILABLE', message: expect.stringContaining(`postgres://${host}:${port}/app`) as string});
            expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toContain('secret-word');
            expect(performance.now() - start).toBeLessThan(3000);
            await store.close();
        };
        // One that accepts and says nothing, then one that is not there, then a name that isn't known.
        await expectGivenUp('127.0.0.1');
        sockets.forEach(socket => socket.destroy());
        listener.close();
        await once(listener, 'close');
        await expectGivenUp('127.0.0.1');
        await expectGivenUp('nowhere.invalid');
    });

    it('says at once what is wrong with its configuration, without the password', async () => {
        const wrong = new URL(server.url);
        wrong.password = 'secret-word';
        const nobody = new URL(server.url);
        nobody.username = 'nobody-known';
        nobody.password = 'secret-word';
        const none = new URL(server.url);
        none.password = '';
        const elsewhere = new URL(server.url);
        elsewhere.pathname = '/not-there';
        for (const [url, code] of [[wrong, 'POSTGRES_CREDENTIALS'], [nobody, 'POSTGRES_CREDENTIALS'], [none, 'POSTGRES_CREDENTIALS'], [elsewhere, 'POSTGRES_DATABASE']] as const) {
            const start = performance.now();
            const error = await failure(new PostgresEventStore(url.href).connect());
            expect(error).toMatchObject({code, message: expect.stringContaining(`127.0.0.1:${server.port}`) as string});
            expect(error.message).not.toContain('secret-word');
            expect(performance.now() - start).toBeLessThan(3000);
        }
    });

    it('refuses options that make no sense, and never shows a connection string', () => {
        for (const options of [
            undefined, null, 5, '', 'localhost', 'mysql://a:secret-word@b/c', {connectionString: 'postgres://a:secret-word%@b:x/c'}, {nope: 1}, {schema: ''}, {schema: 'pg_own'},
            {schema: 'x'.repeat(64)}, {timeoutMs: 0}, {timeoutMs: '5'}, {statementTimeoutMs: NaN}, {pollIntervalMs: -1}, {pool: {}}, {pool: new pg.Pool(), connectionString: 'postgres://a'},
            {logger: {}}, {poolOptions: 5}
        ]) {
            let thrown: unknown;
            try {
                thrown = new PostgresEventStore(options as never);
            } catch (error) {
                thrown = error;
            }
            expect(thrown, JSON.stringify(options)).toMatchObject({code: 'POSTGRES_OPTIONS'});
            expect((thrown as Error).message).not.toContain('secret-word');
        }
    });

    it('has made each append once, wherever its connection was cut', async () => {
        const {proxy, store, direct} = await proxied({timeoutMs: 5000});
        const sent: string[][] = [];
        for (let round = 0; round < 40; round++) {
            const groups = Array.from({length: 4}, () => eventsOf(3));
            if (round % 4 === 0)
                proxy.cutAnswer();
            else
                // An append of the four is about 4 kB; the later cuts come behind it.
                proxy.cut(Math.floor(Math.random() * 6000) + 1);
            const results = await Promise.all(groups.map((events, i) => store.append('order', String(i), events, round === 0 ? STATE_NEW : BigInt(round * 3 - 1))));
            expect(results.map(({revision}) => revision)).toEqual(groups.map(() => BigInt(round * 3 + 2)));
            sent.push(...groups.map(events => events.map(({id}) => id)));
            proxy.cut();
        }
        const records = await follow(direct, {}, (_, {caughtUp}) => caughtUp);
        expect(records.map(({position}) => Number(position))).toEqual(Array.from({length: 480}, (_, i) => i + 1));
        expect(records.map(({id}) => id).sort()).toEqual(sent.flat().sort());
    }, 60_000);

    it('delivers everything once to subscriptions whose connections are cut', async () => {
        const {proxy, store, direct} = await proxied();
        const following = follow(store, {batchSize: 7}, records => records.length >= 300);
        for (let n = 0; n < 300; n++) {
            await direct.append('order', String(n % 3), eventsOf(1));
            if (n % 20 === 0)
                proxy.cut();
        }
        expect((await following).map(({position}) => Number(position))).toEqual(Array.from({length: 300}, (_, i) => i + 1));
    });

    it('gives up connections without answers in time, and makes others', async () => {
        const {proxy, store} = await proxied({timeoutMs: 300, statementTimeoutMs: 300});
        await store.append('order', '1', eventsOf(1));
        proxy.silence();
        const start = performance.now();
        for (const call of [() => store.append('order', '1', eventsOf(1)), () => readAll(store, 'order', '1'), () => store.getLatestPosition()])
            expect(await failure(call())).toMatchObject({code: 'POSTGRES_UNAVAILABLE'});
        expect(performance.now() - start).toBeLessThan(8000);
        proxy.speak();
        await vi.waitFor(() => store.append('order', '2', eventsOf(1)), {timeout: 5000});
    });

    it('works on when the server comes back, and tells who waits too long: appends, reads, subscriptions', async () => {
        const warn = vi.fn();
        const info = vi.fn();
        const store = await open({timeoutMs: OUTAGE_MS + 20_000, logger: {debug: vi.fn(), info, warn, error: vi.fn()}});
        const hasty = await open({timeoutMs: 200});
        const records: RecordedEvent[] = [];
        const acknowledged: string[] = [];
        let isOver = false;
        const following = (async () => {
            for await (const {events, caughtUp} of store.subscribe({batchSize: 50})) {
                records.push(...events);
                if (caughtUp && records.at(-1)?.aggregateId === 'last')
                    break;
            }
        })();
        const appending = Promise.all(Array.from({length: 8}, async (_, worker) => {
            for (let n = 0; !isOver; n++) {
                const event = eventData();
                await store.append('order', String(worker), [event], n === 0 ? STATE_NEW : BigInt(n - 1));
                acknowledged.push(event.id);
            }
        }));
        for (let round = 0; round < 3; round++) {
            const before = acknowledged.length;
            await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 200), {timeout: 10_000});
            await server.kill();
            if (round === 0)
                expect(await failure(hasty.append('order', 'hasty', eventsOf(1)))).toMatchObject({code: 'POSTGRES_UNAVAILABLE'});
            await new Promise(resolve => setTimeout(resolve, OUTAGE_MS));
            await server.start();
        }
        const before = acknowledged.length;
        await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 200), {timeout: 10_000});
        isOver = true;
        await appending;
        await store.append('order', 'last', eventsOf(1));
        await following;
        const ids = records.map(({id}) => id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(acknowledged.filter(id => !ids.includes(id))).toEqual([]);
        expect(records.map(({position}) => Number(position))).toEqual(ids.map((_, i) => i + 1));
        expect(warn.mock.calls.flat()).toContainEqual(expect.stringContaining('was lost'));
        expect(info.mock.calls.flat()).toContainEqual(expect.stringContaining('is back'));
        await hasty.append('order', 'hasty', eventsOf(1));
    }, 60_000 + 3 * OUTAGE_MS);

    it('closes in time, also while there is no server', async () => {
        const {proxy, store} = await proxied({timeoutMs: 300, statementTimeoutMs: 300});
        await store.append('order', '1', eventsOf(1));
        proxy.silence();
        proxy.cut();
        const call = failure(store.append('order', '1', eventsOf(1)));
        const start = performance.now();
        await store.close();
        expect(performance.now() - start).toBeLessThan(5000);
        expect(await call).toMatchObject({code: 'POSTGRES_UNAVAILABLE'});
    });

    it('works for a user who may not create tables, once they have been made by the script; and says so before', async () => {
        const admin = new pg.Client(server.url);
        await admin.connect();
        await admin.query('CREATE ROLE modest LOGIN PASSWORD \'modest-word\'');
        const url = new URL(server.url);
        url.username = 'modest';
        url.password = 'modest-word';
        const store = new PostgresEventStore({connectionString: url.href, schema: 'by "hand"'});
        expect(await failure(store.connect())).toMatchObject({code: 'POSTGRES_CREDENTIALS'});
        await admin.query(PostgresEventStore.schemaScript('by "hand"'));
        await admin.query('GRANT USAGE ON SCHEMA "by ""hand""" TO modest; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA "by ""hand""" TO modest');
        await admin.end();
        await store.connect();
        expect(await store.append('order', '1', eventsOf(1))).toEqual({revision: 0n, position: 1n});
        await store.close();
    });

    it('refuses a database that a newer release has worked on, or that isn\'t in UTF-8', async () => {
        const schema = `newer_${randomBytes(6).toString('hex')}`;
        const store = await open({}, schema);
        await store.close();
        const admin = new pg.Client(server.url);
        await admin.connect();
        await admin.query(`UPDATE ${schema}.woltage_schema SET version = version + 1`);
        expect(await failure(store.connect())).toMatchObject({code: 'SCHEMA_TOO_NEW'});
        await admin.query('CREATE DATABASE latin TEMPLATE template0 ENCODING \'LATIN1\' LOCALE \'C\'');
        await admin.end();
        const url = new URL(server.url);
        url.pathname = '/latin';
        expect(await failure(new PostgresEventStore(url.href).connect())).toMatchObject({code: 'POSTGRES_DATABASE'});
    });

    it('is set up by several processes at once', async () => {
        const schema = `race_${randomBytes(6).toString('hex')}`;
        const stores = await Promise.all(Array.from({length: 8}, () => open({}, schema)));
        await Promise.all(stores.map(store => store.append('order', '1', eventsOf(1))));
        expect(await readAll(stores[0] as PostgresEventStore, 'order', '1')).toHaveLength(8);
    });
});
