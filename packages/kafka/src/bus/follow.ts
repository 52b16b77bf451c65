import {delay, type Logger, type RecordedEvent, type RecordedMessage, type SubscribeOptions, type SubscriptionBatch} from 'woltage';
import {Outage} from '../consume/outage.ts';
import {driverError} from '../driver/failures.ts';
import type {FetchedPartition, IKafkaDriver, IKafkaReader} from '../driver/kafka-driver.ts';
import {pauseMs} from '../pause.ts';
import {readBusMessage} from './bus-message.ts';
import {Merge} from './merge.ts';
import {PartitionFeed} from './partition-feed.ts';
import {eventsDeleted, findOffset, lastPosition} from './scan.ts';

const DEFAULT_BATCH = 1000;
/** Events of one partition that may wait for the other partitions. */
const MAX_WAITING = 5000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2000;

export interface BusPlace {
    readonly driver: IKafkaDriver;
    readonly topic: string;
    readonly logger: Logger;
    /** Where each partition begins for readers of this source: its start, or where "now" was. */
    readonly beginnings: (reader: IKafkaReader, partitions: number) => Promise<readonly bigint[]>;
}

/** The way of one partition. */
interface Lane {
    offset: bigint;
    /** Where it ended when it was last read. */
    end: bigint;
}

/** The topic has got more partitions: the way has to be begun anew where it has got to. */
class MorePartitions extends Error {}

/** The batches of a subscription, in the order of positions, until the signal aborts. Waits while Kafka is away. */
export async function* followBus(place: BusPlace, {after, filter, batchSize = DEFAULT_BATCH}: SubscribeOptions, ending: AbortSignal): AsyncGenerator<SubscriptionBatch, void> {
    const outage = new Outage(error => error === undefined
        ? place.logger.info({topic: place.topic}, 'Kafka can be read again')
        : place.logger.warn({topic: place.topic, err: error}, `Kafka can't be read at the moment: ${error.message}`));
    let position = after;
    for (let failed = 0; !ending.aborted;) {
        const reader = place.driver.reader();
        const close = (): void => void (closed = reader.close());
        let closed: Promise<void> | undefined;
        ending.addEventListener('abort', close);
        try {
            for await (const batch of new Way(place, reader, filter, batchSize, position).batches(ending)) {
                failed = 0;
                outage.end();
                yield batch;
                position = batch.position ?? position;
            }
        } catch (error) {
            failed = ending.aborted ? 0 : await pauseAfter(error, failed, outage, ending);
        } finally {
            ending.removeEventListener('abort', close);
            await (closed ?? reader.close());
        }
    }
}

/** @throws what waiting can't mend */
async function pauseAfter(error: unknown, failed: number, outage: Outage, ending: AbortSignal): Promise<number> {
    if (error instanceof MorePartitions)
        return failed;
    const failure = driverError(error);
    // An error of the library or of Kafka has been told of as one; all others are for the caller.
    if (failure !== error)
        throw error;
    if (failure.kind === 'refused' || failure.kind === 'unreadable')
        throw failure;
    if (failed > 0)
        outage.begin(failure);
    await delay(pauseMs(failed, FIRST_PAUSE_MS, MAX_PAUSE_MS), ending);
    return failed + 1;
}

/** One way through the topic, with the partitions that there were when it began. */
class Way {
    readonly #place: BusPlace;
    readonly #reader: IKafkaReader;
    readonly #types: ReadonlySet<string> | undefined;
    readonly #accepts: NonNullable<SubscribeOptions['filter']>['accepts'];
    readonly #batchSize: number;
    readonly #after: bigint | undefined;
    #lanes: readonly Lane[] = [];
    #merge = new Merge<RecordedEvent>([], undefined);

    constructor(place: BusPlace, reader: IKafkaReader, filter: SubscribeOptions['filter'], batchSize: number, after: bigint | undefined) {
        this.#place = place;
        this.#reader = reader;
        this.#types = filter?.types && new Set(filter.types);
        this.#accepts = filter?.accepts;
        this.#batchSize = batchSize;
        this.#after = after;
    }

