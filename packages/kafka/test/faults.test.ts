import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {MessageBatch, TopicMessage} from 'woltage';
import {runChild} from '../../../test/processes/run-child.ts';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import {PartitionLog} from '../../../test/servers/kafka/partition-log.ts';
import {KafkaBroker, KafkaEventSource} from '../src/index.ts';
import {brokerFor, busOf, until} from './support/kafka.ts';
import type {Taken} from './support/consumer-child.ts';

/** `WOLTAGE_OUTAGE_MS=60000` makes the broker go away for a minute. */
const OUTAGE_MS = Number(process.env['WOLTAGE_OUTAGE_MS'] ?? 20_000);

let server: KafkaServer;
let folder: string;
const brokers: KafkaBroker[] = [];

const connected = async (options: Parameters<typeof brokerFor>[1] = {}): Promise<KafkaBroker> => {
    const broker = brokerFor(server, options);
    brokers.push(broker);
    await broker.connect();
    return broker;
};

const numbered = (topic: string, from: number, to: number): TopicMessage[] => Array.from({length: to - from}, (_, n) => ({topic, key: `k${(from + n) % 10}`, value: String(from + n)}));
const values = (topic: string): number[] => server.messages(topic).map(({value}) => Number(value));
const increasing = (numbers: readonly number[]): boolean => numbers.every((n, index) => index === 0 || n > (numbers[index - 1] as number));

/** Consumes into a list, with its offsets kept in memory. */
class Consumer {
    readonly values: string[] = [];
    readonly outages: (Error | undefined)[] = [];
    readonly offsets = new Map<number, bigint>();
    readonly #ending = new AbortController();
    readonly done: Promise<void>;

    constructor(broker: KafkaBroker, topic: string, before: (batch: MessageBatch) => void = () => undefined) {
        this.done = broker.consume({
            topics: [topic], group: 'faults', from: 'start', signal: this.#ending.signal, onOutage: error => void this.outages.push(error),
            resume: async places => places.map(({partition}) => this.offsets.get(partition)),
            handle: async batch => {
                before(batch);
                this.values.push(...batch.messages.map(({value}) => String(value && Buffer.from(value))));
                this.offsets.set(batch.partition, batch.nextOffset);
            }
        });
        this.done.catch(() => undefined);
    }

    async stop(): Promise<void> {
        this.#ending.abort();
        await this.done;
    }
}

beforeEach(async () => {
    server = await KafkaServer.start({partitions: 3});
    folder = await mkdtemp(join(tmpdir(), 'woltage-kafka-'));
});
afterEach(async () => {
    await Promise.all(brokers.splice(0).map(broker => broker.close()));
    await server.close();
    await rm(folder, {recursive: true});
});

