import {setMaxListeners} from 'node:events';
import {BadRequestError, checkMessage, ConfigError, delay, partitionOf, publishAborted, UnavailableError, unlessAborted, type BrokerPublishOptions, type TopicMessage, type WoltageError} from 'woltage';
import {driverError} from '../driver/failures.ts';
import type {IKafkaDriver} from '../driver/kafka-driver.ts';
import {closedError} from './closing.ts';
import {encodeMessage, sizeOf} from './encode.ts';
import {PartitionQueue, type Publication, type QueuedMessage} from './partition-queue.ts';
import {isOver, type Patience} from './patience.ts';
import {Producers} from './producers.ts';

const PAUSE_MS = 250;
/** So long what has been called for is still tried when the publisher is closed. */
const CLOSING_MS = 3000;

interface Outgoing {
    readonly topic: string;
    readonly partition: number | undefined;
    readonly key: string | null | undefined;
    readonly message: QueuedMessage['message'];
}

/** What publishing takes. */
export type PublisherDriver = Pick<IKafkaDriver, 'partitions' | 'producer'>;

/** Publishes messages: chooses partitions, keeps the order of calls in each, bounds the time. */
export class Publisher {
    readonly #driver: PublisherDriver;
    readonly #timeoutMs: number;
    readonly #onFailure: (error: Error) => void;
    readonly #producers: Producers;
    readonly #queues = new Map<string, PartitionQueue>();
    /** The last call for each topic that hasn't got its partitions yet: later ones come behind it. */
    readonly #gates = new Map<string, Promise<void>>();
    /** Aborts when nothing is tried any more. */
    readonly #closed = new AbortController();
    #calls = 0;

