import type {RecordedMessage, TopicPartition} from 'woltage';

/** A message as it is sent. */
export interface RawMessage {
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: ReadonlyMap<Buffer, Buffer>;
}

export interface PartitionOffset extends TopicPartition {
    readonly offset: bigint;
}

/** What a fetch has brought of one partition. */
export interface FetchedPartition extends TopicPartition {
    /** From the offset asked for on, without what isn't a message. */
    readonly messages: readonly RecordedMessage[];
    readonly nextOffset: bigint;
    /** Where the partition began and ended when it was read; only what has been committed to all replicas counts. */
    readonly startOffset: bigint;
    readonly endOffset: bigint;
    /** Why there is nothing: the offset isn't there (any more), or something that a later fetch may find mended. */
    readonly problem?: {readonly kind: 'out of range' | 'later'; readonly error: Error} | undefined;
}

/** Sends record batches to partitions. */
export interface IKafkaProducer {
    /**
     * Sends one batch, once: whether to try again is for the caller. To send the same messages again after a failure doesn't double them, as long as nothing else is sent to the partition in between
     * (where the producer is idempotent).
     *
     * @returns 'was there' when an earlier attempt had left the batch: this producer's next batch for the partition would be taken for it, too, so another producer has to send it
     * @throws what {@link DriverError} says
     */
    send(place: TopicPartition, messages: readonly RawMessage[]): Promise<'sent' | 'was there'>;
    close(): Promise<void>;
}

/** Reads partitions, without a group. */
export interface IKafkaReader {
    /**
     * Waits for messages of any of these partitions, which must have one leader.
     *
     * @throws DriverError
     */
    fetch(places: readonly PartitionOffset[], options: {readonly maxWaitMs: number; readonly maxBytes: number}): Promise<readonly FetchedPartition[]>;
    /** The broker that leads each partition. @throws DriverError */
    leaders(places: readonly TopicPartition[]): Promise<readonly number[]>;
    /** Where partitions begin, or end. @throws DriverError */
    offsets(places: readonly TopicPartition[], at: 'start' | 'end'): Promise<readonly bigint[]>;
    /** Ends at once what is waited for. */
    close(): Promise<void>;
}

export interface MembershipEvents {
    /** A new generation of the group: these partitions are this member's, and no others any more. */
    readonly onAssigned: (partitions: readonly TopicPartition[]) => void;
    /** The group divides the partitions anew: what is assigned goes to others when the promise resolves, or when the group won't wait any longer. */
    readonly onRebalance: () => Promise<void>;
    /** The membership has ended. */
    readonly onLost: (error: Error) => void;
}

/** A membership in a consumer group. */
export interface IKafkaMember {
    /** Notes offsets with the group, for tools that show how far it lags behind. */
    commit(offsets: readonly PartitionOffset[]): Promise<void>;
    /** Leaves the group, as far as the broker can be told. */
    leave(): Promise<void>;
}

/** All that this package needs of a Kafka client: another library needs an implementation of this. */
export interface IKafkaDriver {
    /** Asks the cluster. @throws DriverError */
    ping(): Promise<void>;
    /** How many partitions a topic has; asks the broker to create it where that is missing. @throws DriverError */
    partitions(topic: string, mustBeFresh?: boolean): Promise<number>;
    producer(): IKafkaProducer;
    reader(): IKafkaReader;
    /** What has been noted with a group that has no members, for the partitions of a topic; `undefined` where nothing has been. @throws DriverError */
    notedOffsets(group: string, places: readonly TopicPartition[]): Promise<readonly (bigint | undefined)[]>;
    /** Notes offsets with a group that has no members. @throws DriverError */
    noteOffsets(group: string, offsets: readonly PartitionOffset[]): Promise<void>;
    /** Joins a group, which may take until a member that was killed counts as dead; a signal that aborts breaks it off. @throws DriverError */
    join(group: string, topics: readonly string[], events: MembershipEvents, signal: AbortSignal): Promise<IKafkaMember>;
    close(): Promise<void>;
}

/** What a failed call means. */
export type FailureKind =
    /** A later attempt may succeed. */
    | 'later'
    /** What was sent is larger than the broker takes. */
    | 'too large'
    /** What was sent is refused for what it is. */
    | 'invalid'
    /** The producer's place in the sequence is lost: what is sent needs another producer. */
    | 'producer lost'
    /** The broker can't or won't do what an idempotent producer needs. */
    | 'not idempotent'
    /** Credentials, or rights. */
    | 'refused'
    /** What was read can't be unpacked. */
    | 'unreadable';

/** A failure, as the drivers tell of it. */
export class DriverError extends Error {
    readonly kind: FailureKind;

    constructor(kind: FailureKind, message: string, cause: unknown) {
        super(message, {cause});
        this.name = 'DriverError';
        this.kind = kind;
    }
}
