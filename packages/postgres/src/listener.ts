import {setTimeout as sleep} from 'node:timers/promises';
import type {Notification, PoolClient} from 'pg';
import type {PoolLink, Statement} from './pool-link.ts';
import {quote} from './quote.ts';

const RETRY_MS = 250;

/** What a call of `listen` left. */
interface Ear {
    readonly channel: string;
    readonly listener: () => void;
}

/** Hears notifications on one connection for all channels. The connection is made again when it was lost. */
export class Listener {
    readonly #link: PoolLink;
    readonly #ears = new Set<Ear>();
    readonly #ending = new AbortController();
    #client: PoolClient | undefined;
    #loop: Promise<void> | undefined;
    #whenHeard = new Set<() => void>();
    #drop: (() => void) | undefined;
    #asked: Promise<unknown> = Promise.resolve();

    constructor(link: PoolLink) {
        this.#link = link;
    }

    /** Whether notifications arrive at present. */
    get isUp(): boolean {
        return this.#client !== undefined;
    }

    /**
     * Resolves when the channel is listened to, or after a while when there is no connection; then the listener is called when there is. Where the pool has one
     * connection only, nobody listens.
     */
    async listen(channel: string, listener: () => void): Promise<() => void> {
        if (!this.#link.canSpareOne)
            return () => undefined;
        const ear: Ear = {channel, listener};
        this.#ears.add(ear);
        const client = this.#client;
        if (client !== undefined) {
            await this.#ask(client, {text: `LISTEN ${quote(channel)}`}).catch(() => this.#drop?.());
        } else {
            const heard = new Promise<void>(resolve => this.#whenHeard.add(resolve));
            this.#loop ??= this.#keepUp();
            await this.#pause(heard);
        }
        return () => void this.#ears.delete(ear);
    }

    async close(): Promise<void> {
        this.#ending.abort();
        this.#drop?.();
        await this.#loop;
    }

    async #keepUp(): Promise<void> {
        for (let isFirst = true; !this.#ending.signal.aborted; isFirst = false) {
            try {
                await this.#hear(isFirst);
            } catch {
                // The link has told the logger. Who listens also looks from time to time.
                await sleep(RETRY_MS, undefined, {signal: this.#ending.signal}).catch(() => undefined);
            }
        }
    }

    /** Resolves when the connection is lost, or not needed any more. */
    async #hear(isFirst: boolean): Promise<void> {
        const client = await this.#link.acquire();
        // What is still asked on a lost connection holds up nobody on this one.
        this.#asked = Promise.resolve();
        let isBroken = true;
        const dropped = new Promise<void>(resolve => this.#drop = resolve);
        const onNotification = ({channel}: Notification): void => this.#tell(channel);
        const drop = (): void => this.#drop?.();
        client.on('notification', onNotification).on('error', drop).on('end', drop);
        try {
            const heard = new Set<string>();
            for (let ear = this.#unheard(heard); ear !== undefined; ear = this.#unheard(heard)) {
                await this.#ask(client, {text: `LISTEN ${quote(ear.channel)}`});
                heard.add(ear.channel);
            }
            this.#client = client;
            this.#whenHeard.forEach(resolve => resolve());
            this.#whenHeard = new Set();
            if (!isFirst)
                this.#tell();
            isBroken = !await this.#untilDropped(client, dropped);
        } finally {
            this.#client = undefined;
            client.off('notification', onNotification).off('error', drop).off('end', drop);
            this.#link.release(client, isBroken);
        }
        // Changes may have been missed from now on.
        this.#tell();
    }

    /** Somebody may come while others are seen to. */
    #unheard(heard: ReadonlySet<string>): Ear | undefined {
        return [...this.#ears].find(({channel}) => !heard.has(channel));
    }

    /** Asks from time to time whether the server is still there. @returns true when the connection can be used by others */
    async #untilDropped(client: PoolClient, dropped: Promise<void>): Promise<boolean> {
        let isDropped = false;
        const end = dropped.then(() => isDropped = true);
        while (!isDropped && !this.#ending.signal.aborted) {
            await this.#pause(end);
            if (!isDropped)
                await this.#ask(client, {text: 'SELECT 1'}, this.#link.timeoutMs);
        }
        if (!this.#ending.signal.aborted)
            return false;
        await this.#ask(client, {text: 'UNLISTEN *'}, this.#link.timeoutMs);
        return true;
    }

    /** One statement at a time: the driver warns of those that it would have to queue for a connection, and its next version refuses them. */
    #ask(client: PoolClient, statement: Statement, timeoutMs?: number): Promise<unknown> {
        const answer = this.#asked.then(() => this.#link.run(client, statement, timeoutMs));
        this.#asked = answer.catch(() => undefined);
        return answer;
    }

    /** Resolves with the promise, after `timeoutMs`, or when it is closed; leaves no timer behind. */
    async #pause(end: Promise<unknown>): Promise<void> {
        const done = new AbortController();
        const stop = (): void => done.abort();
        this.#ending.signal.addEventListener('abort', stop);
        await Promise.race([end, sleep(this.#link.timeoutMs, undefined, {signal: done.signal}).catch(() => undefined)]);
        this.#ending.signal.removeEventListener('abort', stop);
        done.abort();
    }

    #tell(channel?: string): void {
        for (const ear of [...this.#ears]) {
            if (channel === undefined || ear.channel === channel)
                ear.listener();
        }
    }
}
