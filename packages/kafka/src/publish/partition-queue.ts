import {BadRequestError, ConfigError, delay, publishAborted, UnavailableError, unlessAborted, type TopicPartition, type WoltageError} from 'woltage';
import {driverError} from '../driver/failures.ts';
import type {DriverError, RawMessage} from '../driver/kafka-driver.ts';
import {closedError} from './closing.ts';
import {isOver, type Patience} from './patience.ts';
import type {ProducerLease} from './producers.ts';

/** Below what brokers take by default, with room for the batch's head. */
const MAX_BATCH_BYTES = 900_000;
const MAX_BATCH_MESSAGES = 5000;
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 1000;

/** One call of `publish`: settled when all of its messages are. */
export interface Publication extends Patience {
    /** True when one of its messages was given up: those behind it in the same partition must not be sent. */
    hasFailed: boolean;
    settle(error?: WoltageError): void;
}

export interface QueuedMessage {
    readonly message: RawMessage;
    readonly size: number;
    readonly publication: Publication;
}

const isAborted = ({publication: {signal}}: QueuedMessage): boolean => signal?.aborted === true;

/** How the messages of a batch ended that weren't given up on the way. */
interface Outcome {
    readonly left: readonly QueuedMessage[];
    readonly failure: DriverError | undefined;
}

/** Sends the messages of one partition in their order: one batch under way, the next gathers meanwhile. */
export class PartitionQueue {
    readonly #place: TopicPartition;
    readonly #acquire: () => ProducerLease;
    readonly #onFailure: (error: Error) => void;
    readonly #closed: AbortSignal;
    #waiting: QueuedMessage[] = [];
    #running: Promise<void> | undefined;

    /** @param closed Nothing is tried any more when it has aborted */
    constructor(place: TopicPartition, acquire: () => ProducerLease, onFailure: (error: Error) => void, closed: AbortSignal) {
        this.#place = place;
        this.#acquire = acquire;
        this.#onFailure = onFailure;
        this.#closed = closed;
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
        const isLive = (message: QueuedMessage): boolean => !message.publication.hasFailed && !isAborted(message);
        const live = batch.filter(isLive);
        this.#giveUp(batch.filter(message => !isLive(message)));
        if (live.length === 0)
            return;
        const {left, failure} = await this.#attempt(live);
        if (failure?.kind === 'too large' && left.length > 1) {
            const middle = left.length >> 1;
            await this.#send(left.slice(0, middle));
            await this.#send(left.slice(middle));
            return;
        }
        this.#settle(left, failure);
    }

    /** Settles what isn't sent: because the message before it was not, or because nobody wants it any more. */
    #giveUp(messages: readonly QueuedMessage[]): void {
        for (const {publication} of messages) {
            const error = publication.hasFailed ? undefined : publishAborted();
            publication.hasFailed = true;
            publication.settle(error);
        }
    }

    #settle(messages: readonly QueuedMessage[], failure: DriverError | undefined): void {
        const error = failure && this.#errorFor(failure);
        for (const {publication} of messages) {
            publication.hasFailed ||= error !== undefined;
            publication.settle(error !== undefined && publication.signal?.aborted === true ? publishAborted(error) : error);
        }
    }

    /** Tries until it is done, until the time of each call is up, or until trying again is no use. Calls whose time is up are settled; the others go on without them. */
    async #attempt(batch: readonly QueuedMessage[]): Promise<Outcome> {
        let left = batch;
        let lease = this.#acquire();
        // Whether the batch is there may not be known: another one must not carry its numbers.
        const goOnWith = (staying: readonly QueuedMessage[], failure: DriverError): void => {
            this.#settle(left.filter(message => !staying.includes(message)), failure);
            left = staying;
            lease.retire();
            lease.release();
            lease = this.#acquire();
        };
        try {
            for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
                const failure = await this.#try(lease, left.map(({message}) => message));
                if (failure === undefined || failure.kind === 'too large' || failure.kind === 'invalid')
                    return {left, failure};
                this.#onFailure(failure);
                const staying = this.#stayingAfter(failure, left, performance.now() + pauseMs);
                // Where the producer is lost, none of the attempts has left anything.
                if (staying.length < left.length || failure.kind === 'producer lost')
                    goOnWith(staying, failure);
                if (left.length > 0)
                    await delay(pauseMs, this.#closed);
                const wanted = left.filter(message => !isAborted(message));
                if (wanted.length < left.length)
                    goOnWith(wanted, failure);
                if (left.length === 0)
                    return {left, failure};
            }
        } finally {
            lease.release();
        }
    }

    /** What is worth another attempt at some time. */
    #stayingAfter({kind}: DriverError, messages: readonly QueuedMessage[], next: number): readonly QueuedMessage[] {
        const isPassing = (kind === 'later' || kind === 'producer lost') && !this.#closed.aborted;
        return isPassing ? messages.filter(({publication}) => !isOver(publication, next)) : [];
    }

    async #try(lease: ProducerLease, messages: readonly RawMessage[]): Promise<DriverError | undefined> {
        try {
            const outcome = await unlessAborted(this.#closed, () => lease.send(this.#place, messages));
            if (outcome === 'was there')
                lease.retire();
            return undefined;
        } catch (error) {
            return driverError(error);
        }
    }

    #errorFor({kind, message, cause}: DriverError): WoltageError {
        const {topic, partition} = this.#place;
        if (this.#closed.aborted)
            return closedError(cause);
        if (kind === 'too large' || kind === 'invalid')
            return new BadRequestError(`Kafka refuses a message for ${topic}/${partition}: ${message}`, {code: 'INVALID_MESSAGE', cause});
        if (kind === 'refused')
            return new ConfigError(`Kafka refuses the credentials for ${topic}/${partition}: ${message}`, {code: 'KAFKA_CREDENTIALS', cause});
        return new UnavailableError(`Kafka could not take messages for ${topic}/${partition} in time; some may have been published: ${message}`, {code: 'BROKER_UNAVAILABLE', cause});
    }
}