    async *batches(ending: AbortSignal): AsyncGenerator<SubscriptionBatch, void> {
        await this.#begin(ending);
        const feed = new PartitionFeed(this.#reader);
        const {topic} = this.#place;
        let told = {position: this.#after, caughtUp: false};
        while (!ending.aborted) {
            for (let isAll = false; !isAll && !ending.aborted;) {
                const taken = this.#merge.take(this.#batchSize);
                ({isAll} = taken);
                const caughtUp = isAll && this.#lanes.every(({offset, end}) => offset >= end);
                if (taken.events.length > 0 || taken.position !== told.position || caughtUp && !told.caughtUp)
                    yield {events: taken.events, position: taken.position, caughtUp};
                told = {position: taken.position, caughtUp};
            }
            // The one that holds up all others is never left out: nothing of it waits.
            const wanted = this.#lanes.flatMap(({offset}, partition) => this.#merge.waiting(partition) < MAX_WAITING ? [{topic, partition, offset}] : []);
            for (const fetched of await feed.next(wanted))
                this.#accept(fetched);
        }
    }

    /** Waits for the topic, until the signal aborts. */
    async #begin(ending: AbortSignal): Promise<void> {
        const {driver, topic, beginnings} = this.#place;
        let partitions = await driver.partitions(topic, true);
        for (; partitions === 0 && !ending.aborted; partitions = await driver.partitions(topic, true))
            await delay(FIRST_PAUSE_MS, ending);
        if (ending.aborted)
            return;
        const places = Array.from({length: partitions}, (_, partition) => ({topic, partition}));
        const starts = await beginnings(this.#reader, partitions);
        const ends = await this.#reader.offsets(places, 'end');
        // What stands before the beginning is known to be nothing for this reader.
        const known = await Promise.all(places.map((one, partition) => lastPosition(this.#reader, one, starts[partition] ?? 0n)));
        const after = this.#after;
        const lanes: Lane[] = [];
        for (const [partition, one] of places.entries()) {
            const start = starts[partition] ?? 0n;
            const found = after === undefined ? start : await findOffset(this.#reader, one, after);
            lanes.push({offset: isBefore(after, known) ? found : greater(start, found), end: ends[partition] ?? 0n});
        }
        this.#lanes = lanes;
        this.#merge = new Merge(after === undefined ? known : places.map(() => after), after);
    }

    #accept({partition, messages, nextOffset, endOffset, problem}: FetchedPartition): void {
        const lane = this.#lanes[partition];
        if (lane === undefined)
            return;
        if (problem?.kind === 'out of range')
            throw eventsDeleted({topic: this.#place.topic, partition}, this.#merge.safe ?? this.#after ?? 0n);
        if (problem !== undefined)
            throw driverError(problem.error);
        // An answer to a question that was asked before the last one.
        if (nextOffset < lane.offset)
            return;
        for (const message of messages) {
            if (message.offset >= lane.offset)
                this.#read(partition, message);
        }
        lane.offset = nextOffset;
        lane.end = endOffset;
    }

    #read(partition: number, message: RecordedMessage): void {
        const read = readBusMessage(message);
        if (read === undefined) {
            this.#place.logger.warn({topic: message.topic, partition, offset: String(message.offset)}, 'A message on the bus is no event of a Woltage log; it is left out');
            return;
        }
        if (read.partitions > this.#lanes.length)
            throw new MorePartitions();
        const isWanted = read.type !== undefined && this.#types?.has(read.type) !== false;
        const event = isWanted ? read.event() : undefined;
        const isAccepted = event !== undefined && this.#accepts?.(event.aggregateName, event.aggregateId) !== false;
        this.#merge.add(partition, read.position, isAccepted ? event : undefined);
    }
}

/** Whether a reader had got to a place before the beginnings: Kafka has forgotten where they were, and those of today are later. Whoever goes on misses nothing then. */
const isBefore = (after: bigint | undefined, known: readonly (bigint | undefined)[]): boolean => after !== undefined && known.every(position => position !== undefined && position > after);

const greater = (a: bigint, b: bigint): bigint => a > b ? a : b;
