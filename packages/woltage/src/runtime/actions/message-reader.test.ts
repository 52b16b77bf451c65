import {describe, expect, it} from 'vitest';
import {Action, MemoryBroker, MemoryBrokerData, MemoryStore, MemoryStoreData, onMessage, type ConsumeOptions, type IStore, type RecordedMessage, type StandardSchema, type TopicPartition} from 'woltage';
import {silentLogger} from '../../shared/logger.ts';
import {openTasks, TaskQueue} from '../../tasks/index.ts';
import {MessageReader} from './message-reader.ts';

const place: TopicPartition = {topic: 'stock', partition: 0};
const message = (offset: bigint): RecordedMessage =>
    ({...place, offset, key: 'k', value: new TextEncoder().encode(String(offset)), headers: {}, timestamp: 0});

/** A broker that leaves it to the test when it asks and gives. */
class ManualBroker extends MemoryBroker {
    readonly consumers: ConsumeOptions[] = [];

    override consume(options: ConsumeOptions): Promise<void> {
        this.consumers.push(options);
        return new Promise(resolve => options.signal.addEventListener('abort', () => resolve()));
    }
}

async function setUp(schema?: StandardSchema) {
    const store: IStore = new MemoryStore(new MemoryStoreData());
    await store.connect();
    const scope = store.scope({namespace: 'action', tables: {}});
    await scope.createTables();
    const action = Action.create('take', {on: onMessage('stock', {from: 'start', schema}), handler: () => undefined});
    const broker = new ManualBroker(new MemoryBrokerData());
    await broker.connect();
    const ending = new AbortController();
    const self = {owner: {id: 'o', host: 'h', pid: 1, startedAt: 0}, isGone: () => false};
    const consumer = async (): Promise<ConsumeOptions> => {
        const queue = new TaskQueue({store: scope, log: silentLogger, self});
        const count = broker.consumers.length;
        void new MessageReader({action, queue, store: scope, broker, log: silentLogger}).run(ending.signal);
        while (broker.consumers.length === count)
            await new Promise(resolve => setTimeout(resolve, 1));
        return broker.consumers.at(-1) as ConsumeOptions;
    };
    return {consumer, scope, stop: () => ending.abort(), tasks: async () => (await openTasks(scope)).length};
}

describe('Who consumes messages for an action', () => {
    it('takes nothing more once another one has the partition', async () => {
        const {consumer, stop, tasks} = await setUp();
        const [first, second] = [await consumer(), await consumer()];
        expect(first.group).toBe(second.group);
        expect(await first.resume([place])).toEqual([undefined]);
        await first.handle({...place, messages: [message(0n)], nextOffset: 1n});
        expect(await second.resume([place])).toEqual([1n]);
        await second.handle({...place, messages: [message(1n), message(2n)], nextOffset: 3n});
        await expect(first.handle({...place, messages: [message(1n)], nextOffset: 2n})).rejects.toMatchObject({code: 'STALE_RECORD'});
        expect(await tasks()).toBe(3);
        expect(await first.resume([place])).toEqual([3n]);
        stop();
    });

    it('takes a message once, even if it is given again with its offset not known', async () => {
        const {consumer, scope, stop, tasks} = await setUp();
        const first = await consumer();
        await first.resume([place]);
        await first.handle({...place, messages: [message(0n), message(1n)], nextOffset: 2n});
        const [record] = await scope.listRecords('offset/');
        await scope.commit({records: [{key: record?.key ?? '', value: null, token: 'gone'}]});
        expect(await first.resume([place])).toEqual([undefined]);
        await first.handle({...place, messages: [message(0n), message(1n), message(2n)], nextOffset: 3n});
        expect(await tasks()).toBe(3);
        stop();
    });

    it('takes the messages of a topic that was made anew for other ones, however often', async () => {
        const {consumer, scope, stop, tasks} = await setUp();
        const first = await consumer();
        await first.resume([place]);
        await first.handle({...place, messages: [message(0n), message(1n), message(2n)], nextOffset: 3n});
        await first.handle({...place, messages: [], nextOffset: 0n});
        await first.handle({...place, messages: [message(0n), message(1n)], nextOffset: 2n});
        expect(await tasks()).toBe(5);
        const second = await consumer();
        expect(await second.resume([place])).toEqual([2n]);
        await second.handle({...place, messages: [message(0n)], nextOffset: 1n});
        expect(await tasks()).toBe(6);
        expect((await scope.listRecords('offset/')).map(({value}) => value)).toEqual(['1/2']);
        expect(await second.resume([place])).toEqual([1n]);
        await second.handle({...place, messages: [message(1n)], nextOffset: 2n});
        expect(await tasks()).toBe(7);
        stop();
    });

    it('ends while a schema waits for somebody who doesn\'t answer, and leaves the message', async () => {
        const {consumer, stop, tasks} = await setUp({'~standard': {version: 1, vendor: 'test', validate: () => new Promise(() => undefined)}});
        const first = await consumer();
        await first.resume([place]);
        const handling = first.handle({...place, messages: [message(0n)], nextOffset: 1n});
        setTimeout(stop, 20);
        await expect(handling).rejects.toMatchObject({name: 'AbortError'});
        expect(await tasks()).toBe(0);
        expect(await first.resume([place])).toEqual([undefined]);
    });

    it('notes how far it has got where nothing was there', async () => {
        const {consumer, stop, tasks} = await setUp();
        const first = await consumer();
        await first.resume([place]);
        await first.handle({...place, messages: [], nextOffset: 42n});
        expect(await (await consumer()).resume([place])).toEqual([42n]);
        expect(await tasks()).toBe(0);
        stop();
    });
});

it('whose dead letters would come back for ever is refused', async () => {
    const store = new MemoryStore();
    const reader = (...triggers: readonly Parameters<typeof onMessage>[]): MessageReader => {
        const action = Action.create('take', {on: triggers.map(([topic, options]) => onMessage(topic, options)), handler: () => undefined});
        return new MessageReader({action, queue: {} as TaskQueue, store, broker: new MemoryBroker(), log: silentLogger});
    };
    const refused = expect.objectContaining({code: 'TRIGGER_INVALID', message: expect.stringContaining('for ever') as string}) as Error;
    expect(() => reader(['a', {deadLetterTopic: 'a'}])).toThrow(refused);
    expect(() => reader(['a', {deadLetterTopic: 'b'}], ['b', {deadLetterTopic: 'c'}], ['c', {deadLetterTopic: 'b'}])).toThrow(refused);
    expect(() => reader(['a', {deadLetterTopic: 'b'}], ['b', {}])).not.toThrow();
});
