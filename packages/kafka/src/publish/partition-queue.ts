import {BadRequestError, ConfigError, delay, UnavailableError, type TopicPartition, type WoltageError} from 'woltage';
import {driverError} from '../driver/failures.ts';
import type {DriverError, RawMessage} from '../driver/kafka-driver.ts';
import type {ProducerLease} from './producers.ts';

/** Below what brokers take by default, with room for the batch's head. */
const MAX_BATCH_BYTES = 900_000;
const MAX_BATCH_MESSAGES = 5000;
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 1000;

/** One call of `publish`: settled when all of its messages are. */
export interface Publication {
    /** When it has to be over, in ms of `performance.now`. */
    readonly deadline: number;
    /** True when one of its messages was given up: those behind it in the same partition must not be sent. */
    hasFailed: boolean;
    settle(error?: WoltageError): void;
}

export interface QueuedMessage {
    readonly message: RawMessage;
    readonly size: number;
    readonly publication: Publication;
}

/** Sends the messages of one partition in their order: one batch under way, the next gathers meanwhile. */
export class PartitionQueue {
    readonly #place: TopicPartition;
    readonly #acquire: () => ProducerLease;
    readonly #onFailure: (error: Error) => void;
    #waiting: QueuedMessage[] = [];
    #running: Promise<void> | undefined;

    constructor(place: TopicPartition, acquire: () => ProducerLease, onFailure: (error: Error) => void) {
        this.#place = place;
        this.#acquire = acquire;
        this.#onFailure = onFailure;
    }

    push(messages: readonly QueuedMessage[]): void {
        this.#waiting.push(...messages);
        this.#running ??= this.#run();
    }

    /** Resolves when nothing is waiting any more. */
    async drained(): Promise<void> {
        await this.#running;
    }

    async #run(): Promise<void> {
        // What is published in the same turn goes together.
        await Promise.resolve();
        while (this.#waiting.length > 0)
            await this.#send(this.#nextBatch());
        this.#running = undefined;
    }

    #nextBatch(): QueuedMessage[] {
        let bytes = 0;
        let count = 0;
        for (const {size} of this.#waiting) {
            bytes += size;
            if (count > 0 && (bytes > MAX_BATCH_BYTES || count >= MAX_BATCH_MESSAGES))
                break;
            count++;
        }
        return this.#waiting.splice(0, count);
    }

    async #send(batch: readonly QueuedMessage[]): Promise<void> {
        const live = batch.filter(({publication}) => !publication.hasFailed);
        for (const {publication} of batch) {
            if (publication.hasFailed)
                publication.settle();
        }
        if (live.length === 0)
            return;
        const failure = await this.#attempt(live);
        if (failure?.kind === 'too large' && live.length > 1) {
            const middle = live.length >> 1;
            await this.#send(live.slice(0, middle));
            await this.#send(live.slice(middle));
            return;
        }
        const error = failure && this.#errorFor(failure);
        for (const {publication} of live) {
            publication.hasFailed ||= error !== undefined;
            publication.settle(error);
        }
    }

    /** Tries until it is done, until time is up, or until trying again is no use. */
    async #attempt(batch: readonly QueuedMessage[]): Promise<DriverError | undefined> {
        const deadline = Math.min(...batch.map(({publication}) => publication.deadline));
        const messages = batch.map(({message}) => message);
        let lease = this.#acquire();
        try {
            for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
                const failure = await this.#try(lease, messages);
                if (failure === undefined || failure.kind === 'too large' || failure.kind === 'invalid')
                    return failure;
                this.#onFailure(failure);
                const isHopeless = failure.kind !== 'later' && failure.kind !== 'producer lost' || performance.now() + pauseMs >= deadline;
                // Whether the batch is there may not be known: what comes next must not carry its numbers.
                if (isHopeless || failure.kind === 'producer lost')
                    lease.retire();
                if (isHopeless)
                    return failure;
                if (failure.kind === 'producer lost') {
                    // None of the attempts has left anything, else the broker had known the numbers.
                    lease.release();
                    lease = this.#acquire();
                }
                await delay(pauseMs);
            }
        } finally {
            lease.release();
        }
    }

    async #try(lease: ProducerLease, messages: readonly RawMessage[]): Promise<DriverError | undefined> {
        try {
            await lease.send(this.#place, messages);
            return undefined;
        } catch (error) {
            return driverError(error);
        }
    }

    #errorFor({kind, message, cause}: DriverError): WoltageError {
        const {topic, partition} = this.#place;
        if (kind === 'too large' || kind === 'invalid')
            return new BadRequestError(`Kafka refuses a message for ${topic}/${partition}: ${message}`, {code: 'INVALID_MESSAGE', cause});
        if (kind === 'refused')
            return new ConfigError(`Kafka refuses the credentials for ${topic}/${partition}: ${message}`, {code: 'KAFKA_CREDENTIALS', cause});
        return new UnavailableError(`Kafka could not take messages for ${topic}/${partition} in time; some may have been published: ${message}`, {code: 'BROKER_UNAVAILABLE', cause});
    }
}
