import {checkTopicName, type IMessageBroker, type RecordedMessage} from 'woltage';
import {GroupConsumer} from './consume/group-consumer.ts';
import {driverError} from './driver/failures.ts';
import type {DriverError, IKafkaReader} from './driver/kafka-driver.ts';
import {PlatformaticDriver} from './driver/platformatic-driver.ts';
import {readLast} from './read-partition.ts';
import {SessionBroker, type KafkaSession} from './session-broker.ts';

interface ReadingSession extends KafkaSession {
    reader(): IKafkaReader;
}

/**
 * Kafka as a message broker. Publishing waits for all replicas in sync, is idempotent, and keeps the order of each partition; keys go to the partitions that Kafka's own clients choose.
 *
 * @example
 * const broker = {adapter: KafkaBroker, args: [{brokers: ['127.0.0.1:9092'], clientId: 'shop'}]};
 */
export class KafkaBroker extends SessionBroker<ReadingSession> implements IMessageBroker {
    protected async begin(): Promise<ReadingSession> {
        const {logger} = this;
        const driver = new PlatformaticDriver({...this.options, onError: error => logger.debug({err: error}, 'Kafka\'s client reports an error')});
        return {
            ping: () => driver.ping(),
            partitions: (topic, mustBeFresh) => driver.partitions(topic, mustBeFresh),
            producer: () => driver.producer(),
            reader: () => driver.reader(),
            consume: options => new GroupConsumer({...options, driver, logger}).run(),
            close: () => driver.close()
        };
    }

    protected failureOf(error: unknown): DriverError {
        return driverError(error);
    }

    async lastMessage(topic: string, partition: number): Promise<RecordedMessage | undefined> {
        checkTopicName(topic);
        return this.ask(async session => {
            const reader = session.reader();
            try {
                return await readLast(reader, {topic, partition});
            } finally {
                await reader.close();
            }
        });
    }
}
