import {randomUUID} from 'node:crypto';
import {eventStoreConformance} from '@woltage/testing';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {MemoryEventStore, MemoryEventStoreData, uuidV7, type EventData, type IEventStore, type RecordedEvent, type SubscriptionBatch} from 'woltage';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import {checkBus} from '../src/bus/bus-options.ts';
import {toMark} from '../src/bus/bus-message.ts';
import {BusPublisher} from '../src/bus/bus-publisher.ts';
import {PlatformaticDriver} from '../src/driver/platformatic-driver.ts';
import {ComposedEventStore, KafkaEventSource} from '../src/index.ts';
import {Publisher} from '../src/publish/publisher.ts';
import {busOf, until} from './support/kafka.ts';

eventStoreConformance({describe, it}, 'ComposedEventStore', async () => {
    const server = await KafkaServer.start({partitions: 3});
    const data = new MemoryEventStoreData();
    const create = (): IEventStore => new ComposedEventStore({log: {adapter: MemoryEventStore, args: [data]}, bus: busOf(server)});
    return {eventStore: create(), second: create, cleanup: () => server.close()};
});

const eventOf = (n: number, overrides: Partial<EventData> = {}): EventData => ({
    id: uuidV7(), type: n % 5 === 0 ? 'thing.added' : 'thing.changed', version: 1, timestamp: 1_700_000_000_000 + n, payload: {n, text: '世界'}, meta: n % 2 === 0 ? {} : {by: 'x'},
    correlationId: randomUUID(), causationId: n % 3 === 0 ? null : 'cause', tags: n % 2 === 0 ? [] : [`n:${n}`], ...overrides
});

/** Follows a source until it has as many events. */
class Reader {
    readonly events: RecordedEvent[] = [];
    readonly batches: SubscriptionBatch[] = [];
    readonly #ending = new AbortController();
    readonly done: Promise<void>;

