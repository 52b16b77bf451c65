import {setMaxListeners} from 'node:events';
import type {Consumer, EachBatchPayload, PartitionAssigner} from 'kafkajs';
import {delay, type ConsumeOptions, type Logger, type TopicPartition} from 'woltage';
import {Lane} from '../consume/lane.ts';
import type {Outage} from '../consume/outage.ts';
import {DriverError} from '../driver/kafka-driver.ts';
import type {KafkaJsCluster} from './cluster.ts';
import type {KafkaJs} from './load.ts';
import {Track, type FetchedBatch} from './track.ts';

/** A fetch without messages is answered after so long; what is resumed meanwhile waits for it. */
const MAX_WAIT_MS = 100;
const MAX_BYTES = 1_048_576;
const HEARTBEATS = 6;
const CONCURRENTLY = 8;
/** How much of the session's time may pass until what is being handled is done and the group is joined anew. */
const PATIENCE = 0.6;

const keyOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`;

export interface MembershipOptions extends Pick<ConsumeOptions, 'group' | 'topics' | 'from' | 'resume' | 'handle'> {
    readonly library: KafkaJs;
    readonly cluster: KafkaJsCluster;
    readonly logger: Logger;
    readonly sessionTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly outage: Outage;
}

/** What the group has assigned, until it assigns anew. */
interface Generation {
    readonly ending: AbortController;
    readonly tracks: Map<string, Track>;
    done: Promise<void>;
}

function generation(): Generation {
    const ending = new AbortController();
    // Each partition listens.
    setMaxListeners(0, ending.signal);
    return {ending, tracks: new Map(), done: Promise.resolve()};
}

/** One kafkajs consumer, from joining a group to leaving it. */
export class Membership {
    readonly #options: MembershipOptions;
    readonly #life: AbortController;
    readonly #consumer: Consumer;
    #generation = generation();
    #lastSign = performance.now();
    #error: Error | undefined;
    #hasConsumed = false;

    constructor(options: MembershipOptions, life: AbortController) {
        this.#options = options;
        this.#life = life;
        const {library: {kafka, roundRobin}, group, sessionTimeoutMs} = options;
        const assigner: PartitionAssigner = config => {
            // The library has no hook that is awaited before it joins anew; it looks for the coordinator then.
            const {cluster} = config;
            const find = cluster.findGroupCoordinator.bind(cluster);
            cluster.findGroupCoordinator = async asked => {
                await this.#handedOver();
                return find(asked);
            };
            return roundRobin(config);
        };
        this.#consumer = kafka.consumer({
            groupId: group, partitionAssigners: [assigner], sessionTimeout: sessionTimeoutMs, rebalanceTimeout: Math.max(60_000, sessionTimeoutMs), heartbeatInterval: Math.ceil(sessionTimeoutMs / HEARTBEATS),
            maxWaitTimeInMs: MAX_WAIT_MS, maxBytesPerPartition: MAX_BYTES, metadataMaxAge: 30_000, allowAutoTopicCreation: false,
            retry: {retries: 2, initialRetryTime: 50, maxRetryTime: 1000, restartOnFailure: () => Promise.resolve(false)}
        });
    }

    /** Until the life ends. @returns Whether it has had partitions */
    async run(): Promise<boolean> {
        const {topics} = this.#options;
        const ended = new Promise<void>(resolve => {
            this.#life.signal.addEventListener('abort', () => {
                this.#generation.ending.abort();
                resolve();
            });
        });
        this.#listen();
        const watching = this.#watch();
        try {
            await this.#consumer.connect();
            await this.#consumer.subscribe({topics: [...topics], fromBeginning: true});
            // Joins; what is ended before that would join afterwards.
            await this.#consumer.run({autoCommit: false, partitionsConsumedConcurrently: CONCURRENTLY, eachBatch: payload => this.#eachBatch(payload)});
            await ended;
        } finally {
            this.#life.abort();
            await this.#generation.done;
            await watching;
            await this.#consumer.disconnect().catch(() => undefined);
        }
        if (this.#error !== undefined)
            throw this.#error;
        return this.#hasConsumed;
    }

    #listen(): void {
        const consumer = this.#consumer;
        const {CRASH, REBALANCING, GROUP_JOIN, FETCH, HEARTBEAT} = consumer.events;
        const onSign = (): void => void (this.#lastSign = performance.now());
        consumer.on(FETCH, onSign);
        consumer.on(HEARTBEAT, onSign);
        consumer.on(CRASH, ({payload: {error}}) => this.#end(error));
        consumer.on(REBALANCING, () => this.#generation.ending.abort());
        consumer.on(GROUP_JOIN, ({payload: {memberAssignment}}) => {
            onSign();
            this.#begin(Object.entries(memberAssignment).flatMap(([topic, partitions]) => partitions.map(partition => ({topic, partition}))));
        });
    }

    #end(error: Error): void {
        this.#error ??= error;
        this.#life.abort();
    }

    /** Ends it when the library has fallen silent without a word. */
    async #watch(): Promise<void> {
        const {sessionTimeoutMs, requestTimeoutMs} = this.#options;
        const {signal} = this.#life;
        const patienceMs = 60_000 + sessionTimeoutMs + requestTimeoutMs;
        while (!signal.aborted) {
            await delay(1000, signal);
            if (performance.now() - this.#lastSign > patienceMs)
                this.#end(new DriverError('later', 'kafkajs has stopped reading', undefined));
        }
    }

    /** Before the group is joined, anew: what is being handled is waited for, as long as the session bears it. */
    async #handedOver(): Promise<void> {
        const {ending, done} = this.#generation;
        if (ending.signal.aborted)
            await Promise.race([done, delay(this.#options.sessionTimeoutMs * PATIENCE)]);
        if (this.#life.signal.aborted)
            throw new DriverError('later', 'the consumer has ended', undefined);
    }

    /** Called while kafkajs is about to fetch: everything is paused until it is known where to begin. */
    #begin(places: readonly TopicPartition[]): void {
        const before = this.#generation;
        before.ending.abort();
        const begun = this.#generation = generation();
        if (this.#life.signal.aborted)
            begun.ending.abort();
        this.#consumer.pause(places.map(({topic, partition}) => ({topic, partitions: [partition]})));
        begun.done = before.done.then(() => this.#consume(places, begun)).catch((error: unknown) => this.#end(error as Error));
    }

    async #consume(places: readonly TopicPartition[], {ending: {signal}, tracks}: Generation): Promise<void> {
        const {resume, outage} = this.#options;
        if (signal.aborted)
            return;
        const offsets = places.length === 0 ? [] : await this.#beginnings(places, await resume(places));
        if (signal.aborted)
            return;
        outage.end();
        this.#hasConsumed ||= places.length > 0;
        const lanes = places.map((place, n) => this.#lane(place, offsets[n] as bigint, signal, tracks));
        await Promise.all(lanes.map(lane => lane.run()));
    }

    #lane(place: TopicPartition, offset: bigint, signal: AbortSignal, tracks: Map<string, Track>): Lane {
        const {resume, handle, logger, outage, cluster} = this.#options;
        const lane = new Lane({
            place, resume, handle, signal, onHandled: () => undefined, onHunger: () => track.feed(),
            begin: async () => (await this.#beginnings([place], [undefined]))[0] as bigint,
            onFailure: error => logger.debug({...place, err: error}, 'A batch was not taken over, it comes again')
        }, offset);
        const track = new Track({lane, signal, consumer: this.#consumer, cluster, logger, outage});
        tracks.set(keyOf(place), track);
        return lane;
    }

    async #beginnings(places: readonly TopicPartition[], resumed: readonly (bigint | undefined)[]): Promise<readonly bigint[]> {
        const {cluster, from} = this.#options;
        if (places.every((_, n) => resumed[n] !== undefined))
            return resumed as readonly bigint[];
        const bounds = await cluster.bounds(places);
        return bounds.map(({start, end}, n) => resumed[n] ?? (from === 'start' ? start : end));
    }

    async #eachBatch(payload: EachBatchPayload): Promise<void> {
        const track = this.#generation.tracks.get(keyOf(payload.batch));
        // Where it isn't known yet where to begin, that is sought afterwards, whatever has come.
        if (track !== undefined && !payload.isStale())
            await track.take(payload.batch as FetchedBatch);
    }
}
