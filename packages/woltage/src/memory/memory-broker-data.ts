import type {RecordedMessage, TopicMessage} from '../ports/index.ts';
import {checkTopicName, invalidMessage} from '../ports/index.ts';
import {partitionOf} from '../shared/key-partition.ts';
import {MemoryConsumerGroup} from './memory-consumer-group.ts';

export interface MemoryBrokerOptions {
    /** How many partitions a topic gets that nobody has created with {@link MemoryBrokerData.createTopic}. @default 1 */
    readonly partitions?: number | undefined;
    /** The largest value that is accepted, in bytes. @default 1 MiB */
    readonly maxMessageBytes?: number | undefined;
    /**
     * The offset of each partition's first message. The default grows with the time of day, so that offsets that a database has kept from an earlier process never point into a
     * later one's messages; tests that name offsets set 0n.
     *
     * @default microseconds since the Unix epoch
     */
    readonly firstOffset?: bigint | undefined;
}

/** @internal */
export interface MemoryPartition {
    readonly first: bigint;
    readonly messages: RecordedMessage[];
}

interface MemoryTopic {
    readonly partitions: MemoryPartition[];
    /** Of all partitions, in the order of their publication. */
    readonly messages: RecordedMessage[];
    nextPartition: number;
}

const MAX_PARTITIONS = 10_000;

/** What a `MemoryBroker` holds; hand it to several to let them meet, as processes do at a broker, or to simulate a restart. */
export class MemoryBrokerData {
    /** @internal Called after each change. */
    readonly listeners = new Set<() => void>();
    readonly #topics = new Map<string, MemoryTopic>();
    readonly #groups = new Map<string, MemoryConsumerGroup>();
    readonly #partitions: number;
    readonly #firstOffset: bigint;
    readonly #maxBytes: number;
    #away = false;

    constructor({partitions = 1, maxMessageBytes = 1 << 20, firstOffset = BigInt(Date.now()) * 1000n}: MemoryBrokerOptions = {}) {
        this.#partitions = checkCount(partitions);
        this.#maxBytes = maxMessageBytes;
        this.#firstOffset = firstOffset;
    }

    /** True while the broker is to be out of reach, for tests: publishing fails with `BROKER_UNAVAILABLE`, consumers wait. */
    get away(): boolean {
        return this.#away;
    }

    set away(away: boolean) {
        this.#away = away;
        this.changed();
    }

    /** The topics that exist. */
    get topics(): readonly string[] {
        return [...this.#topics.keys()];
    }

    /** Creates a topic, or gives it more partitions. @throws BadRequestError `INVALID_MESSAGE` when its name is none, or it has more partitions already */
    createTopic(topic: string, partitions = this.#partitions): void {
        checkTopicName(topic);
        const known = this.#topics.get(topic) ?? {partitions: [], messages: [], nextPartition: 0};
        if (checkCount(partitions) < known.partitions.length)
            throw invalidMessage(`Topic '${topic}' has ${known.partitions.length} partitions already; they can't be taken away.`);
        while (known.partitions.length < partitions)
            known.partitions.push({first: this.#firstOffset, messages: []});
        this.#topics.set(topic, known);
        this.changed();
    }

    /** What has been published to a topic, in that order. */
    messages(topic: string): readonly RecordedMessage[] {
        return [...this.#topics.get(topic)?.messages ?? []];
    }

    /** @internal The partitions of a topic, which is created where it is missing. */
    partitionsOf(topic: string): readonly MemoryPartition[] {
        return this.#topicOf(topic).partitions;
    }

    /** @internal */
    group(name: string): MemoryConsumerGroup {
        const group = this.#groups.get(name) ?? new MemoryConsumerGroup();
        this.#groups.set(name, group);
        return group;
    }

    /** @internal Appends all messages or none. @throws BadRequestError `INVALID_MESSAGE` */
    append(messages: readonly TopicMessage[]): void {
        const encoded = messages.map(message => ({message, value: this.#encode(message)}));
        const timestamp = Date.now();
        for (const {message: {topic, key = null, headers = {}, partition}, value} of encoded) {
            const into = this.#topicOf(topic);
            const index = partition ?? (key === null ? into.nextPartition++ % into.partitions.length : partitionOf(key, into.partitions.length));
            const {first, messages: list} = into.partitions[index] as MemoryPartition;
            const recorded = {topic, partition: index, offset: first + BigInt(list.length), key, value, headers: {...headers}, timestamp};
            list.push(recorded);
            into.messages.push(recorded);
        }
        this.changed();
    }

    /** @internal */
    changed(): void {
        for (const listener of [...this.listeners])
            listener();
    }

    #encode({topic, value, partition}: TopicMessage): Uint8Array | null {
        const {length} = this.#topicOf(topic).partitions;
        if (partition !== undefined && partition >= length)
            throw invalidMessage(`Topic '${topic}' has ${length} partitions, and none with the number ${partition}.`);
        const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value === null ? null : new Uint8Array(value);
        if (bytes !== null && bytes.length > this.#maxBytes)
            throw invalidMessage(`A message for '${topic}' is too large: ${bytes.length} bytes, where ${this.#maxBytes} are allowed.`);
        return bytes;
    }

    #topicOf(topic: string): MemoryTopic {
        if (!this.#topics.has(topic))
            this.createTopic(topic);
        return this.#topics.get(topic) as MemoryTopic;
    }
}

function checkCount(partitions: number): number {
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS)
        throw invalidMessage(`A topic has 1 to ${MAX_PARTITIONS} partitions, not ${partitions}.`);
    return partitions;
}