    constructor(source: IEventStore, options: Parameters<IEventStore['subscribe']>[0] = {}) {
        this.done = (async () => {
            for await (const batch of source.subscribe({...options, signal: this.#ending.signal})) {
                this.batches.push(batch);
                this.events.push(...batch.events);
            }
        })();
        this.done.catch(() => undefined);
    }

    get positions(): bigint[] {
        return this.events.map(({position}) => position);
    }

    async stop(): Promise<void> {
        this.#ending.abort();
        await this.done;
    }
}

describe('A topic that doesn\'t exist yet', () => {
    let server: KafkaServer;
    beforeEach(async () => {
        server = await KafkaServer.start({autoCreate: false});
    });
    afterEach(() => server.close());

    it('is waited for, and keeps nobody from ending', async () => {
        const source = new KafkaEventSource({...busOf(server), from: 'start'});
        await source.connect();
        const reader = new Reader(source);
        await new Promise(resolve => setTimeout(resolve, 300));
        const began = performance.now();
        await reader.stop();
        expect(performance.now() - began).toBeLessThan(1000);
        await source.close();
    });

    it('belongs as a whole to who was connected before it was there, from now on', async () => {
        const source = new KafkaEventSource({...busOf(server), groupPrefix: 'reports', from: 'now'});
        await source.connect();
        server.createTopic(busOf(server).topic, 2);
        const store = new ComposedEventStore({log: new MemoryEventStore(), bus: busOf(server)});
        await store.connect();
        for (let n = 0; n < 3; n++)
            await store.append('thing', 't1', [eventOf(n)]);
        await until(async () => await source.getLatestPosition() === 2n);
        const reader = new Reader(source);
        await until(() => reader.events.length >= 3);
        expect(reader.positions).toEqual([0n, 1n, 2n]);
        await reader.stop();
        await Promise.all([source.close(), store.close()]);
        // It was noted: the same after a restart.
        const again = new KafkaEventSource({...busOf(server), groupPrefix: 'reports', from: 'now'});
        await again.connect();
        const rereader = new Reader(again);
        await until(() => rereader.events.length >= 3);
        await rereader.stop();
        await again.close();
    });
});

describe.each([1, 3])('The bus with %i partitions', partitions => {
    let server: KafkaServer;
    let data: MemoryEventStoreData;
    let store: ComposedEventStore;
    const opened: IEventStore[] = [];
    const open = async <S extends IEventStore>(one: S): Promise<S> => {
        opened.push(one);
        await one.connect();
        return one;
    };
    const source = (from: 'start' | 'now' = 'start', groupPrefix = 'reports'): Promise<KafkaEventSource> => open(new KafkaEventSource({...busOf(server), groupPrefix, from}));
    const append = async (from: number, count: number): Promise<void> => {
        for (let n = from; n < from + count; n++)
            await store.append('thing', `t${n % 7}`, [eventOf(n)]);
    };

    beforeEach(async () => {
        server = await KafkaServer.start({partitions});
        data = new MemoryEventStoreData();
        store = await open(new ComposedEventStore({log: new MemoryEventStore(data), bus: busOf(server)}));
    });
    afterEach(async () => {
        await Promise.all(opened.splice(0).map(one => one.close()));
        await server.close();
    });

    it('carries all events as they are, in the order of the log', async () => {
        await append(0, 200);
        const reader = new Reader(await source());
        await until(() => reader.events.length >= 200);
        await append(200, 100);
        await until(() => reader.events.length >= 300 && reader.batches.at(-1)?.caughtUp === true);
        const all: RecordedEvent[] = [];
        for await (const batch of store.subscribe()) {
            all.push(...batch.events);
            if (batch.caughtUp)
                break;
        }
        expect(reader.events).toEqual(all);
        expect(await (await source()).getLatestPosition()).toBe(299n);
        await reader.stop();
    });

    it('goes on after a position, wherever that is', async () => {
        await append(0, 150);
        const one = await source();
        const reader = new Reader(one);
        await until(() => reader.events.length >= 150);
        await reader.stop();
        for (const after of [0n, 1n, 17n, 74n, 148n]) {
            const rest = new Reader(one, {after});
            await until(() => rest.events.length >= 149 - Number(after));
            expect(rest.positions).toEqual(Array.from({length: 149 - Number(after)}, (_, n) => after + 1n + BigInt(n)));
            await rest.stop();
        }
        const atEnd = new Reader(one, {after: 149n});
        await until(() => atEnd.batches.some(({caughtUp}) => caughtUp));
        expect(atEnd.events).toEqual([]);
        await atEnd.stop();
    });

    it('filters types, and says how far it has got', async () => {
        await append(0, 60);
        const reader = new Reader(await source(), {filter: {types: ['thing.added']}, batchSize: 3});
        await until(() => reader.batches.at(-1)?.position === 59n && reader.batches.at(-1)?.caughtUp === true);
        expect(reader.positions).toEqual(Array.from({length: 12}, (_, n) => BigInt(n * 5)));
        expect(Math.max(...reader.batches.map(({events}) => events.length))).toBe(3);
        await reader.stop();
    });

    it('repeats of a second publisher are left out, wherever reading begins', async () => {
        await append(0, 40);
        const one = await source();
        await until(async () => await one.getLatestPosition() === 39n);
        // What a publisher that has slept for a while would still send: its last batch, late.
        for (const log of server.state.topics.get(busOf(server).topic) ?? [])
            log.repeat(5);
        await append(40, 20);
        for (const after of [undefined, 3n, 20n, 38n, 39n, 45n]) {
            const reader = new Reader(one, {after});
            const first = after === undefined ? 0 : Number(after) + 1;
            await until(() => reader.events.length >= 60 - first && reader.batches.at(-1)?.caughtUp === true);
            expect(reader.positions).toEqual(Array.from({length: 60 - first}, (_, n) => BigInt(first + n)));
            await reader.stop();
        }
    });

    it('another publisher goes on where the last one ended', async () => {
        await append(0, 30);
        const one = await source();
        await until(async () => await one.getLatestPosition() === 29n);
        await store.close();
        const messages = server.messages(busOf(server).topic).length;
        store = await open(new ComposedEventStore({log: new MemoryEventStore(data), bus: busOf(server)}));
        await append(30, 10);
        await until(async () => await one.getLatestPosition() === 39n);
        const events = server.messages(busOf(server).topic).filter(({headers}) => headers['ce_id'] !== undefined);
        expect(messages).toBeGreaterThan(0);
        expect(new Set(events.map(({headers}) => headers['ce_id'])).size).toBe(events.length);
        expect(events.length).toBe(40);
    });

    it('a topic that has the events of another log gets nothing, and the logger is told', async () => {
        await append(0, 5);
        const one = await source();
        await until(async () => await one.getLatestPosition() === 4n);
        await store.close();
        const before = server.messages(busOf(server).topic).length;
        const errors: unknown[] = [];
        const ignore = (): void => undefined;
        const logger = {debug: ignore, info: ignore, warn: ignore, error: (details: unknown) => void errors.push(details)};
        const other = await open(new ComposedEventStore({log: new MemoryEventStore(), bus: {...busOf(server), logger}}));
        // The same streams and positions, and other events.
        for (let n = 0; n < 8; n++)
            await other.append('thing', `t${n}`, [eventOf(n)]);
        await until(() => errors.length > 0);
        expect(errors).toEqual([expect.objectContaining({err: expect.objectContaining({code: 'BUS_OF_ANOTHER_LOG'}) as unknown})]);
        expect(server.messages(busOf(server).topic).length).toBe(before);
    });

    it('is told of another log also where many marks of a quiet log stand behind the last event', async () => {
        await append(0, 5);
        const one = await source();
        await until(async () => await one.getLatestPosition() === 4n);
        await store.close();
        const {topic} = busOf(server);
        const driver = new PlatformaticDriver({...checkBus(busOf(server)), onError: () => undefined});
        const publisher = new Publisher(driver, 5000, () => undefined);
        await publisher.publish(Array.from({length: 1200 * partitions}, (_, n) => toMark(topic, 4n, n % partitions, partitions)));
        await publisher.close();
        await driver.close();
        const errors: unknown[] = [];
        const ignore = (): void => undefined;
        const logger = {debug: ignore, info: ignore, warn: ignore, error: (details: unknown) => void errors.push(details)};
        const other = await open(new ComposedEventStore({log: new MemoryEventStore(), bus: {...busOf(server), logger}}));
        for (let n = 0; n < 8; n++)
            await other.append('thing', `t${n}`, [eventOf(n)]);
        await until(() => errors.length > 0 || server.messages(topic).some(({headers}) => headers['ce_woltageposition'] === '7'));
        expect(errors).toEqual([expect.objectContaining({err: expect.objectContaining({code: 'BUS_OF_ANOTHER_LOG'}) as unknown})]);
    });

    it('a topic whose last event was erased in the log is still that log\'s', async () => {
        await append(0, 5);
        const one = await source();
        await until(async () => await one.getLatestPosition() === 4n);
        await store.close();
        const log = await open(new MemoryEventStore(data));
        await log.erase('thing', 't4', eventOf(5));
        store = await open(new ComposedEventStore({log: new MemoryEventStore(data), bus: busOf(server)}));
        await until(async () => await one.getLatestPosition() === 5n);
    });

    it('one of several processes publishes, and another one takes over', async () => {
        const second = await open(new ComposedEventStore({log: new MemoryEventStore(data), bus: busOf(server)}));
        await append(0, 30);
        const reader = new Reader(await source());
        await until(() => reader.events.length >= 30);
        await store.close();
        for (let n = 30; n < 60; n++)
            await second.append('thing', 't1', [eventOf(n)]);
        await until(() => reader.events.length >= 60);
        expect(reader.positions).toEqual(Array.from({length: 60}, (_, n) => BigInt(n)));
        await reader.stop();
    });

    it('now is where the source was connected for the first time, also after a restart', async () => {
        await append(0, 20);
        const all = await source();
        await until(async () => await all.getLatestPosition() === 19n);
        const first = await source('now');
        await first.close();
        await append(20, 5);
        await until(async () => await all.getLatestPosition() === 24n);
        const again = await source('now');
        const reader = new Reader(again);
        await until(() => reader.events.length >= 5 && reader.batches.at(-1)?.caughtUp === true);
        expect(reader.positions).toEqual([20n, 21n, 22n, 23n, 24n]);
        await reader.stop();
        const other = new Reader(await source('now', 'another'));
        await until(() => other.batches.some(({caughtUp}) => caughtUp));
        expect(other.batches[0]).toEqual({events: [], position: 24n, caughtUp: true});
        await other.stop();
    });

    it('whoever goes on misses nothing, even if Kafka has forgotten meanwhile where now was', async () => {
        await append(0, 10);
        const all = await source();
        await until(async () => await all.getLatestPosition() === 9n);
        const first = await source('now');
        await append(10, 10);
        const reader = new Reader(first);
        await until(() => reader.events.length >= 10 && reader.batches.at(-1)?.position === 19n);
        await reader.stop();
        await first.close();
        await append(20, 10);
        await until(async () => await all.getLatestPosition() === 29n);
        server.state.group(`reports.${busOf(server).topic}.since`).offsets.clear();
        const later = new Reader(await source('now'), {after: 19n});
        await append(30, 5);
        await until(() => later.events.at(-1)?.position === 34n);
        expect(later.positions).toEqual(Array.from({length: 15}, (_, n) => BigInt(20 + n)));
        await later.stop();
    });

    it('is read only', async () => {
        const one = await source();
        await expect(one.append()).rejects.toMatchObject({code: 'READ_ONLY_EVENT_SOURCE', status: 400});
        await expect(one.read()[Symbol.asyncIterator]().next()).rejects.toMatchObject({code: 'READ_ONLY_EVENT_SOURCE'});
        expect('query' in one).toBe(false);
    });

    it('an empty log is an empty source', async () => {
        const one = await source();
        expect(await one.getLatestPosition()).toBe(null);
        const reader = new Reader(one);
        await until(() => reader.batches.length > 0);
        expect(reader.batches).toEqual([{events: [], position: undefined, caughtUp: true}]);
        await append(0, 3);
        await until(() => reader.events.length >= 3);
        await reader.stop();
    });

    it('while Kafka is away, events wait in the log, and readers wait for them', async () => {
        await append(0, 10);
        const reader = new Reader(await source());
        await until(() => reader.events.length >= 10);
        await server.stop();
        await append(10, 30);
        await server.start();
        await until(() => reader.events.length >= 40);
        expect(reader.positions).toEqual(Array.from({length: 40}, (_, n) => BigInt(n)));
        await reader.stop();
    });

    it('connections that are cut again and again neither lose nor double an event', async () => {
        const reader = new Reader(await source());
        for (let round = 0; round < 5; round++) {
            server.fail('produce', {kind: round % 2 === 0 ? 'lose answer' : 'lose request'});
            await append(round * 20, 20);
            server.cut();
        }
        await until(() => reader.events.length >= 100);
        expect(reader.positions).toEqual(Array.from({length: 100}, (_, n) => BigInt(n)));
        await reader.stop();
    });

    it('is marked anew while nothing happens: whoever comes back after retention has deleted all events finds that nothing was missed', async () => {
        await append(0, 20);
        const one = await source();
        await until(async () => await one.getLatestPosition() === 19n);
        const {topic} = busOf(server);
        const driver = new PlatformaticDriver({...checkBus(busOf(server)), onError: () => undefined});
        const publisher = new Publisher(driver, 5000, () => undefined);
        const marking = new BusPublisher({driver, publisher, log: store, topic, group: 'marking', logger: checkBus(busOf(server)).logger, markAgainMs: 50});
        marking.start();
        const logs = server.state.topics.get(topic) ?? [];
        const ends = logs.map(({nextOffset}) => nextOffset);
        await until(() => logs.every(({nextOffset}, partition) => nextOffset > (ends[partition] ?? 0n)));
        for (const [partition, log] of logs.entries())
            log.deleteBefore(ends[partition] ?? 0n);
        const reader = new Reader(one, {after: 19n});
        await until(() => reader.batches.some(({caughtUp}) => caughtUp));
        await append(20, 5);
        await until(() => reader.events.length >= 5);
        expect(reader.positions).toEqual([20n, 21n, 22n, 23n, 24n]);
        await reader.stop();
        await marking.stop();
        await publisher.close();
        await driver.close();
    });

    it('tells of a topic that doesn\'t reach back so far any more', async () => {
        await append(0, 50);
        const one = await source();
        await until(async () => await one.getLatestPosition() === 49n);
        for (const log of server.state.topics.get(busOf(server).topic) ?? [])
            log.deleteBefore(log.nextOffset);
        await expect(new Reader(one, {after: 10n}).done).rejects.toMatchObject({code: 'EVENTS_DELETED'});
    });
});
