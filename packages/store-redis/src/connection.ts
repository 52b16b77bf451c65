import {UnavailableError, type Logger} from 'woltage';
import {clientSource, type ClientSource} from './client-source.ts';
import {isCluster, send, type RedisClient} from './client.ts';
import {checkOptions, serverName, type RedisStoreOptions} from './options.ts';
import {credentialsRefused, isAboutCredentials, isUnknownScript, noAnswer, storeError, unreachable} from './redis-error.ts';
import type {Script} from './scripts.ts';
import {inspectServer} from './server-settings.ts';
import {Subscriber} from './subscriber.ts';
import {within} from './within.ts';

const RETRY_MS = 100;

/** The one connection of a store and its scopes. It comes back by itself when it was lost. */
export class Connection {
    /** The server's address for messages. */
    readonly server: string;
    readonly keyPrefix: string;
    readonly logger: Logger | undefined;
    readonly #timeoutMs: number;
    readonly #source: ClientSource;
    #client: RedisClient | undefined;
    #commands: RedisClient | undefined;
    #subscriber: Subscriber | undefined;
    #isOpen = false;
    /** Whether the connection was made once: from then on it is made again for as long as it takes. */
    #isEstablished = false;
    #isTroubled = false;
    #wasOpened = false;
    #lastError: unknown;
    #turn: Promise<void> = Promise.resolve();
    #underWay = 0;
    #whenIdle: (() => void) | undefined;

    /** @throws ConfigError `REDIS_OPTIONS` */
    constructor(options: RedisStoreOptions) {
        const {keyPrefix = 'woltage', timeoutMs = 10_000, logger} = checkOptions(options);
        this.server = serverName(options);
        this.keyPrefix = keyPrefix;
        this.logger = logger;
        this.#timeoutMs = timeoutMs;
        this.#source = clientSource(options, timeoutMs);
    }

