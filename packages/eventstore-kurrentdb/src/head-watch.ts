import {END, type AllStreamSubscription, type KurrentDBClient, type ResolvedEvent} from '@kurrent/kurrentdb-client';
import {delay, type EventFilter, type Logger} from 'woltage';
import type {AllPage, AllReader} from './all-reader.ts';
import {serverFilter} from './filters.ts';
import {isPassing, storeError} from './kurrentdb-error.ts';
import {RecentEvents} from './recent-events.ts';
import {locate, type LocatedEvent} from './records.ts';
import type {StreamNames} from './stream-names.ts';
import {backoffMs} from './waiting.ts';

/** How long an event that is known to be there may be on its way, in ms; it is read then. */
const DELIVERY_MS = 100;

interface Parts {
    readonly client: KurrentDBClient;
    readonly reader: AllReader;
    readonly names: StreamNames;
    readonly streamPrefix: string;
    readonly server: string;
    readonly logger: Logger | undefined;
}

/**
 * Knows the position of the store's last event: one subscription at the end of $all wakes all that wait for something new. It comes back by itself when the
 * connection is lost.
 */
export class HeadWatch {
    readonly #parts: Parts;
    readonly #recent = new RecentEvents();
    readonly #waiting = new Set<() => void>();
    readonly #ending = new AbortController();
    /** The highest that is known; whether it is the store's last, {@link #isReady} tells. */
    #position: bigint | null = null;
    #isReady = false;
    #failure: unknown;
    #generation = 0;
    #running: Promise<void> | undefined;

    constructor(parts: Parts) {
        this.#parts = parts;
    }

    /**
     * The position of the last event; null for an empty store. Waits for the server while that is away.
     *
     * @throws ConfigError `KURRENTDB_CREDENTIALS`, UnavailableError `KURRENTDB_FAILED`
     */
    async position(signal: AbortSignal): Promise<bigint | null> {
        this.#running ??= this.#run();
        while (!this.#isReady && this.#failure === undefined && !signal.aborted)
            await this.#wait(signal);
        if (this.#failure !== undefined)
            throw this.#failure;
        return this.#position;
    }

    /** Resolves when the last event is another one than this, or when the signal aborts. */
    async movedFrom(position: bigint | null, signal: AbortSignal): Promise<void> {
        while (!signal.aborted && this.#failure === undefined && this.#position === position)
            await this.#wait(signal);
    }

    /**
     * The next events behind a position, up to `limit`, where they are among those that were delivered last.
     *
     * @param end The store's last position: what is on its way is waited for a moment
     */
    async recent(after: bigint | undefined, end: bigint, filter: EventFilter | undefined, limit: number, signal: AbortSignal): Promise<AllPage | undefined> {
        for (const deadline = performance.now() + DELIVERY_MS; this.#recent.follow(after) && !this.#recent.cover(after, end);) {
            const leftMs = deadline - performance.now();
            if (leftMs <= 0 || signal.aborted)
                return undefined;
            await this.#wait(signal, leftMs);
        }
        return this.#recent.cover(after, end) ? this.#recent.page(after, filter, limit) : undefined;
    }

    /** To be told of an event that is known to be there. */
    note(position: bigint): void {
        if (this.#position !== null && this.#position >= position)
            return;
        this.#position = position;
        this.#wake();
    }

    async stop(): Promise<void> {
        this.#ending.abort();
        this.#wake();
        await this.#running;
    }

    async #run(): Promise<void> {
        const {signal} = this.#ending;
        for (let attempt = 0; !signal.aborted;) {
            try {
                await this.#follow(() => attempt = 0);
            } catch (error) {
                if (signal.aborted)
                    return;
                if (!isPassing(error))
                    return this.#fail(error);
                this.#parts.logger?.warn({server: this.#parts.server, error}, 'The subscription to KurrentDB was lost; it is made again as soon as possible.');
            }
            await delay(backoffMs(attempt++), signal);
        }
    }

    #fail(error: unknown): void {
        this.#failure = storeError(error, this.#parts.server);
        this.#wake();
    }

    /** Follows the end of the log until the connection is lost. */
    async #follow(onConfirmed: () => void): Promise<void> {
        const {client, streamPrefix} = this.#parts;
        this.#recent.clear();
        const subscription = client.subscribeToAll({fromPosition: END, filter: serverFilter(streamPrefix, undefined, {maxSearchWindow: 1000})});
        const {signal} = this.#ending;
        let stop = (): void => undefined;
        const stopped = new Promise<void>(resolve => stop = resolve);
        signal.addEventListener('abort', stop);
        try {
            await Promise.race([this.#listen(subscription, onConfirmed), stopped]);
        } finally {
            signal.removeEventListener('abort', stop);
            subscription.unsubscribe().catch(() => undefined);
        }
    }

    #listen(subscription: AllStreamSubscription, onConfirmed: () => void): Promise<void> {
        const {reader, names} = this.#parts;
        // What comes late of an earlier subscription would leave a gap.
        const generation = ++this.#generation;
        const isCurrent = (): boolean => generation === this.#generation;
        return new Promise((resolve, reject) => {
            subscription.on('error', reject).on('end', resolve).on('close', resolve);
            subscription.on('data', (resolved: ResolvedEvent) => {
                const event = locate(names, resolved);
                if (event?.address !== undefined && isCurrent())
                    this.#onEvent(event);
            });
            // What was appended before is behind the confirmation, what comes after it is delivered.
            subscription.once('confirmation', () => {
                reader.latest(undefined).then(position => {
                    if (isCurrent())
                        this.#begin(position);
                    onConfirmed();
                }).catch(reject);
            });
        });
    }

    #onEvent(event: LocatedEvent): void {
        this.#recent.add(event);
        this.note(event.position);
        this.#wake();
    }

    #begin(position: bigint | null): void {
        this.#recent.begin(position);
        this.#isReady = true;
        if (position !== null)
            this.note(position);
        this.#wake();
    }

    #wait(signal: AbortSignal, mostMs?: number): Promise<void> {
        return new Promise(resolve => {
            const wake = (): void => {
                clearTimeout(timer);
                this.#waiting.delete(wake);
                signal.removeEventListener('abort', wake);
                resolve();
            };
            const timer = mostMs === undefined ? undefined : setTimeout(wake, mostMs);
            this.#waiting.add(wake);
            signal.addEventListener('abort', wake);
            if (signal.aborted)
                wake();
        });
    }

    #wake(): void {
        for (const wake of [...this.#waiting])
            wake();
    }
}