    constructor(driver: PublisherDriver, timeoutMs: number, onFailure: (error: Error) => void) {
        this.#driver = driver;
        this.#timeoutMs = timeoutMs;
        this.#onFailure = onFailure;
        // As many calls and partitions may wait for it as there are: no leak that Node would have to warn of.
        setMaxListeners(0, this.#closed.signal);
        this.#producers = new Producers(() => driver.producer(), error => onFailure(driverError(error)));
    }

    async publish(messages: readonly TopicMessage[], {signal}: BrokerPublishOptions = {}): Promise<void> {
        messages.forEach(checkMessage);
        if (messages.length === 0)
            return;
        // As they are now: the caller may change them.
        const outgoing = messages.map((message): Outgoing => ({topic: message.topic, partition: message.partition, key: message.key, message: encodeMessage(message)}));
        const topics = [...new Set(messages.map(({topic}) => topic))];
        const patience: Patience = {deadline: performance.now() + this.#timeoutMs, signal};
        const before = topics.flatMap(topic => this.#gates.get(topic) ?? []);
        const placed = this.#place(outgoing, topics, patience, before);
        const gate = placed.then(() => undefined, () => undefined);
        for (const topic of topics)
            this.#gates.set(topic, gate);
        try {
            const {done} = await placed;
            await done;
        } finally {
            for (const topic of topics) {
                if (this.#gates.get(topic) === gate)
                    this.#gates.delete(topic);
            }
        }
    }

    /** Resolves when what has been called for is over, and closes the producers. What isn't published within a few seconds fails with `CLOSED`. */
    async close(): Promise<void> {
        const timer = setTimeout(() => this.#closed.abort(closedError()), CLOSING_MS);
        await Promise.all(this.#gates.values());
        await Promise.all([...this.#queues.values()].map(queue => queue.drained()));
        clearTimeout(timer);
        await this.#producers.close();
    }

    async #place(outgoing: readonly Outgoing[], topics: readonly string[], patience: Patience, before: readonly Promise<void>[]): Promise<{done: Promise<void>}> {
        const counts = new Map(await Promise.all(topics.map(async topic => [topic, await this.#partitions(topic, outgoing, patience)] as const)));
        await Promise.all(before);
        const call = this.#calls++;
        const byPartition = new Map<string, {topic: string; partition: number; messages: Outgoing[]}>();
        for (const one of outgoing) {
            const partition = choosePartition(one, counts.get(one.topic) ?? 1, call);
            const key = `${one.topic}/${partition}`;
            const group = byPartition.get(key);
            if (group === undefined)
                byPartition.set(key, {topic: one.topic, partition, messages: [one]});
            else
                group.messages.push(one);
        }
        const done = new Promise<void>((resolve, reject) => {
            let left = outgoing.length;
            let failure: WoltageError | undefined;
            const settle = (error?: WoltageError): void => {
                failure ??= error;
                if (--left > 0)
                    return;
                if (failure === undefined)
                    resolve();
                else
                    reject(failure);
            };
            for (const {topic, partition, messages} of byPartition.values()) {
                const publication: Publication = {...patience, hasFailed: false, settle};
                this.#queue(topic, partition).push(messages.map(({message}) => ({message, size: sizeOf(message), publication})));
            }
        });
        return {done};
    }

    #queue(topic: string, partition: number): PartitionQueue {
        const key = `${topic}/${partition}`;
        let queue = this.#queues.get(key);
        if (queue === undefined)
            this.#queues.set(key, queue = new PartitionQueue({topic, partition}, this.#producers.acquire, this.#onFailure, this.#closed.signal));
        return queue;
    }

    /** Waits for a topic that is just being created, and for a broker that is away. */
    async #partitions(topic: string, outgoing: readonly Outgoing[], patience: Patience): Promise<number> {
        const greatest = Math.max(-1, ...outgoing.filter(one => one.topic === topic).map(({partition = -1}) => partition));
        for (;;) {
            const count = await this.#count(topic, greatest, patience);
            if (count > greatest && count > 0)
                return count;
            if (count > 0)
                throw new BadRequestError(`The topic '${topic}' has ${count} partitions; there is no partition ${greatest}.`, {code: 'INVALID_MESSAGE'});
            if (isOver(patience, performance.now() + PAUSE_MS))
                throw givenUp(patience, new UnavailableError(`The topic '${topic}' doesn't exist, and Kafka doesn't create it by itself: create it.`, {code: 'BROKER_UNAVAILABLE'}));
            await delay(PAUSE_MS, this.#closed.signal);
        }
    }

    /** 0 while there is no such topic, or no broker. */
    async #count(topic: string, greatest: number, patience: Patience): Promise<number> {
        const {signal} = this.#closed;
        try {
            const count = await unlessAborted(signal, () => this.#driver.partitions(topic));
            return count > 0 && greatest >= count ? await unlessAborted(signal, () => this.#driver.partitions(topic, true)) : count;
        } catch (error) {
            if (signal.aborted)
                throw closedError(error);
            const failure = driverError(error);
            if (failure.kind === 'invalid')
                throw new BadRequestError(`Kafka refuses the topic '${topic}': ${failure.message}`, {code: 'INVALID_MESSAGE', cause: error});
            this.#onFailure(failure);
            if (failure.kind === 'refused')
                throw new ConfigError(`Kafka refuses the credentials for '${topic}': ${failure.message}`, {code: 'KAFKA_CREDENTIALS', cause: error});
            if (isOver(patience, performance.now() + PAUSE_MS))
                throw givenUp(patience, new UnavailableError(`Kafka doesn't tell the partitions of '${topic}': ${failure.message}`, {code: 'BROKER_UNAVAILABLE', cause: error}));
            return 0;
        }
    }
}

/** What a call fails with that isn't tried any more: where nobody wants it, that. */
const givenUp = ({signal}: Patience, failure: WoltageError): WoltageError => signal?.aborted === true ? publishAborted(failure) : failure;

function choosePartition({partition, key}: Outgoing, count: number, call: number): number {
    if (partition !== undefined)
        return partition;
    return key === null || key === undefined ? call % count : partitionOf(key, count);
}
