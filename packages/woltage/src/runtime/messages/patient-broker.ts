import {ConfigError, UnavailableError} from '../../errors/index.ts';
import type {BrokerPublishOptions, ConsumeOptions, IMessageBroker, TopicMessage} from '../../ports/index.ts';
import {inBackground} from '../../shared/background.ts';
import {backoffMs, delay} from '../../shared/delay.ts';
import type {Logger} from '../../shared/logger.ts';

/** How long a start waits for the broker, in ms: what is wrong with its settings shows by then. */
const FIRST_TRY_MS = 1000;
const MAX_PAUSE_MS = 5000;

/** A broker that may be away when a runtime starts: it is connected when it is there, in the background, or by who needs it. */
export class PatientBroker implements IMessageBroker {
    readonly #inner: IMessageBroker;
    readonly #log: Logger;
    readonly lastMessage?: NonNullable<IMessageBroker['lastMessage']>;
    #closing = new AbortController();
    #connecting: Promise<void> | undefined;
    #isConnected = false;

    constructor(inner: IMessageBroker, log: Logger) {
        this.#inner = inner;
        this.#log = log;
        if (inner.lastMessage !== undefined)
            this.lastMessage = async (topic, partition) => {
                await this.#connectNow();
                return inner.lastMessage?.(topic, partition);
            };
    }

    /** Resolves when the broker is there, or soon; it is waited for then. @throws ConfigError when it is known by then that no waiting helps */
    async connect(): Promise<void> {
        if (this.#connecting !== undefined)
            return;
        this.#closing = new AbortController();
        const connecting = this.#connecting = this.#connectInTime(this.#closing.signal);
        inBackground(connecting, err => this.#log.error({err}, 'The message broker can\'t be used'));
        const soon = new AbortController();
        try {
            await Promise.race([connecting, delay(FIRST_TRY_MS, soon.signal)]);
        } finally {
            soon.abort();
        }
    }

    async close(): Promise<void> {
        this.#closing.abort();
        const connecting = this.#connecting;
        this.#connecting = undefined;
        this.#isConnected = false;
        await this.#inner.close();
        await connecting?.catch(() => undefined);
        // A connection that was being made may have come after that.
        await this.#inner.close();
    }

    async ping(): Promise<void> {
        await this.#connectNow();
        await this.#inner.ping();
    }

    async publish(messages: readonly TopicMessage[], options?: BrokerPublishOptions): Promise<void> {
        await this.#connectNow();
        await this.#inner.publish(messages, options);
    }

    async consume(options: ConsumeOptions): Promise<void> {
        this.#checkOpen();
        await this.#connected(options.signal);
        if (!options.signal.aborted && !this.#closing.signal.aborted)
            await this.#inner.consume(options);
    }

    async partitions(topic: string): Promise<number> {
        await this.#connectNow();
        return this.#inner.partitions(topic);
    }

    /** Waits for the connection, or until the signal aborts. Leaves nothing at the signal. */
    async #connected(signal: AbortSignal): Promise<void> {
        let end = (): void => undefined;
        const aborted = new Promise<void>(resolve => end = resolve);
        signal.addEventListener('abort', end);
        if (signal.aborted)
            end();
        await Promise.race([this.#connecting, aborted]).finally(() => signal.removeEventListener('abort', end));
    }

    async #connectInTime(signal: AbortSignal): Promise<void> {
        for (let outages = 0; !signal.aborted;) {
            try {
                await this.#inner.connect();
                this.#isConnected = true;
                if (outages > 0)
                    this.#log.info({}, 'The message broker is there');
                return;
            } catch (error) {
                if (error instanceof ConfigError)
                    throw error;
                if (signal.aborted)
                    return;
                if (outages === 0)
                    this.#log.warn({err: error}, 'The message broker can\'t be reached: it is waited for');
                await delay(backoffMs(outages++, 100, MAX_PAUSE_MS), signal);
            }
        }
    }

    async #connectNow(): Promise<void> {
        this.#checkOpen();
        if (!this.#isConnected)
            await this.#inner.connect();
    }

    #checkOpen(): void {
        if (this.#connecting === undefined)
            throw new UnavailableError('The message broker is not connected.', {code: 'CLOSED'});
    }
}
