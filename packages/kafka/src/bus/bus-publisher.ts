import {ConfigError, delay, GoneError, partitionOf, type IEventStore, type Logger, type RecordedEvent, type SubscriptionBatch, type TopicMessage, type TopicPartition} from 'woltage';
import {Outage} from '../consume/outage.ts';
import {driverError} from '../driver/failures.ts';
import type {IKafkaDriver, IKafkaReader} from '../driver/kafka-driver.ts';
import {pauseMs} from '../pause.ts';
import type {Publisher} from '../publish/publisher.ts';
import {keyOf, toEventMessage, toMark} from './bus-message.ts';
import {EndMarks} from './end-marks.ts';
import {lastEvent, lastPosition} from './scan.ts';

/** Published at a time: a publisher that has lost its place still sends no more than this. */
const BATCH = 1000;
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;
const LOOK_FOR_PARTITIONS_MS = 30_000;
/** How often the ends of the partitions are marked anew, in ms. */
const MARK_AGAIN_MS = 300_000;

export interface BusPublisherOptions {
    readonly driver: IKafkaDriver;
    readonly publisher: Publisher;
    readonly log: IEventStore;
    readonly topic: string;
    readonly group: string;
    readonly logger: Logger;
    /** For tests. @default 300000 */
    readonly markAgainMs?: number;
}

/**
 * Publishes all events of a log to a topic, in the log's order.
 *
 * The topic itself says how far that has got: whatever has a position in a partition comes behind everything up to that position that belongs there. So a publisher begins behind the last message of
 * each partition, and what happens to publishers loses nothing, and brings nothing out of order. A consumer group sees to it that there is one at a time, as far as that can be told: two of them
 * would repeat events, and readers leave out what they have had.
 */
export class BusPublisher {
    readonly #options: BusPublisherOptions;
    readonly #outage: Outage;
    readonly #ending = new AbortController();
    #done: Promise<void> | undefined;

