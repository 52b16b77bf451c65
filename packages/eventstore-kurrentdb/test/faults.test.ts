import {once} from 'node:events';
import {createServer, type AddressInfo} from 'node:net';
import {inspect} from 'node:util';
import {ServerCredentials} from '@grpc/grpc-js';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {STATE_NEW, type SubscriptionBatch} from 'woltage';
import {KurrentDBEventStore} from '../src/index.ts';
import {KurrentDBServer} from './server/kurrentdb-server.ts';
import {createCertificate} from './support/certificate.ts';
import {eventData, eventsOf, follow, readAll} from './support/events.ts';

/** Of the in-process server alone, which does on command what a real one does by chance. */
describe('A KurrentDBEventStore on a server with faults', () => {
    let server: KurrentDBServer;
    let store: KurrentDBEventStore;
    beforeEach(async () => {
        server = await KurrentDBServer.start();
        store = new KurrentDBEventStore({connectionString: server.url, timeoutMs: 8000});
        await store.connect();
    });
    afterEach(async () => {
        server.onAppend = undefined;
        server.onRead = undefined;
        await store.close();
        await server.stop();
    });

    it.each([[STATE_NEW, 0n], [4n, 5n], [undefined, 5n]] as const)('makes an append once whose answer is lost (expecting %s)', async (revision, result) => {
        if (revision !== STATE_NEW)
            await store.append('order', '1', eventsOf(5), STATE_NEW);
        let losses = 2;
        server.onAppend = async carryOut => {
            if (losses-- > 0) {
                carryOut();
                await server.kill();
                await server.start();
            }
        };
        const event = eventData();
        expect((await store.append('order', '1', [event], revision)).revision).toBe(result);
        expect((await readAll(store, 'order', '1')).filter(({id}) => id === event.id)).toHaveLength(1);
    });

    it('makes an append whose request is lost', async () => {
        let losses = 1;
        server.onAppend = async () => {
            if (losses-- > 0) {
                await server.kill();
                await server.start();
                await new Promise(() => undefined);
            }
        };
        expect((await store.append('order', '1', eventsOf(1), STATE_NEW)).revision).toBe(0n);
    });

    it('takes it for a conflict when another one\'s event stands where its own was to be', async () => {
        await store.append('order', '1', eventsOf(1), STATE_NEW);
        server.onAppend = async () => {
            server.onAppend = undefined;
            server.log.append([{stream: 'order-1', expected: 0n, events: [{id: crypto.randomUUID(), type: 'a', contentType: 'application/json', data: Buffer.from('{}'), metadata: Buffer.alloc(0)}]}]);
        };
        await expect(store.append('order', '1', eventsOf(1), 0n)).rejects.toMatchObject({code: 'REVISION_CONFLICT', details: {current: '1', expected: '0'}});
        server.onAppend = async () => {
            server.onAppend = undefined;
            server.log.append([{stream: 'order-1', expected: 'any', events: [{id: crypto.randomUUID(), type: 'a', contentType: 'application/json', data: Buffer.from('{}'), metadata: Buffer.alloc(0)}]}]);
        };
        expect((await store.append('order', '1', eventsOf(1))).revision).toBe(3n);
    });

    it('fails in time when the server gives no answer', async () => {
        const impatient = new KurrentDBEventStore({connectionString: server.url, timeoutMs: 1000});
        await impatient.connect();
        await impatient.append('order', '1', eventsOf(1));
        let answer = (): void => undefined;
        const silence = new Promise<void>(resolve => answer = resolve);
        server.onAppend = server.onRead = () => silence;
        for (const call of [() => impatient.append('order', '1', eventsOf(1)), () => impatient.append('order', '2', eventsOf(1), STATE_NEW), () => readAll(impatient, 'order', '1')]) {
            const start = performance.now();
            await expect(call()).rejects.toMatchObject({code: 'KURRENTDB_UNAVAILABLE', message: expect.stringContaining('1000 ms') as string});
            expect(performance.now() - start).toBeLessThan(4000);
        }
        answer();
        await impatient.close();
    });

    it('fails in time where something listens that doesn\'t speak, or nothing does, or the host is unknown', async () => {
        const mute = createServer().listen(0, '127.0.0.1');
        await once(mute, 'listening');
        for (const host of [`127.0.0.1:${(mute.address() as AddressInfo).port}`, '127.0.0.1:1', 'nowhere.invalid:2113']) {
            for (const scheme of ['kurrentdb', 'kurrentdb+discover']) {
                const start = performance.now();
                const error = await new KurrentDBEventStore({connectionString: `${scheme}://user:s3cret@${host}?tls=false`, timeoutMs: 1000}).connect().catch((reason: unknown) => reason);
                expect(error).toMatchObject({code: 'KURRENTDB_UNAVAILABLE', message: expect.stringContaining(`${scheme}://${host}`) as string});
                expect(inspect(error, {depth: 10})).not.toContain('s3cret');
                expect(performance.now() - start).toBeLessThan(4000);
            }
        }
        mute.close();
    }, 30_000);

    it('goes on with a long replay where its connection was lost', async () => {
        const data = Buffer.from(JSON.stringify('x'.repeat(700)));
        const events = Array.from({length: 40_000}, () => ({id: crypto.randomUUID(), type: 'a', contentType: 'application/json', data, metadata: Buffer.alloc(0)}));
        server.log.append([{stream: 'order-1', expected: 'any', events}]);
        const revisions: bigint[] = [];
        let drops = 0;
        for await (const {events: batch, caughtUp} of store.subscribe()) {
            revisions.push(...batch.map(({revision}) => revision));
            if (revisions.length > 5000 * (drops + 1) && drops < 3) {
                drops++;
                await server.kill();
                await server.start();
            }
            if (caughtUp)
                break;
        }
        expect(drops).toBe(3);
        expect(revisions).toEqual(events.map((_, i) => BigInt(i)));
    }, 60_000);

    it('tells the progress of a long way that holds nothing for it', async () => {
        const event = (type: string) => ({id: crypto.randomUUID(), type, contentType: 'application/json', data: Buffer.from('{}'), metadata: Buffer.alloc(0)});
        server.log.append([{stream: 'order-1', expected: 'any', events: [...Array.from({length: 150}, () => event('rare')), ...Array.from({length: 300_000}, () => event('common')), event('rare')]}]);
        for (const [accepts, count] of [[undefined, 151], [() => false, 0]] as const) {
            const batches: SubscriptionBatch[] = [];
            for await (const batch of store.subscribe({filter: {types: ['rare'], accepts}})) {
                batches.push(batch);
                if (batch.caughtUp)
                    break;
            }
            expect(batches.reduce((sum, {events}) => sum + events.length, 0)).toBe(count);
            expect(batches.at(-1)?.position).toBe(await store.getLatestPosition());
            expect(batches.filter(({events}) => events.length === 0).length).toBeGreaterThan(0);
            for (const [i, {position}] of batches.entries())
                expect(i === 0 || (position ?? -1n) >= (batches[i - 1]?.position ?? -1n)).toBe(true);
            // Any of them is a place to go on from.
            const middle = batches.find(({events}) => events.length === 0);
            expect((await follow(store, {after: middle?.position, filter: {types: ['rare']}})).records.length).toBeLessThan(3);
        }
    }, 60_000);
});

