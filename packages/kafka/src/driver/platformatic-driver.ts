import {Admin, Producer, type BaseOptions} from '@platformatic/kafka';
import type {KafkaConnection} from '../options.ts';
import type {TopicPartition} from 'woltage';
import {cutConnections} from './cut-connections.ts';
import {driverError, isTimeout, isUnknownTopic} from './failures.ts';
import type {IKafkaDriver, IKafkaMember, IKafkaProducer, IKafkaReader, MembershipEvents, PartitionOffset} from './kafka-driver.ts';
import {joinGroup} from './platformatic-member.ts';
import {PlatformaticProducer} from './platformatic-producer.ts';
import {PlatformaticReader} from './platformatic-reader.ts';

/** How old what is known of topics may be: a change of leaders shows at once by an error. */
const METADATA_MAX_AGE_MS = 60_000;

export interface DriverSettings extends KafkaConnection {
    readonly idempotent: boolean;
    readonly requestTimeoutMs: number;
    readonly sessionTimeoutMs: number;
    /** Is told of what the library reports by itself. */
    readonly onError: (error: Error) => void;
}

/** `@platformatic/kafka` behind the port. It never tries again by itself: attempts are counted where they matter. */
export class PlatformaticDriver implements IKafkaDriver {
    readonly #settings: DriverSettings;
    readonly #options: BaseOptions;
    readonly #client: Producer;

    constructor(settings: DriverSettings) {
        this.#settings = settings;
        this.#options = libraryOptions(settings);
        this.#client = new Producer(this.#options);
        this.#client.on('error', settings.onError);
    }

    async ping(): Promise<void> {
        await this.#ask(() => this.#client.metadata({topics: [], forceUpdate: true}));
    }

    async partitions(topic: string, mustBeFresh = false): Promise<number> {
        try {
            const {topics} = await this.#ask(() => this.#client.metadata({topics: [topic], forceUpdate: mustBeFresh}));
            return topics.get(topic)?.partitionsCount ?? 0;
        } catch (error) {
            if (isUnknownTopic(error))
                return 0;
            throw error;
        }
    }

    producer(): IKafkaProducer {
        return new PlatformaticProducer(this.#options, this.#settings.idempotent, this.#settings.onError);
    }

    reader(): IKafkaReader {
        return new PlatformaticReader(this.#options, this.#settings.onError);
    }

    async notedOffsets(group: string, places: readonly TopicPartition[]): Promise<readonly (bigint | undefined)[]> {
        const [found] = await this.#administer(admin => admin.listConsumerGroupOffsets({groups: [{groupId: group, topics: byTopic(places).map(([name, own]) =>
            ({name, partitionIndexes: own.map(({partition}) => partition)}))}]}));
        return places.map(({topic, partition}) => {
            const offset = found?.topics.find(({name}) => name === topic)?.partitions.find(({partitionIndex}) => partitionIndex === partition)?.committedOffset;
            return offset === undefined || offset < 0n ? undefined : offset;
        });
    }

    async noteOffsets(group: string, offsets: readonly PartitionOffset[]): Promise<void> {
        await this.#administer(admin => admin.alterConsumerGroupOffsets({groupId: group, topics: byTopic(offsets).map(([name, own]) =>
            ({name, partitionOffsets: own.map(({partition, offset}) => ({partition, offset}))}))}));
    }

    join(group: string, topics: readonly string[], events: MembershipEvents, signal: AbortSignal): Promise<IKafkaMember> {
        return joinGroup({...this.#options, groupId: group}, {sessionTimeoutMs: this.#settings.sessionTimeoutMs, topics, events, signal});
    }

    async close(): Promise<void> {
        cutConnections(this.#client);
        await this.#client.close().catch(this.#settings.onError);
    }

    async #administer<R>(call: (admin: Admin) => Promise<R>): Promise<R> {
        const admin = new Admin(this.#options);
        admin.on('error', this.#settings.onError);
        try {
            return await call(admin);
        } catch (error) {
            throw driverError(error);
        } finally {
            cutConnections(admin);
            await admin.close();
        }
    }

    async #ask<R>(call: () => Promise<R>): Promise<R> {
        try {
            return await call();
        } catch (error) {
            this.#client.clearMetadata();
            if (isTimeout(error))
                cutConnections(this.#client);
            throw driverError(error);
        }
    }
}

function byTopic<P extends TopicPartition>(places: readonly P[]): [string, P[]][] {
    const topics = new Map<string, P[]>();
    for (const place of places)
        topics.set(place.topic, [...topics.get(place.topic) ?? [], place]);
    return [...topics];
}

function libraryOptions({brokers, clientId, ssl, sasl, connectTimeoutMs, requestTimeoutMs}: DriverSettings): BaseOptions {
    return {
        clientId,
        bootstrapBrokers: [...brokers],
        connectTimeout: connectTimeoutMs,
        requestTimeout: requestTimeoutMs,
        timeout: requestTimeoutMs / 2,
        retries: 0,
        metadataMaxAge: METADATA_MAX_AGE_MS,
        autocreateTopics: true,
        ...ssl !== undefined && ssl !== false && {tls: ssl === true ? {} : ssl, tlsServerName: true},
        ...sasl !== undefined && {sasl: {...sasl, mechanism: sasl.mechanism}}
    };
}