describe('A broker that goes away', () => {
    it(`for ${OUTAGE_MS} ms: what is being published gets there, once and in order; consumers go on, and say so once each way`, async () => {
        const broker = await connected({timeoutMs: OUTAGE_MS + 30_000});
        const consumer = new Consumer(broker, 'orders');
        await broker.publish(numbered('orders', 0, 100));
        await until(() => consumer.values.length >= 100);
        await server.stop();
        const waiting = Promise.all(Array.from({length: 20}, (_, n) => broker.publish(numbered('orders', 100 + n * 10, 110 + n * 10))));
        await new Promise(resolve => setTimeout(resolve, OUTAGE_MS));
        await server.start();
        await waiting;
        await until(() => consumer.values.length >= 300, 30_000);
        await consumer.stop();
        expect(consumer.values.map(Number).sort((a, b) => a - b)).toEqual(Array.from({length: 300}, (_, n) => n));
        for (let k = 0; k < 10; k++)
            expect(increasing(consumer.values.map(Number).filter(n => n % 10 === k))).toBe(true);
        expect(consumer.outages.map(error => error !== undefined)).toEqual([true, false]);
    }, OUTAGE_MS + 90_000);

    it('publishing fails after its time, as unavailable, and works again afterwards', async () => {
        const broker = await connected({timeoutMs: 800});
        await broker.publish(numbered('orders', 0, 10));
        await server.stop();
        const began = performance.now();
        await expect(broker.publish(numbered('orders', 10, 20))).rejects.toMatchObject({code: 'BROKER_UNAVAILABLE', status: 503});
        expect(performance.now() - began).toBeLessThan(3000);
        await server.start();
        await broker.publish(numbered('orders', 20, 30));
        expect(values('orders').filter(n => n >= 20).length).toBe(10);
    });

    it('closing meanwhile takes seconds, and what isn\'t published fails as closed', async () => {
        const broker = await connected({timeoutMs: 60_000});
        await broker.publish(numbered('orders', 0, 10));
        await server.stop();
        const failures = [broker.publish(numbered('orders', 10, 20)), broker.publish(numbered('others', 0, 1))].map(async publishing => publishing.then(() => undefined, (error: unknown) => error));
        const began = performance.now();
        await broker.close();
        expect(performance.now() - began).toBeLessThan(5000);
        expect(await Promise.all(failures)).toEqual([expect.objectContaining({code: 'CLOSED'}), expect.objectContaining({code: 'CLOSED'})]);
    }, 20_000);

    it('many calls that wait together are no leak, and nothing warns of one', async () => {
        const warnings: string[] = [];
        const warn = ({message}: Error): void => void warnings.push(message);
        process.on('warning', warn);
        const broker = await connected();
        server.fail('metadata', ...Array.from({length: 3}, () => ({kind: 'delay', ms: 300} as const)));
        await Promise.all(Array.from({length: 20}, (_, n) => broker.publish([{topic: `topic-${n}`, value: 'waits'}])));
        process.off('warning', warn);
        expect(warnings).toEqual([]);
    });

    it('a call\'s time is its own: one that comes later, in the same batch, has all of it', async () => {
        const broker = await connected({timeoutMs: 2000});
        await broker.publish([{topic: 'orders', partition: 0, value: '0'}]);
        await server.stop();
        const began = performance.now();
        const publish = (value: string): Promise<number> =>
            broker.publish([{topic: 'orders', partition: 0, value}]).then(() => 0, () => performance.now() - began);
        const calls = [publish('1')];
        await new Promise(resolve => setTimeout(resolve, 100));
        calls.push(publish('2'));
        await new Promise(resolve => setTimeout(resolve, 900));
        // While the first is still tried: the other two make a batch.
        calls.push(publish('3'));
        const [, second = 0, third = 0] = await Promise.all(calls);
        expect(third - second).toBeGreaterThan(300);
        await server.start();
        await broker.publish([{topic: 'orders', partition: 0, value: '4'}]);
        expect(values('orders')).toEqual([0, 4]);
    }, 20_000);

    it('a broker that has stopped answering is given up, and asked again', async () => {
        const broker = await connected({requestTimeoutMs: 500, timeoutMs: 20_000});
        await broker.publish(numbered('orders', 0, 10));
        server.fail('produce', {kind: 'delay', ms: 2000}, {kind: 'delay', ms: 2000});
        await broker.publish(numbered('orders', 10, 20));
        expect(values('orders').sort((a, b) => a - b)).toEqual(Array.from({length: 20}, (_, n) => n));
    }, 30_000);
});