describe('A KurrentDBEventStore over TLS', () => {
    it('gets in with the right certificate and credentials, and says which are wrong without showing them', async () => {
        const certificate = createCertificate();
        const credentials = ServerCredentials.createSsl(null, [{cert_chain: certificate.cert, private_key: certificate.key}]);
        const server = await KurrentDBServer.start({credentials, user: 'me:s3cret%!'});
        const storeOf = (user: string, settings: string) =>
            new KurrentDBEventStore({connectionString: `kurrentdb://${user}localhost:${server.port}?${settings}`, timeoutMs: 1500});
        const tls = `tls=true&tlsCAFile=${encodeURIComponent(certificate.authorityFile)}`;
        try {
            const store = storeOf('me:s3cret%25%21@', tls);
            await store.connect();
            await store.append('order', '1', eventsOf(2), STATE_NEW);
            expect(await readAll(store, 'order', '1')).toHaveLength(2);
            expect((await follow(store, {})).records).toHaveLength(2);
            await store.close();
            for (const user of ['me:wr0ng@', 'y0u:wr0ng@', '']) {
                const error = await storeOf(user, tls).connect().catch((reason: unknown) => reason);
                expect(error).toMatchObject({code: 'KURRENTDB_CREDENTIALS', message: expect.stringContaining(`kurrentdb://localhost:${server.port}`) as string});
                expect(inspect(error, {depth: 10})).not.toMatch(/wr0ng/);
            }
            await expect(storeOf('me:s3cret%25%21@', 'tls=true').connect()).rejects.toMatchObject({code: 'KURRENTDB_UNAVAILABLE'});
            await expect(storeOf('', `tls=true&tlsCAFile=${encodeURIComponent('/not/there.pem')}`).connect()).rejects.toMatchObject({code: 'KURRENTDB_OPTIONS'});
        } finally {
            await server.stop();
            certificate.remove();
        }
    });
});

describe('An old KurrentDB', () => {
    it('gets no more at once than it takes', async () => {
        const server = await KurrentDBServer.start({version: '24.10.0'});
        const store = new KurrentDBEventStore(server.url);
        await store.connect();
        try {
            const large = (size: number) => eventData({payload: 'x'.repeat(size)});
            await store.append('order', '1', [large(1_040_000)]);
            await expect(store.append('order', '1', [large(1_060_000)])).rejects.toMatchObject({code: 'EVENT_TOO_LARGE'});
            await expect(store.append('order', '1', [large(600_000), large(600_000)])).rejects.toMatchObject({code: 'APPEND_TOO_LARGE'});
            // Four bytes each.
            await expect(store.append('order', '1', [eventData({payload: '😀'.repeat(270_000)})])).rejects.toMatchObject({code: 'EVENT_TOO_LARGE'});
            expect(await readAll(store, 'order', '1')).toHaveLength(1);
        } finally {
            await store.close();
            await server.stop();
        }
    });

    it('keeps up with a large append where it is newer', async () => {
        const server = await KurrentDBServer.start();
        const store = new KurrentDBEventStore(server.url);
        await store.connect();
        try {
            const events = Array.from({length: 12}, (_, n) => eventData({payload: [n, 'x'.repeat(1_000_000)] as never}));
            await Promise.all([store.append('order', '1', events), store.append('order', '2', eventsOf(1))]);
            expect((await readAll(store, 'order', '1')).map(({payload}) => (payload as unknown as [number])[0])).toEqual(events.map((_, i) => i));
            await expect(store.append('order', '1', [eventData({payload: 'x'.repeat(17_000_000)})])).rejects.toMatchObject({code: 'EVENT_TOO_LARGE'});
        } finally {
            await store.close();
            await server.stop();
        }
    });
});
