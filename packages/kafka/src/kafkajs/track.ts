import {setImmediate} from 'node:timers/promises';
import type {Batch, Consumer, KafkaMessage} from 'kafkajs';
import {UnavailableError, type Logger, type RecordedMessage, type TopicPartition} from 'woltage';
import type {Lane} from '../consume/lane.ts';
import type {Outage} from '../consume/outage.ts';
import type {KafkaJsCluster} from './cluster.ts';

/** What the library's batches have beside their types: the offset that was asked for. */
export type FetchedBatch = Batch & {readonly fetchedOffset: string};

export interface TrackOptions {
    readonly lane: Lane;
    readonly consumer: Consumer;
    readonly cluster: KafkaJsCluster;
    readonly outage: Outage;
    readonly logger: Logger;
    readonly signal: AbortSignal;
}

/** Brings batches of one partition from kafkajs to its lane: the partition is paused unless the lane is hungry, and read from where the lane has got to. */
export class Track {
    readonly #options: TrackOptions;
    /** Where kafkajs goes on, as far as that is known. */
    #position: bigint | undefined;

    constructor(options: TrackOptions) {
        this.#options = options;
    }

    /** To be called when the lane needs more. */
    feed(): void {
        const {lane: {wanted, place}, consumer, signal} = this.#options;
        if (wanted === undefined || signal.aborted)
            return;
        try {
            if (wanted !== this.#position)
                consumer.seek({...place, offset: String(wanted)});
            this.#position = wanted;
            consumer.resume([{topic: place.topic, partitions: [place.partition]}]);
        } catch {
            // It is ending, and others tell of it.
        }
    }

    async take(batch: FetchedBatch): Promise<void> {
        const {lane, signal} = this.#options;
        const {wanted} = lane;
        this.#pause();
        if (signal.aborted)
            return;
        this.#position = undefined;
        if (wanted === undefined)
            return;
        const from = BigInt(batch.fetchedOffset);
        try {
            if (from !== wanted && await this.#isElsewhere(wanted))
                return;
        } catch (error) {
            this.feed();
            throw error;
        }
        if (from < wanted) {
            this.feed();
            return;
        }
        this.#options.outage.end();
        const nextOffset = BigInt(batch.lastOffset()) + 1n;
        this.#position = nextOffset;
        lane.offer(wanted, batch.messages.map(message => recorded(lane.place, message)), nextOffset);
        // A lane that was hungry already is hungry again, in time for the next fetch.
        await setImmediate();
    }

    /** kafkajs has read elsewhere than it was told to: ends of transactions were passed over, or what stood there is gone, and the lane moves to the start. */
    async #isElsewhere(offset: bigint): Promise<boolean> {
        const {lane, cluster, outage, logger} = this.#options;
        const [{start, end}] = await cluster.bounds([lane.place]) as [{start: bigint; end: bigint}];
        if (offset >= start && offset <= end)
            return false;
        const {topic, partition} = lane.place;
        const text = offset < start
            ? `Messages ${offset} to ${start - 1n} of ${topic}/${partition} were deleted by Kafka before they were read; reading goes on at ${start}.`
            : `${topic}/${partition} ends at ${end}, before the offset ${offset} to go on from: it was made anew, or has lost messages. Reading begins with its first message, ${start}.`;
        logger.error({topic, partition, offset: String(offset), start: String(start), end: String(end)}, text);
        outage.begin(new UnavailableError(text, {code: 'MESSAGES_LOST', details: {topic, partition, offset: String(offset), start: String(start)}}));
        lane.moveTo(offset, start);
        return true;
    }

    #pause(): void {
        const {lane: {place: {topic, partition}}, consumer} = this.#options;
        try {
            consumer.pause([{topic, partitions: [partition]}]);
        } catch {
            // It is ending, and others tell of it.
        }
    }
}

function recorded({topic, partition}: TopicPartition, {offset, key, value, headers = {}, timestamp}: KafkaMessage): RecordedMessage {
    return {
        topic, partition, offset: BigInt(offset), key: key === null ? null : key.toString(), value, timestamp: Number(timestamp),
        headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, textOf(text)]))
    };
}

/** Of several headers with one name the last counts. */
function textOf(header: unknown): string {
    const last: unknown = Array.isArray(header) ? header.at(-1) : header;
    return Buffer.isBuffer(last) ? last.toString() : '';
}
