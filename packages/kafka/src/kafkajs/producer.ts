import type {Kafka, Producer} from 'kafkajs';
import type {TopicPartition} from 'woltage';
import type {IKafkaProducer, RawMessage} from '../driver/kafka-driver.ts';
import {hasType, kafkaJsError} from './failures.ts';
import {RETRY} from './load.ts';

const ALL_IN_SYNC = -1;

/** Sends batches by kafkajs, to partitions that are named. */
export class KafkaJsProducer implements IKafkaProducer {
    readonly #producer: Producer;
    readonly #timeoutMs: number;
    #connected: Promise<void> | undefined;

    constructor(kafka: Kafka, {idempotent, requestTimeoutMs}: {readonly idempotent: boolean; readonly requestTimeoutMs: number}) {
        this.#producer = kafka.producer({
            idempotent, maxInFlightRequests: 1, retry: RETRY,
            // Every message names its partition; the library's own choice would warn of itself.
            createPartitioner: () => ({message}) => message.partition ?? 0
        });
        this.#timeoutMs = requestTimeoutMs;
    }

    async send({topic, partition}: TopicPartition, messages: readonly RawMessage[]): Promise<'sent' | 'was there'> {
        try {
            await this.#connect();
            await this.#producer.send({
                topic, acks: ALL_IN_SYNC, timeout: this.#timeoutMs,
                messages: messages.map(({key, value, headers}) => ({
                    partition, key, value, headers: Object.fromEntries([...headers].map(([name, text]) => [name.toString(), text]))
                }))
            });
            return 'sent';
        } catch (error) {
            // Sent again, and there already.
            if (!hasType(error, 'DUPLICATE_SEQUENCE_NUMBER'))
                throw kafkaJsError(error);
            return 'was there';
        }
    }

    async close(): Promise<void> {
        await this.#connected?.catch(() => undefined);
        await this.#producer.disconnect();
    }

    #connect(): Promise<void> {
        return this.#connected ??= this.#producer.connect().catch((error: unknown) => {
            this.#connected = undefined;
            throw error;
        });
    }
}
