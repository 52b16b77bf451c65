import {within, type Logger} from 'woltage';
import type {ClientSource} from './client-source.ts';
import {isCluster, send, type RedisClient} from './client.ts';
import type {LinkOptions} from './link.ts';

interface Channel {
    readonly listeners: Set<() => void>;
    readonly tell: () => void;
    /** The subscription outlives the listeners: there are as many channels as scopes. */
    subscribed: Promise<void>;
}

/** Listens to channels, over a connection of its own that it opens when it is first needed. */
export class Subscriber {
    readonly #source: ClientSource;
    readonly #timeoutMs: number;
    readonly #logger: Logger | undefined;
    readonly #channels = new Map<string, Channel>();
    #client: Promise<RedisClient> | undefined;
    #heartbeat: NodeJS.Timeout | undefined;
    #isClosed = false;

    constructor({source, timeoutMs, logger}: LinkOptions) {
        this.#source = source;
        this.#timeoutMs = timeoutMs;
        this.#logger = logger;
    }

    /** Calls the listener for each message, and when some may have been missed. */
    async watch(name: string, listener: () => void): Promise<() => void> {
        const channel = this.#channel(name);
        // Each watch is one entry, also of a listener that watches twice.
        const entry = (): void => listener();
        channel.listeners.add(entry);
        try {
            await channel.subscribed;
        } catch (error) {
            this.#channels.delete(name);
            throw error;
        }
        return () => void channel.listeners.delete(entry);
    }

    close(): void {
        this.#isClosed = true;
        clearInterval(this.#heartbeat);
        this.#channels.clear();
        this.#client?.then(end, () => undefined);
    }

    #channel(name: string): Channel {
        const known = this.#channels.get(name);
        if (known !== undefined)
            return known;
        const listeners = new Set<() => void>();
        const tell = (): void => listeners.forEach(listener => listener());
        const channel = {listeners, tell, subscribed: this.#subscribe(name, tell)};
        this.#channels.set(name, channel);
        return channel;
    }

    async #subscribe(name: string, tell: () => void): Promise<void> {
        const opening = this.#client ??= this.#open();
        try {
            await (await opening).subscribe(name, tell);
        } catch (error) {
            if (this.#client === opening && !(await isOpen(opening)))
                this.#client = undefined;
            throw error;
        }
    }

    async #open(): Promise<RedisClient> {
        let isPatient = false;
        const client = this.#source.createSubscriber(() => isPatient && !this.#isClosed);
        client.on('error', this.#note);
        try {
            await within(this.#timeoutMs, client.connect(), () => noAnswer);
        } catch (error) {
            end(client);
            throw error;
        }
        isPatient = true;
        // The driver has subscribed again when it is ready again.
        client.on('ready', this.#tellAll);
        clearInterval(this.#heartbeat);
        this.#heartbeat = setInterval(() => {
            this.#check(client).catch(this.#note);
        }, this.#timeoutMs / 2).unref();
        if (this.#isClosed)
            clearInterval(this.#heartbeat);
        return client;
    }

    readonly #note = (error: unknown): void => this.#logger?.debug({error}, 'The connection for messages from Redis has trouble.');

    readonly #tellAll = (): void => this.#channels.forEach(({tell}) => tell());

    /** Finds out when the connection is broken without anybody having said so. */
    async #check(client: RedisClient): Promise<void> {
        // A cluster's client doesn't say when one of its connections was away.
        if (isCluster(client))
            return this.#tellAll();
        try {
            // The driver waits for ever for a server that accepts a connection and then says nothing.
            await within(this.#timeoutMs / 2, send(client, undefined, ['PING']), () => noAnswer);
        } catch (error) {
            if (this.#isClosed || !client.isOpen)
                return;
            this.#logger?.warn({error}, 'The connection for messages from Redis gives no answer; it is made anew.');
            end(client);
            this.#client = this.#reopen();
        }
    }

    async #reopen(): Promise<RedisClient> {
        for (; ;) {
            try {
                const client = await this.#open();
                await within(this.#timeoutMs, this.#subscribeAll(client), () => noAnswer).catch((error: unknown) => {
                    end(client);
                    throw error;
                });
                this.#tellAll();
                return client;
            } catch (error) {
                if (this.#isClosed)
                    throw error;
                this.#note(error);
                await new Promise(resolve => setTimeout(resolve, this.#timeoutMs / 10));
            }
        }
    }

    async #subscribeAll(client: RedisClient): Promise<void> {
        for (const [name, {tell}] of this.#channels)
            await client.subscribe(name, tell);
    }
}

const noAnswer = new Error('It gave no answer.');

const isOpen = (opening: Promise<RedisClient>): Promise<boolean> => opening.then(client => client.isOpen, () => false);

function end(client: RedisClient): void {
    if (client.isOpen)
        client.destroy();
}
