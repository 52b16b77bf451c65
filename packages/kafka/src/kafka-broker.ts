import {BadRequestError, checkTopicName, isWoltageError, UnavailableError, type ConsumeOptions, type IMessageBroker, type Logger, type RecordedMessage, type TopicMessage} from 'woltage';
import {GroupConsumer} from './consume/group-consumer.ts';
import {driverError} from './driver/failures.ts';
import type {IKafkaDriver} from './driver/kafka-driver.ts';
import {PlatformaticDriver} from './driver/platformatic-driver.ts';
import {kafkaError} from './kafka-error.ts';
import {checkOptions, type CheckedOptions, type KafkaBrokerOptions} from './options.ts';
import {Publisher} from './publish/publisher.ts';
import {readLast} from './read-partition.ts';

/** What is there between `connect` and `close`. */
interface Open {
    readonly driver: IKafkaDriver;
    readonly publisher: Publisher;
    readonly consumers: Set<Promise<void>>;
    readonly closing: AbortController;
}

/**
 * Kafka as a message broker. Publishing waits for all replicas in sync, is idempotent, and keeps the order of each partition; keys go to the partitions that Kafka's own clients choose.
 *
 * @example
 * const broker = {adapter: KafkaBroker, args: [{brokers: ['127.0.0.1:9092'], clientId: 'shop'}]};
 */
export class KafkaBroker implements IMessageBroker {
    readonly #options: CheckedOptions;
    readonly #logger: Logger;
    #open: Open | undefined;
    #transition: Promise<void> = Promise.resolve();

    /** @throws ConfigError `KAFKA_OPTIONS` */
    constructor(options: KafkaBrokerOptions) {
        this.#options = checkOptions(options);
        this.#logger = this.#options.logger;
    }

    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#open !== undefined)
                return;
            const driver = new PlatformaticDriver({...this.#options, onError: error => this.#logger.debug({err: error}, 'Kafka\'s client reports an error')});
            try {
                await driver.ping();
            } catch (error) {
                await driver.close();
                throw this.#unavailable(error);
            }
            const publisher = new Publisher(driver, this.#options.timeoutMs, error => this.#logger.debug({err: error}, 'Publishing failed, it is tried again'));
            this.#open = {driver, publisher, consumers: new Set(), closing: new AbortController()};
        });
    }

    close(): Promise<void> {
        return this.#inTurn(async () => {
            const open = this.#open;
            if (open === undefined)
                return;
            this.#open = undefined;
            open.closing.abort();
            await Promise.all([open.publisher.close(), ...open.consumers]);
            await open.driver.close();
        });
    }

    async ping(): Promise<void> {
        await this.#ask(driver => driver.ping());
    }

    async publish(messages: readonly TopicMessage[]): Promise<void> {
        await this.#opened().publisher.publish(messages);
    }

    async consume(options: ConsumeOptions): Promise<void> {
        const {driver, consumers, closing} = this.#opened();
        options.topics.forEach(checkTopicName);
        const consumer = new GroupConsumer({
            ...options, driver, logger: this.#logger, group: `${this.#options.groupPrefix}.${options.group}`, signal: AbortSignal.any([options.signal, closing.signal])
        });
        const running = consumer.run();
        const ended = running.catch(() => undefined).finally(() => consumers.delete(ended));
        consumers.add(ended);
        try {
            await running;
        } catch (error) {
            throw this.#unavailable(error);
        }
    }

    async partitions(topic: string): Promise<number> {
        checkTopicName(topic);
        const count = await this.#ask(driver => driver.partitions(topic, true));
        if (count === 0)
            throw new UnavailableError(`The topic '${topic}' doesn't exist, and Kafka doesn't create it by itself: create it.`, {code: 'BROKER_UNAVAILABLE'});
        return count;
    }

    async lastMessage(topic: string, partition: number): Promise<RecordedMessage | undefined> {
        checkTopicName(topic);
        return this.#ask(async driver => {
            const reader = driver.reader();
            try {
                return await readLast(reader, {topic, partition});
            } finally {
                await reader.close();
            }
        });
    }

    async #ask<R>(question: (driver: IKafkaDriver) => Promise<R>): Promise<R> {
        try {
            return await question(this.#opened().driver);
        } catch (error) {
            throw this.#unavailable(error);
        }
    }

    #opened(): Open {
        if (this.#open === undefined)
            throw new UnavailableError('The Kafka broker is not connected.', {code: 'CLOSED'});
        return this.#open;
    }

    #unavailable(error: unknown): Error {
        if (isWoltageError(error))
            return error;
        const {kind, message} = driverError(error);
        if (kind === 'invalid')
            return new BadRequestError(`Kafka refuses it: ${message}`, {code: 'INVALID_MESSAGE', cause: error});
        return kafkaError(error, this.#options.brokers);
    }

    #inTurn(task: () => Promise<void>): Promise<void> {
        const turn = this.#transition.then(task);
        this.#transition = turn.catch(() => undefined);
        return turn;
    }
}
