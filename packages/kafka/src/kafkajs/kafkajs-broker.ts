import {BadRequestError, checkTopicName, isWoltageError, UnavailableError, type ConsumeOptions, type IMessageBroker, type Logger, type TopicMessage} from 'woltage';
import {kafkaError} from '../kafka-error.ts';
import {checkOptions, type CheckedOptions, type KafkaBrokerOptions} from '../options.ts';
import {Publisher} from '../publish/publisher.ts';
import {KafkaJsCluster} from './cluster.ts';
import {KafkaJsConsumer} from './consumer.ts';
import {kafkaJsError} from './failures.ts';
import {loadKafkaJs, type KafkaJs} from './load.ts';
import {KafkaJsProducer} from './producer.ts';

/** What is there between `connect` and `close`. */
interface Open {
    readonly library: KafkaJs;
    readonly cluster: KafkaJsCluster;
    readonly publisher: Publisher;
    readonly consumers: Set<Promise<void>>;
    readonly closing: AbortController;
}

/**
 * Kafka as a message broker by kafkajs, for clusters that speak only old versions of the protocol (before version 12 of fetches). It promises what `KafkaBroker` does, except that
 * publications can't ask it for the last message: what is published again after a crash is there twice.
 *
 * Needs the package `kafkajs`.
 *
 * @example
 * const broker = {adapter: KafkaJsBroker, args: [{brokers: ['127.0.0.1:9092'], clientId: 'shop'}]};
 */
export class KafkaJsBroker implements IMessageBroker {
    readonly #options: CheckedOptions;
    readonly #logger: Logger;
    #open: Open | undefined;
    #transition: Promise<void> = Promise.resolve();

    /** @throws ConfigError `KAFKA_OPTIONS` */
    constructor(options: KafkaBrokerOptions) {
        this.#options = checkOptions(options);
        this.#logger = this.#options.logger;
    }

    /** @throws ConfigError `KAFKA_OPTIONS` when kafkajs isn't installed */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#open !== undefined)
                return;
            const {clientId, timeoutMs} = this.#options;
            const library = await loadKafkaJs(this.#options, text => this.#logger.debug({}, `kafkajs: ${text}`));
            const cluster = new KafkaJsCluster(library.kafka, `${clientId}.topics`);
            try {
                await cluster.ping();
            } catch (error) {
                await cluster.close();
                throw this.#unavailable(error);
            }
            const driver = {
                partitions: (topic: string, mustBeFresh?: boolean) => cluster.partitions(topic, mustBeFresh),
                producer: () => new KafkaJsProducer(library.kafka, this.#options)
            };
            const publisher = new Publisher(driver, timeoutMs, error => this.#logger.debug({err: error}, 'Publishing failed, it is tried again'));
            this.#open = {library, cluster, publisher, consumers: new Set(), closing: new AbortController()};
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
            await open.cluster.close();
        });
    }

    async ping(): Promise<void> {
        await this.#ask(cluster => cluster.ping());
    }

    async publish(messages: readonly TopicMessage[]): Promise<void> {
        await this.#opened().publisher.publish(messages);
    }

    async consume(options: ConsumeOptions): Promise<void> {
        const {library, cluster, consumers, closing} = this.#opened();
        options.topics.forEach(checkTopicName);
        const {groupPrefix, sessionTimeoutMs, requestTimeoutMs} = this.#options;
        const consumer = new KafkaJsConsumer({
            ...options, library, cluster, sessionTimeoutMs, requestTimeoutMs, logger: this.#logger, group: `${groupPrefix}.${options.group}`, signal: AbortSignal.any([options.signal, closing.signal])
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
        const count = await this.#ask(cluster => cluster.partitions(topic, true));
        if (count === 0)
            throw new UnavailableError(`The topic '${topic}' doesn't exist, and Kafka doesn't create it by itself: create it.`, {code: 'BROKER_UNAVAILABLE'});
        return count;
    }

    async #ask<R>(question: (cluster: KafkaJsCluster) => Promise<R>): Promise<R> {
        try {
            return await question(this.#opened().cluster);
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
        const failure = kafkaJsError(error);
        if (failure.kind === 'invalid')
            return new BadRequestError(`Kafka refuses it: ${failure.message}`, {code: 'INVALID_MESSAGE', cause: error});
        return kafkaError(failure, this.#options.brokers);
    }

    #inTurn(task: () => Promise<void>): Promise<void> {
        const turn = this.#transition.then(task);
        this.#transition = turn.catch(() => undefined);
        return turn;
    }
}
