import {ProduceAcks, Producer, type BaseOptions, type MessageToProduce} from '@platformatic/kafka';
import type {TopicPartition} from 'woltage';
import {cutConnections} from './cut-connections.ts';
import {driverError, isTimeout, protocolIds} from './failures.ts';
import {DriverError, type IKafkaProducer, type RawMessage} from './kafka-driver.ts';

/** Says that the very same batch is there already. */
const DUPLICATE = 'DUPLICATE_SEQUENCE_NUMBER';

export class PlatformaticProducer implements IKafkaProducer {
    readonly #producer: Producer;
    readonly #idempotent: boolean;
    readonly #onError: (error: Error) => void;

    constructor(options: BaseOptions, idempotent: boolean, onError: (error: Error) => void) {
        this.#idempotent = idempotent;
        this.#onError = onError;
        // The library moves a partition's sequence on when a batch of it is acknowledged, and only then: with one batch of a partition under way at a time, a repetition carries the same numbers.
        this.#producer = new Producer({...options, acks: ProduceAcks.ALL, repeatOnStaleMetadata: false});
        this.#producer.on('error', onError);
    }

    async send({topic, partition}: TopicPartition, messages: readonly RawMessage[]): Promise<'sent' | 'was there'> {
        try {
            await this.#lookFor(topic, partition);
            if (this.#idempotent && this.#producer.producerId === undefined)
                await this.#register();
            // Said here and not above, where it would make the library try again for ever, and have a single request under way.
            await this.#producer.send({idempotent: this.#idempotent, messages: messages.map(message => toLibrary(message, topic, partition))});
            return 'sent';
        } catch (error) {
            if (!protocolIds(error).includes(DUPLICATE))
                throw this.#failed(error);
            return 'was there';
        }
    }

    async close(): Promise<void> {
        cutConnections(this.#producer);
        await this.#producer.close().catch(this.#onError);
    }

    /** Sees to it that the library knows the partition: it would put what is for one that has just come into another one. */
    async #lookFor(topic: string, partition: number): Promise<void> {
        for (const forceUpdate of [false, true]) {
            const {topics} = await this.#producer.metadata({topics: [topic], forceUpdate});
            if (partition < (topics.get(topic)?.partitionsCount ?? 0))
                return;
        }
        throw new DriverError('later', `The broker doesn't know of ${topic}/${partition} yet.`, undefined);
    }

    async #register(): Promise<void> {
        try {
            await this.#producer.initIdempotentProducer({});
        } catch (error) {
            const ids = protocolIds(error);
            if (ids.includes('CLUSTER_AUTHORIZATION_FAILED') || ids.includes('UNSUPPORTED_VERSION') || (error as {code?: string}).code === 'PLT_KFK_UNSUPPORTED_API')
                throw new DriverError('not idempotent', 'The broker refuses idempotent producers: set idempotent: false, or grant IdempotentWrite.', error);
            throw error;
        }
    }

    #failed(error: unknown): DriverError {
        // Leaders may have moved.
        this.#producer.clearMetadata();
        if (isTimeout(error))
            cutConnections(this.#producer);
        return driverError(error);
    }
}

// The library's types know no null, Kafka does.
const toLibrary = ({key, value, headers}: RawMessage, topic: string, partition: number): MessageToProduce =>
    ({topic, partition, key, value, headers: headers as Map<Buffer, Buffer>}) as unknown as MessageToProduce;
