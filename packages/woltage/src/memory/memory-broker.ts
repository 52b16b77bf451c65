import {UnavailableError} from '../errors/index.ts';
import {checkMessage, checkTopicName, publishAborted, type BrokerPublishOptions, type ConsumeOptions, type IMessageBroker, type RecordedMessage, type TopicMessage} from '../ports/index.ts';
import {MemoryBrokerData} from './memory-broker-data.ts';
import {MemoryConsumer} from './memory-consumer.ts';

/** A message broker in memory: for tests, and for trying things out. Brokers with the same data meet each other; nothing survives the process. */
export class MemoryBroker implements IMessageBroker {
    readonly #data: MemoryBrokerData;
    readonly #consumers = new Map<MemoryConsumer, Promise<void>>();
    #open = false;

    /**
     * @example
     * createWoltage({messageBroker: {adapter: MemoryBroker}, ...});
     */
    constructor(data: MemoryBrokerData = new MemoryBrokerData()) {
        this.#data = data;
    }

    async connect(): Promise<void> {
        this.#open = true;
        this.#checkThere();
    }

    async close(): Promise<void> {
        this.#open = false;
        for (const consumer of this.#consumers.keys())
            consumer.end();
        await Promise.all(this.#consumers.values());
    }

    async ping(): Promise<void> {
        this.#checkThere();
    }

    async publish(messages: readonly TopicMessage[], {signal}: BrokerPublishOptions = {}): Promise<void> {
        this.#checkThere();
        if (signal?.aborted === true)
            throw publishAborted();
        for (const message of messages)
            checkMessage(message);
        this.#data.append(messages);
    }

    async consume(options: ConsumeOptions): Promise<void> {
        this.#checkOpen();
        for (const topic of options.topics)
            checkTopicName(topic);
        const consumer = new MemoryConsumer(this.#data, options);
        const ended = consumer.run();
        this.#consumers.set(consumer, ended);
        await ended.finally(() => this.#consumers.delete(consumer));
    }

    async partitions(topic: string): Promise<number> {
        this.#checkThere();
        checkTopicName(topic);
        return this.#data.partitionsOf(topic).length;
    }

    async lastMessage(topic: string, partition: number): Promise<RecordedMessage | undefined> {
        this.#checkThere();
        checkTopicName(topic);
        return this.#data.partitionsOf(topic)[partition]?.messages.at(-1);
    }

    #checkOpen(): void {
        if (!this.#open)
            throw new UnavailableError('The message broker is not connected.', {code: 'CLOSED'});
    }

    #checkThere(): void {
        this.#checkOpen();
        if (this.#data.away)
            throw new UnavailableError('The message broker is away.', {code: 'BROKER_UNAVAILABLE'});
    }
}
