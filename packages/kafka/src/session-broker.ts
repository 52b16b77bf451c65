import {BadRequestError, checkTopicName, isWoltageError, UnavailableError, unlessAborted, type BrokerPublishOptions, type ConsumeOptions, type IMessageBroker, type Logger, type TopicMessage} from 'woltage';
import type {DriverError} from './driver/kafka-driver.ts';
import {kafkaError} from './kafka-error.ts';
import {checkOptions, type CheckedOptions, type KafkaBrokerOptions} from './options.ts';
import {closedError} from './publish/closing.ts';
import {Publisher, type PublisherDriver} from './publish/publisher.ts';

/** What a client library offers a broker between `connect` and `close`. */
export interface KafkaSession extends PublisherDriver {
    /** Asks the cluster. @throws DriverError */
    ping(): Promise<void>;
    /** Consumes, whatever happens to the cluster, until the signal aborts. @throws DriverError of kind `refused` */
    consume(options: ConsumeOptions): Promise<void>;
    close(): Promise<void>;
}

interface Open<S extends KafkaSession> {
    readonly session: S;
    readonly publisher: Publisher;
    readonly consumers: Set<Promise<void>>;
    readonly closing: AbortController;
}

/** How long an attempt to connect still waits for the cluster when `close` has been called since, in ms: one that is there has answered by then. */
const ANSWER_MS = 500;

/** What Kafka's brokers have in common, whichever library speaks to the cluster. */
export abstract class SessionBroker<S extends KafkaSession> implements IMessageBroker {
    protected readonly options: CheckedOptions;
    protected readonly logger: Logger;
    #open: Open<S> | undefined;
    #transition: Promise<void> = Promise.resolve();
    #connecting: Promise<void> | undefined;
    #breakOff = new AbortController();

    /** @throws ConfigError `KAFKA_OPTIONS` */
    constructor(options: KafkaBrokerOptions) {
        this.options = checkOptions(options);
        this.logger = this.options.logger;
    }

    /** A session, without having asked the cluster. */
    protected abstract begin(): Promise<S>;

    /** Errors of the library in the terms of the port. */
    protected abstract failureOf(error: unknown): DriverError;

    connect(): Promise<void> {
        // Whoever calls while an attempt is under way has its outcome: one after the other, they would wait for the broker again and again.
        const {signal} = this.#breakOff;
        const connecting = this.#connecting ??= this.#inTurn(() => this.#connect(signal)).finally(() => {
            if (this.#connecting === connecting)
                this.#connecting = undefined;
        });
        return connecting;
    }

    close(): Promise<void> {
        this.#breakOff.abort();
        this.#breakOff = new AbortController();
        this.#connecting = undefined;
        return this.#inTurn(async () => {
            const open = this.#open;
            if (open === undefined)
                return;
            this.#open = undefined;
            open.closing.abort();
            await Promise.all([open.publisher.close(), ...open.consumers]);
            await open.session.close();
        });
    }

    async #connect(signal: AbortSignal): Promise<void> {
        if (this.#open !== undefined)
            return;
        const session = await this.begin();
        try {
            await answer(session, signal);
        } catch (error) {
            await session.close();
            throw this.#unavailable(error);
        }
        const publisher = new Publisher(session, this.options.timeoutMs, error => this.logger.debug({err: error}, 'Publishing failed, it is tried again'));
        this.#open = {session, publisher, consumers: new Set(), closing: new AbortController()};
    }

    async ping(): Promise<void> {
        await this.ask(session => session.ping());
    }

    async publish(messages: readonly TopicMessage[], options?: BrokerPublishOptions): Promise<void> {
        await this.#opened().publisher.publish(messages, options);
    }

    async consume(options: ConsumeOptions): Promise<void> {
        const {session, consumers, closing} = this.#opened();
        options.topics.forEach(checkTopicName);
        const running = session.consume({...options, group: `${this.options.groupPrefix}.${options.group}`, signal: AbortSignal.any([options.signal, closing.signal])});
        const ended = running.catch(() => undefined).finally(() => consumers.delete(ended));
        consumers.add(ended);
        try {
            await running;
        } catch (error) {
            throw this.#unavailable(error);
        }
    }

    async partitions(topic: string): Promise<number> {
        checkTopicName(topic);
        const count = await this.ask(session => session.partitions(topic, true));
        if (count === 0)
            throw new UnavailableError(`The topic '${topic}' doesn't exist, and Kafka doesn't create it by itself: create it.`, {code: 'BROKER_UNAVAILABLE'});
        return count;
    }

    /** Has failures told in the words that callers know. @throws UnavailableError `CLOSED` */
    protected async ask<R>(question: (session: S) => Promise<R>): Promise<R> {
        try {
            return await question(this.#opened().session);
        } catch (error) {
            throw this.#unavailable(error);
        }
    }

    #opened(): Open<S> {
        if (this.#open === undefined)
            throw new UnavailableError('The Kafka broker is not connected.', {code: 'CLOSED'});
        return this.#open;
    }

    #unavailable(error: unknown): Error {
        if (isWoltageError(error))
            return error;
        const failure = this.failureOf(error);
        if (failure.kind === 'invalid')
            return new BadRequestError(`Kafka refuses it: ${failure.message}`, {code: 'INVALID_MESSAGE', cause: error});
        return kafkaError(failure, this.options.brokers);
    }

    #inTurn(task: () => Promise<void>): Promise<void> {
        const turn = this.#transition.then(task);
        this.#transition = turn.catch(() => undefined);
        return turn;
    }
}

/** Waits for the cluster to answer; not for long where the signal has aborted. @throws UnavailableError `CLOSED` */
async function answer(session: KafkaSession, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
        timer = setTimeout(() => over.abort(closedError()), ANSWER_MS);
    };
    signal.addEventListener('abort', end);
    if (signal.aborted)
        end();
    try {
        await unlessAborted(over.signal, () => session.ping());
    } finally {
        signal.removeEventListener('abort', end);
        clearTimeout(timer);
    }
}
