import {within, type Logger} from 'woltage';
import type {ClientSource} from './client-source.ts';
import {isCluster, send, type RedisClient} from './client.ts';
import {credentialsRefused, isAboutCredentials, noAnswer, unreachable} from './redis-error.ts';
import {inspectServer, rehearse} from './server-settings.ts';

const RETRY_MS = 100;

export interface LinkOptions {
    readonly source: ClientSource;
    /** The server's address for messages. */
    readonly server: string;
    readonly timeoutMs: number;
    /** What only this store's keys begin with. */
    readonly keyPrefix: string;
    readonly logger: Logger | undefined;
}

/** A client in use. */
interface Attached {
    readonly client: RedisClient;
    /** Whether it was opened here, and so is closed here. */
    readonly isOwn: boolean;
    readonly listeners: Readonly<Record<'error' | 'ready' | 'connect', (value?: unknown) => void>>;
}

/** The way to the server: a client of the driver, which connects again by itself, and is replaced when it gives no answers. */
export class Link {
    readonly #options: LinkOptions;
    readonly #waiting = new Set<() => void>();
    #current: Attached;
    /** Whether it was connected once: from then on it is connected again for as long as it takes. */
    #isEstablished = false;
    #isTroubled = false;
    #lastError: unknown;
    #greeting: NodeJS.Timeout | undefined;

    constructor(options: LinkOptions) {
        this.#options = options;
        this.#current = this.#attach();
    }

    /** The client for native use. */
    get client(): RedisClient {
        return this.#current.client;
    }

    /**
     * Connects, and tries again where that may help.
     *
     * @throws ConfigError `REDIS_CREDENTIALS`
     * @throws UnavailableError `REDIS_UNAVAILABLE` when it has not succeeded in time
     */
    async establish(): Promise<void> {
        const {server, timeoutMs} = this.#options;
        const deadline = Date.now() + timeoutMs;
        for (; ;) {
            try {
                await within(Math.max(1, deadline - Date.now()), this.#tryToConnect(), () => this.#lastError ?? new Error('it gives no answer'));
                this.#isEstablished = true;
                return;
            } catch (error) {
                if (isAboutCredentials(error))
                    throw credentialsRefused(error, server);
                if (Date.now() + RETRY_MS >= deadline)
                    throw unreachable(server, timeoutMs, error);
                this.#lastError = error;
                await new Promise(resolve => setTimeout(resolve, RETRY_MS));
            }
        }
    }

    /**
     * Sends a command as soon as there is a connection.
     *
     * @throws UnavailableError `REDIS_UNAVAILABLE` when that, or then the answer, takes too long; other errors are the driver's
     */
    async send(key: string, args: string[]): Promise<unknown> {
        const now = this.#current.client;
        if (now.isOpen && now.isReady === false && !isCluster(now))
            await this.#ready();
        const {client} = this.#current;
        return within(this.#options.timeoutMs, send(client, key, args), () => this.#giveUp(client));
    }

    close(): void {
        this.#isEstablished = false;
        this.#detach();
    }

    /** A server that answers may still be loading its data. */
    async #tryToConnect(): Promise<void> {
        const {client} = this.#current;
        const {server, keyPrefix, logger} = this.#options;
        if (!client.isOpen)
            await client.connect();
        if (!isCluster(client))
            await inspectServer(client, server, logger);
        await rehearse(client, keyPrefix, logger);
    }

    async #ready(): Promise<void> {
        const {server, timeoutMs} = this.#options;
        let wake = (): void => undefined;
        const ready = new Promise<void>(resolve => this.#waiting.add(wake = resolve));
        try {
            await within(timeoutMs, ready, () => unreachable(server, timeoutMs, this.#lastError));
        } finally {
            this.#waiting.delete(wake);
        }
    }

    /** Without answers, a connection may be broken in a way that the system finds out only much later: another one takes its place. */
    #giveUp(client: RedisClient): unknown {
        const error = noAnswer(this.#options.server, this.#options.timeoutMs);
        if (this.#current.client !== client || this.#options.source.isGiven || !this.#isEstablished)
            return error;
        this.#remember(error);
        this.#detach();
        this.#current = this.#attach();
        this.#current.client.connect().catch(this.#current.listeners.error);
        return error;
    }

    #attach(): Attached {
        const client = this.#options.source.create(() => this.#isEstablished);
        // Clients that were replaced may still have something to say.
        const ifCurrent = (listen: (value: unknown) => void) => (value?: unknown): void => {
            if (this.#current.client === client)
                listen(value);
        };
        const listeners = {
            error: ifCurrent(error => this.#remember(error)),
            ready: ifCurrent(() => this.#forget()),
            connect: ifCurrent(() => this.#greet(client))
        };
        for (const [event, listener] of Object.entries(listeners))
            client.on(event, listener);
        return {client, isOwn: !client.isOpen, listeners};
    }

    #detach(): void {
        const {client, isOwn, listeners} = this.#current;
        clearTimeout(this.#greeting);
        if (isOwn && client.isOpen)
            client.destroy();
        // An error that nobody hears would end the process: the store's own client keeps its listeners to the end.
        if (this.#options.source.isGiven)
            Object.entries(listeners).forEach(([event, listener]) => client.off(event, listener));
    }

    /** The driver waits for ever for a server that accepts a connection and then says nothing. */
    #greet(client: RedisClient): void {
        clearTimeout(this.#greeting);
        this.#greeting = setTimeout(() => this.#giveUp(client), this.#options.timeoutMs).unref();
    }

    #remember(error: unknown): void {
        const {logger, server} = this.#options;
        clearTimeout(this.#greeting);
        if (this.#isEstablished && !this.#isTroubled)
            logger?.warn({server, error}, 'The connection to Redis was lost; it is made again as soon as possible.');
        this.#isTroubled = this.#isEstablished;
        this.#lastError = error;
    }

    #forget(): void {
        const {logger, server} = this.#options;
        clearTimeout(this.#greeting);
        if (this.#isTroubled)
            logger?.info({server}, 'The connection to Redis is back.');
        this.#isTroubled = false;
        this.#lastError = undefined;
        this.#waiting.forEach(wake => wake());
    }
}
