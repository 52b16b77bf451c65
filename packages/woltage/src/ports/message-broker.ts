/** A message that is to be published. */
export interface OutgoingMessage {
    /** Messages with the same key stay in order. @default none: any partition */
    readonly key?: string | null | undefined;
    /** Text is sent as UTF-8; null is a tombstone for compacted topics. */
    readonly value: Uint8Array | string | null;
    readonly headers?: Readonly<Record<string, string>> | undefined;
    /** Sends it to this partition, whatever the key. */
    readonly partition?: number | undefined;
}

export interface TopicMessage extends OutgoingMessage {
    readonly topic: string;
}

/** A message as a topic holds it. */
export interface RecordedMessage {
    readonly topic: string;
    readonly partition: number;
    /** Place in its partition, from 0n; increasing, possibly with gaps. */
    readonly offset: bigint;
    readonly key: string | null;
    readonly value: Uint8Array | null;
    readonly headers: Readonly<Record<string, string>>;
    /** Milliseconds since the Unix epoch. */
    readonly timestamp: number;
}

export interface TopicPartition {
    readonly topic: string;
    readonly partition: number;
}

export interface MessageBatch extends TopicPartition {
    /** In the order of their offsets; empty when a stretch held nothing, and once at the beginning, to say where that is. */
    readonly messages: readonly RecordedMessage[];
    /** What comes after the batch: whoever goes on here misses nothing and gets nothing twice. */
    readonly nextOffset: bigint;
}

export interface ConsumeOptions {
    readonly topics: readonly string[];
    /** Consumers of one group share the partitions: each is consumed by one of them at a time, as far as the broker can tell. */
    readonly group: string;
    /** Where a partition begins of which nothing has been handled: with its first message, or with what comes from now on. */
    readonly from: 'start' | 'now';
    /** Asked whenever partitions are assigned: where to go on, in their order; `undefined`: see `from`. May be asked again. */
    readonly resume: (partitions: readonly TopicPartition[]) => Promise<readonly (bigint | undefined)[]>;
    /**
     * Takes a batch over, durably, when it resolves; only then comes the next of that partition. When it rejects, the broker asks `resume` again
     * and goes on from there, after a pause.
     */
    readonly handle: (batch: MessageBatch) => Promise<void>;
    /** Ends it: what is being handled is waited for. */
    readonly signal: AbortSignal;
    /** Is told when the broker can't be reached, and with `undefined` when it can be again. */
    readonly onOutage?: ((error: Error | undefined) => void) | undefined;
}

export interface BrokerPublishOptions {
    /** Aborts: what has not been sent by then isn't sent any more, and the call rejects. What was under way may still arrive. */
    readonly signal?: AbortSignal | undefined;
}

/**
 * The port of a message broker: topics with partitions, consumer groups. The offsets of what has been handled are kept by the caller, with its work; a broker
 * keeps none for it. What `brokerConformance` of `@woltage/testing` checks is the whole contract.
 */
export interface IMessageBroker {
    /** Opens connections. Repeated calls do nothing; works again after `close`. @throws UnavailableError `BROKER_UNAVAILABLE` */
    connect(): Promise<void>;
    /** Ends consumers, waits for what is being published, and closes every handle. Repeated calls do nothing. */
    close(): Promise<void>;
    /** Whether the broker answers. @throws UnavailableError `BROKER_UNAVAILABLE` */
    ping(): Promise<void>;
    /**
     * Publishes messages in their order, durably: when it resolves, the broker has them on all replicas that it waits for. Where it rejects, some of them may have
     * been published: those at the beginning of each partition.
     *
     * @throws UnavailableError `BROKER_UNAVAILABLE`; `PUBLISH_ABORTED` when the signal aborts
     * @throws BadRequestError `INVALID_MESSAGE`, such as one that is too large
     */
    publish(messages: readonly TopicMessage[], options?: BrokerPublishOptions): Promise<void>;
    /** Consumes topics until the signal aborts; waits while the broker is away, whether it has ever been there or not. Rejects for what waiting can't mend. */
    consume(options: ConsumeOptions): Promise<void>;
    /** How many partitions a topic has; it is created where it doesn't exist and the broker allows that. */
    partitions(topic: string): Promise<number>;
    /**
     * Where that is cheap: the last message of a partition, `undefined` where there is none. Publications leave out by it what they had published before a crash; without it, that comes twice.
     *
     * @throws UnavailableError `BROKER_UNAVAILABLE`
     */
    lastMessage?(topic: string, partition: number): Promise<RecordedMessage | undefined>;
}