describe('A broker that never answers', () => {
    it('is asked once for all who want to connect, and not any more when that is broken off', async () => {
        const silent = createServer(socket => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
        await once(silent, 'listening');
        const broker = new KafkaBroker({brokers: [`127.0.0.1:${(silent.address() as AddressInfo).port}`], clientId: 'test', requestTimeoutMs: 1000});
        const began = performance.now();
        const attempts = await Promise.all(Array.from({length: 10}, () => broker.connect().catch((error: unknown) => error)));
        expect(attempts).toEqual(Array.from({length: 10}, () => expect.objectContaining({code: 'BROKER_UNAVAILABLE'}) as unknown));
        expect(performance.now() - began).toBeLessThan(5000);
        const patient = new KafkaBroker({brokers: [`127.0.0.1:${(silent.address() as AddressInfo).port}`], clientId: 'test', requestTimeoutMs: 60_000});
        const attempt = patient.connect().catch((error: unknown) => error);
        await new Promise(resolve => setTimeout(resolve, 200));
        const closing = performance.now();
        await patient.close();
        expect(await attempt).toMatchObject({code: 'CLOSED'});
        expect(performance.now() - closing).toBeLessThan(3000);
        silent.close();
    }, 30_000);
});

describe('Connections that end while messages are under way', () => {
    it.each(['lose answer', 'lose request'] as const)('neither lose nor double a message: %s', async kind => {
        const broker = await connected({timeoutMs: 30_000});
        for (let round = 0; round < 10; round++) {
            server.fail('produce', {kind}, {kind});
            await Promise.all(Array.from({length: 5}, (_, n) => broker.publish(numbered('orders', round * 50 + n * 10, round * 50 + n * 10 + 10))));
        }
        expect(values('orders').sort((a, b) => a - b)).toEqual(Array.from({length: 500}, (_, n) => n));
        for (const partition of [0, 1, 2]) {
            const own = server.messages('orders', partition);
            for (let k = 0; k < 10; k++)
                expect(increasing(own.filter(({key}) => String(key) === `k${k}`).map(({value}) => Number(value)))).toBe(true);
        }
    }, 60_000);

    it('without idempotence, the same double messages: that is what it is for', async () => {
        const broker = await connected({idempotent: false, timeoutMs: 30_000});
        server.fail('produce', {kind: 'lose answer'});
        await broker.publish([{topic: 'orders', partition: 0, value: '1'}]);
        expect(values('orders')).toEqual([1, 1]);
    });

    it('leaders that have moved, and what else passes, are waited for', async () => {
        const broker = await connected({timeoutMs: 30_000});
        const consumer = new Consumer(broker, 'orders');
        await broker.publish(numbered('orders', 0, 10));
        for (const code of [6, 3, 7, 19, 5])
            server.fail('produce', {kind: 'answer', code});
        for (const code of [6, 74, 3])
            server.fail('fetch', {kind: 'answer', code});
        server.fail('heartbeat', {kind: 'answer', code: 27}, {kind: 'answer', code: 25}, {kind: 'answer', code: 16});
        await broker.publish(numbered('orders', 10, 200));
        await until(() => consumer.values.length >= 200);
        await consumer.stop();
        expect(values('orders').length).toBe(200);
        expect(new Set(consumer.values).size).toBe(200);
    }, 60_000);

    it('a place in the sequence that the broker has lost is replaced by another producer', async () => {
        const broker = await connected({timeoutMs: 30_000});
        await broker.publish([{topic: 'orders', partition: 0, value: '1'}]);
        server.fail('produce', {kind: 'answer', code: 45});
        await broker.publish([{topic: 'orders', partition: 0, value: '2'}]);
        await broker.publish([{topic: 'orders', partition: 0, value: '3'}]);
        expect(values('orders')).toEqual([1, 2, 3]);
        expect(new Set(server.messages('orders').map(({producerId}) => producerId)).size).toBe(2);
    });

    it('what was there already isn\'t sent again, and what comes next isn\'t taken for it', async () => {
        const broker = await connected({timeoutMs: 30_000});
        await broker.publish([{topic: 'orders', partition: 0, value: '1'}]);
        server.fail('produce', {kind: 'answer', code: 46});
        await broker.publish([{topic: 'orders', partition: 0, value: 'there already'}]);
        await broker.publish([{topic: 'orders', partition: 0, value: '2'}]);
        expect(values('orders')).toEqual([1, 2]);
        expect(new Set(server.messages('orders').map(({producerId}) => producerId)).size).toBe(2);
    });

    it('a partition that has just come gets what is for it', async () => {
        const broker = await connected({timeoutMs: 30_000});
        server.createTopic('grows', 1);
        await broker.publish([{topic: 'grows', partition: 0, value: '0'}]);
        server.state.topics.get('grows')?.push(new PartitionLog());
        expect(await broker.partitions('grows')).toBe(2);
        await broker.publish([0, 1].map(partition => ({topic: 'grows', partition, value: String(10 + partition)})));
        expect([0, 1].map(partition => server.messages('grows', partition).map(({value}) => String(value)))).toEqual([['0', '10'], ['11']]);
    });

    it('what was given up may be there or not; what comes next isn\'t taken for it', async () => {
        const broker = await connected({timeoutMs: 300});
        await broker.publish([{topic: 'orders', partition: 0, value: '1'}]);
        server.fail('produce', ...Array.from({length: 40}, () => ({kind: 'lose answer'}) as const));
        await expect(broker.publish([{topic: 'orders', partition: 0, value: '2'}])).rejects.toMatchObject({code: 'BROKER_UNAVAILABLE'});
        server.forgive();
        await broker.publish([{topic: 'orders', partition: 0, value: '3'}]);
        expect(values('orders')).toEqual([1, 2, 3]);
    });
});

describe('Messages that are gone, or can\'t be read', () => {
    it('retention that was faster is told, and reading goes on with what is left', async () => {
        const broker = await connected();
        await broker.publish(Array.from({length: 30}, (_, n) => ({topic: 'orders', partition: 0, value: String(n)})));
        server.state.partition('orders', 0)?.deleteBefore(20n);
        const consumer = new Consumer(broker, 'orders');
        consumer.offsets.set(0, 5n);
        await until(() => consumer.values.length >= 10);
        await consumer.stop();
        expect(consumer.values).toEqual(Array.from({length: 10}, (_, n) => String(20 + n)));
        expect(consumer.outages[0]).toMatchObject({code: 'MESSAGES_LOST', message: expect.stringContaining('5 to 19') as string});
        expect(consumer.outages.at(-1)).toBe(undefined);
    });

    it('a topic that was made anew begins again', async () => {
        const broker = await connected();
        await broker.publish([{topic: 'orders', partition: 0, value: 'new'}]);
        const consumer = new Consumer(broker, 'orders');
        consumer.offsets.set(0, 500n);
        await until(() => consumer.values.length >= 1);
        await consumer.stop();
        expect(consumer.outages[0]).toMatchObject({code: 'MESSAGES_LOST', message: expect.stringContaining('made anew') as string});
    });

    it.each([['packed as nobody knows', 7], ['no gzip', 1], ['no snappy', 2], ['no LZ4', 3]])('a batch that can\'t be unpacked (%s) holds up its partition, says so, and no other', async (_what, compression) => {
        const broker = await connected();
        await broker.publish([0, 1].map(partition => ({topic: 'orders', partition, value: `first ${partition}`})));
        server.state.partition('orders', 0)?.appendPoison(compression);
        await broker.publish([0, 1].map(partition => ({topic: 'orders', partition, value: `second ${partition}`})));
        const consumer = new Consumer(broker, 'orders');
        await until(() => consumer.values.includes('second 1') && consumer.outages.length > 0);
        expect(consumer.outages[0]).toMatchObject({code: 'MESSAGE_UNREADABLE', details: {topic: 'orders', partition: 0}});
        expect(consumer.values).not.toContain('second 0');
        await consumer.stop();
    });

    it('what can\'t be unpacked is told once, and is over when it can be, whatever else is read meanwhile', async () => {
        const errors: unknown[] = [];
        const ignore = (): void => undefined;
        const broker = await connected({logger: {debug: ignore, info: ignore, warn: ignore, error: details => void errors.push(details)}});
        await broker.publish([0, 1].map(partition => ({topic: 'orders', partition, value: `first ${partition}`})));
        const log = server.state.partition('orders', 0) as PartitionLog;
        const end = log.nextOffset;
        log.appendPoison();
        const consumer = new Consumer(broker, 'orders');
        await until(() => consumer.outages.length > 0);
        // Longer than it is left alone.
        for (const until = performance.now() + 6500; performance.now() < until;) {
            await broker.publish([{topic: 'orders', partition: 1, value: 'other'}]);
            await new Promise(resolve => setTimeout(resolve, 50));
        }
        expect(consumer.values).toContain('other');
        expect(consumer.outages).toHaveLength(1);
        expect(errors).toHaveLength(1);
        log.deleteBefore(end + 1n);
        await broker.publish([{topic: 'orders', partition: 0, value: 'second 0'}]);
        await until(() => consumer.values.includes('second 0') && consumer.outages.at(-1) === undefined);
        await consumer.stop();
    }, 30_000);
});

describe('Messages of transactions that were aborted', () => {
    const x = 'x'.repeat(400_000);
    const cases: Readonly<Record<string, (log: PartitionLog) => void>> = {
        'several of one producer': log => {
            for (const value of ['no', 'neither']) {
                log.appendInTransaction(7n, [value]);
                log.endTransaction(7n, 'abort');
            }
        },
        'among those of others': log => {
            log.appendInTransaction(7n, ['no']);
            log.appendInTransaction(8n, ['first']);
            log.endTransaction(7n, 'abort');
            log.endTransaction(8n, 'commit');
        },
        'more than come at a time': log => {
            for (let n = 0; n < 5; n++)
                log.appendInTransaction(7n, [`no ${x}`]);
            log.endTransaction(7n, 'abort');
        },
        'beside one that has none here': log => {
            log.appendInTransaction(7n, ['no']);
            log.endTransaction(9n, 'abort');
            log.endTransaction(7n, 'abort');
        }
    };

    it.each(Object.entries(cases))('are left out: %s', async (_what, fill) => {
        server.createTopic('orders', 1);
        const log = server.state.partition('orders', 0) as PartitionLog;
        fill(log);
        log.appendInTransaction(7n, ['first', 'last']);
        log.endTransaction(7n, 'commit');
        const consumer = new Consumer(await connected(), 'orders');
        await until(() => consumer.values.includes('last'));
        await consumer.stop();
        expect([...new Set(consumer.values)]).toEqual(['first', 'last']);
        expect(consumer.outages).toEqual([]);
        expect(consumer.offsets.get(0)).toBe(log.nextOffset);
    });
});

it('a rebalance waits for what is being handled', async () => {
    const [first, second] = [await connected({sessionTimeoutMs: 6000}), await connected({sessionTimeoutMs: 6000})];
    await first.publish(Array.from({length: 3}, (_, partition) => ({topic: 'orders', partition, value: String(partition)})));
    const told: string[] = [];
    const taken = new Map<number, bigint>();
    const ending = new AbortController();
    const consume = (broker: KafkaBroker, name: string, ms: number): Promise<void> => broker.consume({
        topics: ['orders'], group: 'handed', from: 'start', signal: ending.signal, resume: async places => places.map(({partition}) => taken.get(partition)),
        handle: async ({partition, messages, nextOffset}) => {
            told.push(`${name} begins ${partition}`);
            if (messages.length > 0)
                await new Promise(resolve => setTimeout(resolve, ms));
            taken.set(partition, nextOffset);
            told.push(`${name} ends ${partition}`);
        }
    });
    const consuming = [consume(first, 'first', 2500)];
    await until(() => told.filter(text => text.startsWith('first begins')).length === 6);
    consuming.push(consume(second, 'second', 0));
    await until(() => told.some(text => text.startsWith('second')));
    const before = told.slice(0, told.findIndex(text => text.startsWith('second')));
    expect(before.filter(text => text.startsWith('first ends')).length).toBe(6);
    ending.abort();
    await Promise.all(consuming);
}, 30_000);

describe('A member that was killed', () => {
    /** One that has joined, and is never heard of again. */
    const leaveDeadMember = async (sessionTimeoutMs: number): Promise<void> => {
        const group = server.state.group('test.faults');
        const request = {sessionTimeoutMs, rebalanceTimeoutMs: 60_000, protocols: [{name: 'roundrobin', metadata: Buffer.alloc(0)}]};
        const {memberId} = await group.join({...request, memberId: ''}, 'dead');
        await group.join({...request, memberId}, 'dead');
    };

    it('keeps others waiting until it counts as dead, and not longer: their joining isn\'t cut', async () => {
        const broker = await connected({requestTimeoutMs: 500, sessionTimeoutMs: 2000});
        await broker.publish(numbered('orders', 0, 3));
        await leaveDeadMember(2000);
        const began = performance.now();
        const consumer = new Consumer(broker, 'orders');
        await until(() => consumer.values.length >= 3);
        expect(performance.now() - began).toBeLessThan(3500);
        expect(consumer.outages).toEqual([]);
        expect(server.state.group('test.faults').size).toBe(1);
        await consumer.stop();
    }, 20_000);

    it('keeps nobody from closing, and who was joining has left', async () => {
        const broker = await connected({sessionTimeoutMs: 10_000});
        await broker.publish(numbered('orders', 0, 3));
        await leaveDeadMember(60_000);
        const consumer = new Consumer(broker, 'orders');
        await until(() => server.state.group('test.faults').size === 2);
        const began = performance.now();
        await broker.close();
        await consumer.done;
        expect(performance.now() - began).toBeLessThan(1500);
        expect(server.state.group('test.faults').size).toBe(1);
    }, 20_000);
});

describe('Processes that are killed', () => {
    it('consumers of a group: every message is taken over once, in order', async () => {
        const broker = await connected();
        const file = join(folder, 'taken');
        const start = () => runChild<{connected?: boolean; taken?: number}>(new URL('./support/consumer-child.ts', import.meta.url), server.address, 'orders', 'killed', file);
        const taken = (): Taken[] => existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Taken) : [];
        let sent = 0;
        let children = [start(), start()];
        await Promise.all(children.map(child => child.told(1)));
        for (let round = 0; round < 4; round++) {
            for (let n = 0; n < 20; n++, sent += 10)
                await broker.publish(numbered('orders', sent, sent + 10));
            const [victim, other] = children as [ReturnType<typeof start>, ReturnType<typeof start>];
            await until(() => taken().flatMap(batch => batch.values).length > sent - 150, 30_000);
            victim.process.kill('SIGKILL');
            await victim.ended;
            children = [other, start()];
        }
        await until(() => taken().flatMap(batch => batch.values).length >= sent, 30_000);
        for (const child of children) {
            child.process.kill('SIGKILL');
            await child.ended;
        }
        const all = taken().flatMap(batch => batch.values.map(Number));
        expect([...all].sort((a, b) => a - b)).toEqual(Array.from({length: sent}, (_, n) => n));
        for (let k = 0; k < 10; k++)
            expect(increasing(all.filter(n => n % 10 === k))).toBe(true);
    }, 120_000);

    it('a producer: what it was told to be published is there, once; at most what was under way is there beside it', async () => {
        let from = 0;
        for (let round = 0; round < 3; round++) {
            const child = runChild<{published: number}>(new URL('./support/producer-child.ts', import.meta.url), server.address, 'orders', String(from));
            await child.told(100 + round * 37);
            child.process.kill('SIGKILL');
            await child.ended;
            from = (child.lines.at(-1)?.published ?? -1) + 1000;
            const published = child.lines.map(line => line.published);
            const there = values('orders').filter(n => n >= (published[0] ?? 0));
            expect([...new Set(there)].sort((a, b) => a - b).slice(0, published.length)).toEqual(published);
            expect(there.length).toBe(new Set(there).size);
            expect(there.length).toBeLessThanOrEqual(published.length + 1);
        }
    }, 60_000);

    it('services that publish their log: readers get all of it, once, in order', async () => {
        const path = join(folder, 'events.db');
        const start = (name: string) => runChild<{position: string}>(new URL('./support/shop-child.ts', import.meta.url), server.address, path, name);
        const source = new KafkaEventSource({...busOf(server), groupPrefix: 'reports', from: 'start'});
        await source.connect();
        const ending = new AbortController();
        const positions: bigint[] = [];
        const reading = (async () => {
            for await (const {events} of source.subscribe({signal: ending.signal}))
                positions.push(...events.map(({position}) => position));
        })();
        let last = 0n;
        let survivor = start('survivor');
        await survivor.told(20);
        for (let round = 0; round < 3; round++) {
            const next = start(`shop${round}`);
            await next.told(100);
            await survivor.told(survivor.lines.length + 50);
            survivor.process.kill('SIGKILL');
            await survivor.ended;
            survivor = next;
        }
        survivor.process.kill('SIGKILL');
        await survivor.ended;
        // Nobody publishes now: what is left waits in the log for the next one.
        const log = new SQLiteEventStore({path});
        await log.connect();
        last = await log.getLatestPosition() ?? 0n;
        const expected: bigint[] = [];
        for await (const batch of log.subscribe()) {
            expected.push(...batch.events.map(({position}) => position));
            if (batch.caughtUp)
                break;
        }
        await log.close();
        const again = start('again');
        await until(() => (positions.at(-1) ?? 0n) >= last, 30_000);
        again.process.kill('SIGKILL');
        await again.ended;
        ending.abort();
        await reading;
        await source.close();
        expect(positions.slice(0, expected.length)).toEqual(expected);
        expect(expected.length).toBeGreaterThan(300);
    }, 120_000);
});

it('many partitions make Node warn of no leaks', async () => {
    server.createTopic('wide', 15);
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const broker = await connected();
    const consumer = new Consumer(broker, 'wide');
    await Promise.all(Array.from({length: 15}, (_, partition) => broker.publish([{topic: 'wide', partition, value: String(partition)}])));
    await until(() => consumer.values.length >= 15);
    await consumer.stop();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
});

it('closing leaves nothing open', async () => {
    const broker = await connected();
    const consumer = new Consumer(broker, 'orders');
    await broker.publish(numbered('orders', 0, 10));
    await until(() => consumer.values.length >= 10);
    await broker.close();
    await consumer.done;
    await until(() => server.connections === 0);
    expect(server.state.group('test.faults').size).toBe(0);
    expect(server.state.group('test.faults').offsets.size).toBeGreaterThan(0);
});
