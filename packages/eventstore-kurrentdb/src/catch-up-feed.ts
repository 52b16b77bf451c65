import {START, type AllStreamSubscription, type KurrentDBClient, type ResolvedEvent} from '@kurrent/kurrentdb-client';
import type {EventFilter} from 'woltage';
import {matcher} from './all-reader.ts';
import {serverFilter} from './filters.ts';
import {locate, type LocatedEvent} from './records.ts';
import type {StreamNames} from './stream-names.ts';

export interface FeedSource {
    readonly client: KurrentDBClient;
    readonly names: StreamNames;
    readonly streamPrefix: string;
}

export interface FeedBatch {
    readonly events: readonly LocatedEvent[];
    /** Everything up to here was given or left out; `undefined` when that is no news. */
    readonly position: bigint | undefined;
}

/** Events that the server looks at in one go, and so many times that between two checkpoints. */
const SEARCH_WINDOW = 1000;
const CHECKPOINT_INTERVAL = 4;
/** Events that wait for their consumer; beyond that the connection is told to wait. */
const MOST_WAITING = 4000;
/** How long a stretch without a match goes on before its progress is told, in ms. */
const PROGRESS_MS = 500;

/**
 * A subscription for long ways: events flow without being asked for page by page, and checkpoints tell of stretches that hold nothing which matches, so that
 * a restart doesn't go through them again.
 */
export class CatchUpFeed {
    readonly #subscription: AllStreamSubscription;
    readonly #waiting: LocatedEvent[] = [];
    /** Everything up to here is among those that wait, or was given, or doesn't match. */
    #scanned: bigint | undefined;
    #saysCaughtUp = false;
    #failure: {readonly error: unknown} | undefined;
    #wake = (): void => undefined;

    constructor({client, names, streamPrefix}: FeedSource, after: bigint | undefined, filter: EventFilter | undefined) {
        const matches = matcher(filter);
        const settings = {maxSearchWindow: SEARCH_WINDOW, checkpointInterval: CHECKPOINT_INTERVAL, checkpointReached: (_: unknown, {commit}: {readonly commit: bigint}) => this.#onCheckpoint(commit)};
        const fromPosition = after === undefined ? START : {commit: after, prepare: after};
        this.#subscription = client.subscribeToAll({fromPosition, filter: serverFilter(streamPrefix, filter?.types, settings)});
        this.#subscription
            .on('data', (resolved: ResolvedEvent) => this.#onEvent(locate(names, resolved), matches))
            .on('caughtUp', () => this.#onCaughtUp())
            .on('error', (error: unknown) => this.#fail(error))
            .on('end', () => this.#fail(ENDED))
            .on('close', () => this.#fail(ENDED));
    }

    /** Whether it has come to the end that the log had when this began, and everything was given. */
    get isDone(): boolean {
        return this.#hasCaughtUp && this.#waiting.length === 0;
    }

    /**
     * The next events, up to `limit`: as many when there are, fewer at the end, none when a long stretch held nothing.
     *
     * @throws what the client throws when the connection is lost; what came before is given first
     */
    async next(limit: number, ending: AbortSignal): Promise<FeedBatch> {
        const before = this.#scanned;
        const deadline = performance.now() + PROGRESS_MS;
        const hasNews = (): boolean => this.#waiting.length > 0 || this.#scanned !== before;
        while (this.#mayGrowTo(limit) && !ending.aborted && !(hasNews() && performance.now() >= deadline))
            await this.#news(ending);
        if (this.#waiting.length === 0 && this.#failure !== undefined)
            throw this.#failure.error;
        const events = this.#waiting.splice(0, limit);
        if (this.#waiting.length < MOST_WAITING / 2)
            this.#subscription.resume();
        return {events, position: this.#waiting.length === 0 ? this.#scanned : events.at(-1)?.position};
    }

    close(): void {
        // The last errors of a subscription that nobody needs any more are nobody's.
        this.#subscription.on('error', () => undefined);
        this.#subscription.unsubscribe().catch(() => undefined);
    }

    #onEvent(event: LocatedEvent | undefined, matches: (event: LocatedEvent) => boolean): void {
        if (event === undefined)
            return;
        this.#scanned = event.position;
        if (matches(event))
            this.#waiting.push(event);
        if (this.#waiting.length >= MOST_WAITING)
            this.#subscription.pause();
        this.#wake();
    }

    async #onCheckpoint(position: bigint): Promise<void> {
        // Events that came before it may still be on their way through the stream.
        if (this.#subscription.readableLength === 0 && (this.#scanned === undefined || position > this.#scanned)) {
            this.#scanned = position;
            this.#wake();
        }
    }

    /** Events that came before the mark may still be on their way through the stream. */
    get #hasCaughtUp(): boolean {
        return this.#saysCaughtUp && this.#subscription.readableLength === 0;
    }

    #onCaughtUp(): void {
        this.#saysCaughtUp = true;
        this.#wake();
    }

    #fail(error: unknown): void {
        this.#failure ??= {error};
        this.#wake();
    }

    #mayGrowTo(limit: number): boolean {
        return this.#waiting.length < limit && !this.#hasCaughtUp && this.#failure === undefined;
    }

    #news(ending: AbortSignal): Promise<void> {
        return new Promise(resolve => {
            const wake = (): void => {
                clearTimeout(timer);
                ending.removeEventListener('abort', wake);
                resolve();
            };
            const timer = setTimeout(wake, PROGRESS_MS);
            ending.addEventListener('abort', wake);
            this.#wake = wake;
        });
    }
}

const ENDED = new Error('The subscription has ended.');
