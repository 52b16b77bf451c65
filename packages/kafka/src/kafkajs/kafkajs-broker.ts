import type {IMessageBroker} from 'woltage';
import type {DriverError} from '../driver/kafka-driver.ts';
import {SessionBroker, type KafkaSession} from '../session-broker.ts';
import {KafkaJsCluster} from './cluster.ts';
import {KafkaJsConsumer} from './consumer.ts';
import {kafkaJsError} from './failures.ts';
import {loadKafkaJs} from './load.ts';
import {KafkaJsProducer} from './producer.ts';

/**
 * Kafka as a message broker by kafkajs, for clusters that speak only old versions of the protocol (before version 12 of fetches). It promises what `KafkaBroker` does, except that
 * publications can't ask it for the last message: what is published again after a crash is there twice.
 *
 * Needs the package `kafkajs`: without it `connect` throws a ConfigError `KAFKA_OPTIONS`.
 *
 * @example
 * const broker = {adapter: KafkaJsBroker, args: [{brokers: ['127.0.0.1:9092'], clientId: 'shop'}]};
 */
export class KafkaJsBroker extends SessionBroker<KafkaSession> implements IMessageBroker {
    /** @throws ConfigError `KAFKA_OPTIONS` when kafkajs isn't installed */
    protected async begin(): Promise<KafkaSession> {
        const {logger} = this;
        const {clientId, sessionTimeoutMs, requestTimeoutMs} = this.options;
        const library = await loadKafkaJs(this.options, text => logger.debug({}, `kafkajs: ${text}`));
        const cluster = new KafkaJsCluster(library.kafka, `${clientId}.topics`);
        return {
            ping: () => cluster.ping(),
            partitions: (topic, mustBeFresh) => cluster.partitions(topic, mustBeFresh),
            producer: () => new KafkaJsProducer(library.kafka, this.options),
            consume: options => new KafkaJsConsumer({...options, library, cluster, sessionTimeoutMs, requestTimeoutMs, logger}).run(),
            close: () => cluster.close()
        };
    }

    protected failureOf(error: unknown): DriverError {
        return kafkaJsError(error);
    }
}