    /**
     * @throws ConfigError `REDIS_CREDENTIALS`, `REDIS_OPTIONS`
     * @throws UnavailableError `REDIS_UNAVAILABLE`
     */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#isOpen)
                return;
            const client = this.#use(this.#create());
            this.#wasOpened = !client.isOpen;
            try {
                await this.#establish(client);
            } catch (error) {
                this.#release();
                throw error;
            }
            this.#subscriber = new Subscriber(this.#source, this.#timeoutMs, this.logger);
            this.#isEstablished = this.#isOpen = true;
        });
    }

    /** Refuses new calls at once, and waits for those under way. */
    close(): Promise<void> {
        return this.#inTurn(async () => {
            const wasOpen = this.#isOpen;
            this.#isOpen = false;
            if (this.#underWay > 0)
                await new Promise<void>(resolve => this.#whenIdle = resolve);
            this.#subscriber?.close();
            this.#subscriber = undefined;
            this.#isEstablished = false;
            if (wasOpen)
                this.#release();
        });
    }

    /**
     * Sends a command on a key, and gives what comes back.
     *
     * @throws UnavailableError `CLOSED`; `REDIS_UNAVAILABLE` when the server can't be reached in time or the connection is lost meanwhile; `REDIS_FAILED`
     */
    send(command: string, key: string, ...args: string[]): Promise<unknown> {
        return this.#call(key, [command, key, ...args]);
    }

    /** The values of some fields of a hash, see {@link send}. */
    getFields(key: string, fields: readonly string[]): Promise<(string | null)[]> {
        return this.#call(key, ['HMGET', key, ...fields]) as Promise<(string | null)[]>;
    }

    /** A part of a hash, see {@link send}. The first part is at cursor '0', which comes back with the last part. */
    async scan(key: string, cursor: string, count: number): Promise<{readonly cursor: string; readonly entries: (readonly [field: string, value: string])[]}> {
        const [next, flat] = await this.#call(key, ['HSCAN', key, cursor, 'COUNT', String(count)]) as [string, string[]];
        return {cursor: next, entries: Array.from({length: flat.length / 2}, (_, i) => [flat[2 * i] as string, flat[2 * i + 1] as string])};
    }

    /** Runs a script, see {@link send}. */
    async run({sha, source}: Script, keys: readonly string[], values: readonly string[]): Promise<unknown> {
        const key = keys[0] as string;
        const rest = [String(keys.length), ...keys, ...values];
        try {
            return await this.#call(key, ['EVALSHA', sha, ...rest]);
        } catch (error) {
            if (!isUnknownScript(error))
                throw error;
            return await this.#call(key, ['EVAL', source, ...rest]);
        }
    }

    /** Keeps the connection open until `work` is done. @throws UnavailableError `CLOSED` */
    async use<R>(work: (client: RedisClient) => R | Promise<R>): Promise<R> {
        if (!this.#isOpen)
            throw new UnavailableError(`The store in Redis ${this.server} is not connected.`, {code: 'CLOSED'});
        this.#underWay++;
        try {
            return await work(this.#commands as RedisClient);
        } finally {
            this.#underWay--;
            if (this.#underWay === 0)
                this.#whenIdle?.();
        }
    }

    /** Calls the listener for each message, and when some may have been missed. */
    watch(channel: string, listener: () => void): Promise<() => void> {
        return this.use(async () => {
            try {
                return await within(this.#timeoutMs, (this.#subscriber as Subscriber).watch(channel, listener), () => noAnswer(this.server, this.#timeoutMs));
            } catch (error) {
                throw storeError(error, this.server);
            }
        });
    }

    #call(key: string, args: string[]): Promise<unknown> {
        return this.use(async () => {
            try {
                const client = await this.#ready();
                return await within(this.#timeoutMs, send(this.#commands as RedisClient, key, args), () => this.#giveUp(client));
            } catch (error) {
                throw storeError(error, this.server);
            }
        });
    }

    async #establish(client: RedisClient): Promise<void> {
        const deadline = Date.now() + this.#timeoutMs;
        this.#lastError = undefined;
        const late = (): unknown => this.#lastError ?? new Error('it gave no answer');
        for (; ;) {
            try {
                await within(Math.max(1, deadline - Date.now()), this.#tryToConnect(client), late);
                return;
            } catch (error) {
                if (isAboutCredentials(error))
                    throw credentialsRefused(error, this.server);
                if (Date.now() + RETRY_MS >= deadline)
                    throw unreachable(this.server, this.#timeoutMs, error);
                this.#lastError = error;
                await new Promise(resolve => setTimeout(resolve, RETRY_MS));
            }
        }
    }

    /** A server that answers may still be loading its data. */
    async #tryToConnect(client: RedisClient): Promise<void> {
        if (!client.isOpen)
            await client.connect();
        if (!isCluster(client))
            await inspectServer(this.#commands as RedisClient, this.server, this.logger);
    }

    /** The client, when it has its connection (again). */
    async #ready(): Promise<RedisClient> {
        const client = this.#client as RedisClient;
        if (client.isReady !== false || isCluster(client))
            return client;
        let isReady = (): void => undefined;
        const ready = new Promise<void>(resolve => client.on('ready', isReady = resolve));
        try {
            await within(this.#timeoutMs, ready, () => unreachable(this.server, this.#timeoutMs, this.#lastError));
        } finally {
            client.off('ready', isReady);
        }
        return client;
    }

    /** A connection without answers is given up: it may be broken in a way that the system finds out only much later. */
    #giveUp(client: RedisClient): unknown {
        const error = noAnswer(this.server, this.#timeoutMs);
        if (this.#client === client && !this.#source.isGiven && this.#isOpen) {
            this.#remember(error);
            this.#release();
            this.#use(this.#create()).connect().catch(this.#remember);
        }
        return error;
    }

    #create(): RedisClient {
        return this.#source.create(() => this.#isEstablished);
    }

    #use(client: RedisClient): RedisClient {
        client.on('error', this.#remember);
        client.on('ready', this.#forget);
        this.#client = client;
        this.#commands = client.withCommandOptions({timeout: 0, typeMapping: {}});
        return client;
    }

    #release(): void {
        const client = this.#client;
        this.#client = this.#commands = undefined;
        if (client === undefined)
            return;
        if (client.isOpen && this.#wasOpened)
            client.destroy();
        // The driver's own client may still tell of an error while it ends, and an error that nobody hears ends the process.
        if (!this.#source.isGiven)
            return;
        client.off('error', this.#remember);
        client.off('ready', this.#forget);
    }

    readonly #remember = (error: unknown): void => {
        if (this.#isEstablished && !this.#isTroubled)
            this.logger?.warn({server: this.server, error}, 'The connection to Redis was lost; it is made again as soon as possible.');
        this.#isTroubled = this.#isEstablished;
        this.#lastError = error;
    };

    readonly #forget = (): void => {
        if (this.#isTroubled)
            this.logger?.info({server: this.server}, 'The connection to Redis is back.');
        this.#isTroubled = false;
        this.#lastError = undefined;
    };

    #inTurn(step: () => Promise<void>): Promise<void> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}
