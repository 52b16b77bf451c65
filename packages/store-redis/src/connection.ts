import {UnavailableError, within, type Logger} from 'woltage';
import {clientSource} from './client-source.ts';
import {Link, type LinkOptions} from './link.ts';
import {checkOptions, serverName, type RedisStoreOptions} from './options.ts';
import {isUnknownScript, noAnswer, storeError} from './redis-error.ts';
import type {Script} from './scripts.ts';
import {Subscriber} from './subscriber.ts';

/** The one connection of a store and its scopes. It comes back by itself when it was lost. */
export class Connection {
    /** The server's address for messages. */
    readonly server: string;
    readonly keyPrefix: string;
    readonly logger: Logger | undefined;
    readonly #options: LinkOptions;
    #link: Link | undefined;
    #subscriber: Subscriber | undefined;
    #isOpen = false;
    #turn: Promise<void> = Promise.resolve();
    #underWay = 0;
    #whenIdle: (() => void) | undefined;

    /** @throws ConfigError `REDIS_OPTIONS` */
    constructor(options: RedisStoreOptions) {
        const {keyPrefix = 'woltage', timeoutMs = 10_000, logger} = checkOptions(options);
        this.server = serverName(options);
        this.keyPrefix = keyPrefix;
        this.logger = logger;
        this.#options = {source: clientSource(options, timeoutMs), server: this.server, timeoutMs, keyPrefix, logger};
    }

    /**
     * @throws ConfigError `REDIS_CREDENTIALS`, `REDIS_OPTIONS`
     * @throws UnavailableError `REDIS_UNAVAILABLE`
     */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#isOpen)
                return;
            const link = new Link(this.#options);
            try {
                await link.establish();
            } catch (error) {
                link.close();
                throw error;
            }
            this.#link = link;
            this.#subscriber = new Subscriber(this.#options);
            this.#isOpen = true;
        });
    }

    /** Refuses new calls at once, and waits for those under way. */
    close(): Promise<void> {
        return this.#inTurn(async () => {
            this.#isOpen = false;
            if (this.#underWay > 0)
                await new Promise<void>(resolve => this.#whenIdle = resolve);
            this.#subscriber?.close();
            this.#link?.close();
            this.#link = this.#subscriber = undefined;
        });
    }

    /**
     * Sends a command on a key, and gives what comes back. To be called inside of {@link use}.
     *
     * @throws UnavailableError `REDIS_UNAVAILABLE` when the server can't be reached in time or the connection is lost meanwhile; `REDIS_FAILED`
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

    /** Keeps the connection open until `work` is done, whatever it sends. @throws UnavailableError `CLOSED` */
    async use<R>(work: (link: Link) => R | Promise<R>): Promise<R> {
        if (!this.#isOpen || this.#link === undefined)
            throw this.#closed();
        this.#underWay++;
        try {
            return await work(this.#link);
        } finally {
            this.#underWay--;
            if (this.#underWay === 0)
                this.#whenIdle?.();
        }
    }

    /** Calls the listener for each message, and when some may have been missed. */
    watch(channel: string, listener: () => void): Promise<() => void> {
        const {timeoutMs} = this.#options;
        return this.use(() => this.#withStoreErrors(
            within(timeoutMs, (this.#subscriber as Subscriber).watch(channel, listener), () => noAnswer(this.server, timeoutMs))
        ));
    }

    async #call(key: string, args: string[]): Promise<unknown> {
        if (this.#link === undefined)
            throw this.#closed();
        return this.#withStoreErrors(this.#link.send(key, args));
    }

    #closed(): UnavailableError {
        return new UnavailableError(`The store in Redis ${this.server} is not connected.`, {code: 'CLOSED'});
    }

    async #withStoreErrors<R>(answer: Promise<R>): Promise<R> {
        try {
            return await answer;
        } catch (error) {
            throw storeError(error, this.server);
        }
    }

    #inTurn(step: () => Promise<void>): Promise<void> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}
