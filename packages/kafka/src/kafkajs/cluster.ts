import type {Admin, Consumer, Kafka} from 'kafkajs';
import type {TopicPartition} from 'woltage';
import {hasType, kafkaJsError} from './failures.ts';
import {RETRY} from './load.ts';

interface Connected {
    disconnect(): Promise<void>;
}

/** How long a number of partitions is believed. */
const FRESH_MS = 30_000;

export interface Bounds {
    readonly start: bigint;
    readonly end: bigint;
}

/** What is asked of a cluster beside messages. A connection that has failed is not used again. */
export class KafkaJsCluster {
    readonly #kafka: Kafka;
    readonly #group: string;
    readonly #counts = new Map<string, {readonly count: number; readonly at: number}>();
    readonly #closing = new Set<Promise<void>>();
    #admin: Promise<Admin> | undefined;

    /** @param group A name for what never joins a group */
    constructor(kafka: Kafka, group: string) {
        this.#kafka = kafka;
        this.#group = group;
    }

    /** @throws DriverError */
    async ping(): Promise<void> {
        await this.#ask(admin => admin.describeCluster());
    }

    /** How many partitions a topic has; asks the broker to create it where that is missing. 0: it isn't there. @throws DriverError */
    async partitions(topic: string, mustBeFresh = false): Promise<number> {
        const known = this.#counts.get(topic);
        if (known !== undefined && !mustBeFresh && performance.now() - known.at < FRESH_MS)
            return known.count;
        let count = await this.#count(topic);
        if (count === 0) {
            await this.#create(topic);
            count = await this.#count(topic);
        }
        if (count > 0)
            this.#counts.set(topic, {count, at: performance.now()});
        return count;
    }

    /** Where partitions begin and end. @throws DriverError */
    async bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]> {
        const topics = [...new Set(places.map(({topic}) => topic))];
        const found = new Map(await this.#ask(admin => Promise.all(topics.map(async topic => [topic, await admin.fetchTopicOffsets(topic)] as const))));
        return places.map(({topic, partition}) => {
            const of = found.get(topic)?.find(offsets => offsets.partition === partition);
            if (of === undefined)
                throw kafkaJsError(new Error(`Kafka doesn't tell where ${topic}/${partition} begins and ends.`));
            return {start: BigInt(of.low), end: BigInt(of.high)};
        });
    }

    async close(): Promise<void> {
        const admin = this.#admin;
        if (admin !== undefined)
            this.#end(admin);
        await Promise.all(this.#closing);
    }

    #count(topic: string): Promise<number> {
        return this.#ask(async admin => {
            try {
                const {topics} = await admin.fetchTopicMetadata({topics: [topic]});
                return topics.find(({name}) => name === topic)?.partitions.length ?? 0;
            } catch (error) {
                if (hasType(error, 'UNKNOWN_TOPIC_OR_PARTITION') || hasType(error, 'LEADER_NOT_AVAILABLE'))
                    return 0;
                throw error;
            }
        });
    }

    /** Asks for it as consumers do: for that no rights to administer are needed. */
    async #create(topic: string): Promise<void> {
        const consumer: Consumer = this.#kafka.consumer({groupId: this.#group, allowAutoTopicCreation: true, retry: RETRY});
        try {
            await consumer.connect();
            await consumer.subscribe({topic});
        } catch (error) {
            if (!hasType(error, 'UNKNOWN_TOPIC_OR_PARTITION') && !hasType(error, 'LEADER_NOT_AVAILABLE'))
                throw kafkaJsError(error);
        } finally {
            await consumer.disconnect().catch(() => undefined);
        }
    }

    async #ask<R>(question: (admin: Admin) => Promise<R>): Promise<R> {
        const asked = this.#admin ??= this.#connect();
        try {
            return await question(await asked);
        } catch (error) {
            if (this.#admin === asked)
                this.#end(asked);
            throw kafkaJsError(error);
        }
    }

    async #connect(): Promise<Admin> {
        const admin = this.#kafka.admin({retry: RETRY});
        try {
            await admin.connect();
            return admin;
        } catch (error) {
            await admin.disconnect().catch(() => undefined);
            throw error;
        }
    }

    #end(asked: Promise<Connected>): void {
        this.#admin = undefined;
        const closed = asked.then(admin => admin.disconnect()).catch(() => undefined).finally(() => this.#closing.delete(closed));
        this.#closing.add(closed);
    }
}