    constructor(options: BusPublisherOptions) {
        this.#options = options;
        const {logger, topic} = options;
        this.#outage = new Outage(error => {
            if (error === undefined)
                logger.info({topic}, 'Events are published again');
            else if (error instanceof ConfigError)
                logger.error({topic, err: error}, `Events can't be published: ${error.message}`);
            else
                logger.warn({topic, err: error}, `Events can't be published at the moment, they wait in the log: ${error.message}`);
        });
    }

    start(): void {
        this.#done ??= this.#run(this.#ending.signal);
    }

    async stop(): Promise<void> {
        this.#ending.abort();
        await this.#done;
    }

    async #run(signal: AbortSignal): Promise<void> {
        for (let failed = 0; !signal.aborted;) {
            const life = new AbortController();
            const end = (): void => life.abort();
            signal.addEventListener('abort', end);
            try {
                await this.#live(life);
                failed = 0;
            } catch (error) {
                if (!signal.aborted)
                    this.#outage.begin(error instanceof Error ? error : driverError(error));
                failed++;
            } finally {
                signal.removeEventListener('abort', end);
                life.abort();
            }
            await delay(pauseMs(failed, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal);
        }
    }

    /** One membership in the group of publishers. */
    async #live(life: AbortController): Promise<void> {
        const {driver, topic, group} = this.#options;
        const partitions = await driver.partitions(topic, true);
        if (partitions === 0)
            throw new Error(`The topic '${topic}' doesn't exist, and Kafka doesn't create it by itself: create it.`);
        let turn = new AbortController();
        let work: Promise<void> = Promise.resolve();
        let failure: unknown;
        const stopTurn = (): void => turn.abort();
        const fail = (error: unknown): void => {
            failure ??= error;
            life.abort();
        };
        life.signal.addEventListener('abort', stopTurn);
        const member = await driver.join(group, [topic], {
            onRebalance: () => {
                stopTurn();
                return work;
            },
            onLost: fail,
            onAssigned: assigned => {
                turn.abort();
                turn = new AbortController();
                const {signal} = turn;
                if (life.signal.aborted || !isPublisher(assigned))
                    return;
                work = work.then(() => this.#publish(partitions, signal)).catch(fail);
            }
        }, life.signal);
        while (!life.signal.aborted) {
            await delay(LOOK_FOR_PARTITIONS_MS, life.signal);
            if (!life.signal.aborted && await driver.partitions(topic, true).catch(() => partitions) !== partitions)
                life.abort();
        }
        await work;
        await member.leave();
        if (failure !== undefined)
            throw failure;
    }

    async #publish(partitions: number, signal: AbortSignal): Promise<void> {
        const {log} = this.#options;
        const reached = await this.#reached(partitions);
        this.#outage.end();
        const after = reached.reduce((least, position) => position === undefined || least === undefined ? undefined : position < least ? position : least);
        const marks = new EndMarks(this.#options.markAgainMs ?? MARK_AGAIN_MS, () => this.#markEnds(reached));
        try {
            for await (const batch of log.subscribe({after, signal, batchSize: BATCH})) {
                if (signal.aborted)
                    return;
                await marks.during(() => this.#options.publisher.publish(this.#messagesOf(batch, reached)));
                this.#outage.end();
            }
        } finally {
            await marks.stop();
        }
    }

    async #markEnds(reached: readonly (bigint | undefined)[]): Promise<void> {
        const {topic, publisher, logger} = this.#options;
        try {
            await publisher.publish(reached.flatMap((position, partition) => position === undefined ? [] : [toMark(topic, position, partition, reached.length)]));
        } catch (error) {
            logger.debug({err: error, topic}, 'The ends of the partitions were not marked anew');
        }
    }

    /** What the topic has comes from this log, else the positions there mean nothing here, and events would be left out. @throws ConfigError `BUS_OF_ANOTHER_LOG` */
    async #checkLog(reader: IKafkaReader, places: readonly TopicPartition[]): Promise<void> {
        const {topic, log} = this.#options;
        const events = await Promise.all(places.map(place => lastEvent(reader, place)));
        const last = events.reduce((one, other) => one === undefined || other !== undefined && other.position > one.position ? other : one);
        if (last !== undefined && !await isIn(log, last))
            throw new ConfigError(`The topic '${topic}' has events of another log, such as ${last.id} at position ${last.position}: a log needs a topic of its own, and a new one when it was begun anew or restored.`,
                {code: 'BUS_OF_ANOTHER_LOG'});
    }

    /** Up to where each partition has everything. @throws ConfigError `BUS_OF_ANOTHER_LOG` */
    async #reached(partitions: number): Promise<(bigint | undefined)[]> {
        const {driver, topic} = this.#options;
        const places = Array.from({length: partitions}, (_, partition) => ({topic, partition}));
        const reader = driver.reader();
        try {
            await this.#checkLog(reader, places);
            return await Promise.all(places.map(place => lastPosition(reader, place)));
        } finally {
            await reader.close();
        }
    }

    /** The events, and marks for the partitions that have got none of the last. */
    #messagesOf({events, position}: SubscriptionBatch, reached: (bigint | undefined)[]): TopicMessage[] {
        const {topic} = this.#options;
        const count = reached.length;
        const isBehind = (partition: number, at: bigint): boolean => (reached[partition] ?? -1n) < at;
        const messages: TopicMessage[] = [];
        for (const event of events) {
            const partition = partitionOf(keyOf(event), count);
            if (!isBehind(partition, event.position))
                continue;
            messages.push(toEventMessage(topic, event, partition, count));
            reached[partition] = event.position;
        }
        for (let partition = 0; position !== undefined && partition < count; partition++) {
            if (!isBehind(partition, position))
                continue;
            messages.push(toMark(topic, position, partition, count));
            reached[partition] = position;
        }
        return messages;
    }
}

/** Whether a log has an event; true where its stream was erased. */
async function isIn(log: IEventStore, {aggregateName, aggregateId, revision, position, id}: RecordedEvent): Promise<boolean> {
    try {
        for await (const page of log.read(aggregateName, aggregateId, {fromRevision: revision, limit: 1})) {
            for (const event of page)
                return event.id === id && event.position === position;
        }
        return false;
    } catch (error) {
        if (error instanceof GoneError)
            return true;
        throw error;
    }
}

/** Whoever has the first partition publishes to all. */
const isPublisher = (assigned: readonly TopicPartition[]): boolean => assigned.some(({partition}) => partition === 0);
