import {Consumer, type BaseOptions} from '@platformatic/kafka';
import type {TopicPartition} from 'woltage';
import {abortedOf, keepAborted} from './aborted-transactions.ts';
import {cutConnections} from './cut-connections.ts';
import {driverError, isMangled, isTimeout} from './failures.ts';
import {DriverError, type FetchedPartition, type IKafkaReader, type PartitionOffset} from './kafka-driver.ts';
import {readRecords} from './read-records.ts';

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type FetchResponsePartition = FetchResponse['responses'][number]['partitions'][number];

/** From this version of fetches on, topics are named by their ids. */
const FETCH_BY_ID = 13;
const OUT_OF_RANGE = 1;
const READ_COMMITTED = 1;
const UNKNOWN_EPOCH = -1;

export class PlatformaticReader implements IKafkaReader {
    readonly #consumer: Consumer;
    readonly #onError: (error: Error) => void;
    #fetchesById: Promise<boolean> | undefined;

    constructor(options: BaseOptions, onError: (error: Error) => void) {
        this.#onError = onError;
        // It never joins; the library wants a name.
        this.#consumer = new Consumer({...options, groupId: `${options.clientId}.reader`, isolationLevel: READ_COMMITTED});
        this.#consumer.on('error', onError);
        keepAborted(this.#consumer);
    }

    async fetch(places: readonly PartitionOffset[], {maxWaitMs, maxBytes}: {readonly maxWaitMs: number; readonly maxBytes: number}): Promise<readonly FetchedPartition[]> {
        return this.#call(async () => {
            const topics = [...new Set(places.map(({topic}) => topic))];
            const {topics: known} = await this.#consumer.metadata({topics, autocreateTopics: true});
            const byId = await this.#knowsIds();
            const ids = new Map(topics.map(topic => [byId ? known.get(topic)?.id ?? '' : topic, topic]));
            const [first] = places as [PartitionOffset];
            const response = await this.#fetch({
                node: known.get(first.topic)?.partitions[first.partition]?.leader ?? -1,
                maxWaitTime: maxWaitMs, minBytes: 1, maxBytes: maxBytes * places.length, isolationLevel: READ_COMMITTED,
                topics: [...ids].map(([topicId, topic]) => ({
                    topicId,
                    partitions: places.filter(place => place.topic === topic).map(({partition, offset}) =>
                        ({partition, currentLeaderEpoch: UNKNOWN_EPOCH, fetchOffset: offset, lastFetchedEpoch: UNKNOWN_EPOCH, partitionMaxBytes: maxBytes}))
                }))
            });
            const fetched = response.responses.flatMap(({topicId, partitions}) => partitions.map(partition => toFetched(ids.get(topicId) ?? topicId, partition, places)));
            if (fetched.some(({problem}) => problem?.kind === 'later'))
                this.#consumer.clearMetadata();
            return fetched;
        });
    }

    async leaders(places: readonly TopicPartition[]): Promise<readonly number[]> {
        return this.#call(async () => {
            const {topics} = await this.#consumer.metadata({topics: [...new Set(places.map(({topic}) => topic))]});
            return places.map(({topic, partition}) => topics.get(topic)?.partitions[partition]?.leader ?? -1);
        });
    }

    async offsets(places: readonly TopicPartition[], at: 'start' | 'end'): Promise<readonly bigint[]> {
        return this.#call(async () => {
            const partitions: Record<string, number[]> = {};
            for (const {topic, partition} of places)
                (partitions[topic] ??= []).push(partition);
            const offsets = await this.#consumer.listOffsets({topics: Object.keys(partitions), partitions, timestamp: at === 'start' ? -2n : -1n});
            return places.map(({topic, partition}) => {
                const offset = offsets.get(topic)?.[partition];
                if (offset === undefined || offset < 0n)
                    throw new DriverError('later', `The broker doesn't say where ${topic}/${partition} ${at === 'start' ? 'begins' : 'ends'}.`, undefined);
                return offset;
            });
        });
    }

    async close(): Promise<void> {
        const closed = this.#consumer.close();
        cutConnections(this.#consumer);
        await closed.catch(this.#onError);
    }

    /** Partitions with an error make the library reject; the answer is there all the same. */
    async #fetch(options: Parameters<Consumer['fetch']>[0]): Promise<FetchResponse> {
        try {
            return await this.#consumer.fetch(options);
        } catch (error) {
            if (isMangled(error))
                throw new DriverError('unreadable', `a batch of messages can't be unpacked (${driverError(error).message})`, error);
            const response = responseOf(error);
            if (response === undefined || response.errorCode !== 0)
                throw error;
            return response;
        }
    }

    async #knowsIds(): Promise<boolean> {
        this.#fetchesById ??= this.#consumer.listApis().then(apis => (apis.find(({name}) => name === 'Fetch')?.maxVersion ?? 0) >= FETCH_BY_ID);
        try {
            return await this.#fetchesById;
        } catch (error) {
            this.#fetchesById = undefined;
            throw error;
        }
    }

    async #call<R>(call: () => Promise<R>): Promise<R> {
        try {
            return await call();
        } catch (error) {
            this.#consumer.clearMetadata();
            if (isTimeout(error))
                cutConnections(this.#consumer);
            throw driverError(error);
        }
    }
}

function responseOf(error: unknown): FetchResponse | undefined {
    if (!(error instanceof Error))
        return undefined;
    const {response, errors} = error as Error & {readonly response?: FetchResponse; readonly errors?: readonly unknown[]};
    if (response?.responses !== undefined)
        return response;
    return errors?.map(responseOf).find(found => found !== undefined) ?? responseOf(error.cause);
}

function toFetched(topic: string, answer: FetchResponsePartition, places: readonly PartitionOffset[]): FetchedPartition {
    const {partitionIndex, errorCode, lastStableOffset, logStartOffset, records} = answer;
    const from = places.find(place => place.topic === topic && place.partition === partitionIndex)?.offset ?? 0n;
    const place = {topic, partition: partitionIndex, startOffset: logStartOffset, endOffset: lastStableOffset};
    if (errorCode === 0)
        return {...place, ...readRecords(topic, partitionIndex, from, records ?? [], abortedOf(answer))};
    const error = new Error(`Reading ${topic}/${partitionIndex} from ${from} failed with Kafka's error ${errorCode}.`);
    return {...place, messages: [], nextOffset: from, problem: {kind: errorCode === OUT_OF_RANGE ? 'out of range' : 'later', error}};
}
