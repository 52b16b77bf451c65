import {delay, type SubscribeOptions, type SubscriptionBatch} from 'woltage';
import type {AllPage, AllReader} from './all-reader.ts';
import {CatchUpFeed, type FeedSource} from './catch-up-feed.ts';
import type {HeadWatch} from './head-watch.ts';
import {isPassing, isUnavailable, storeError} from './kurrentdb-error.ts';
import {toRecord, type LocatedEvent} from './records.ts';
import {backoffMs} from './waiting.ts';

const DEFAULT_BATCH = 1000;
/** Beyond this distance, in bytes of the log, events are subscribed to rather than asked for page by page. */
const FAR = 16n * 1024n * 1024n;

/** What a subscription reads from. */
export interface SubscriptionSource extends FeedSource {
    readonly server: string;
    readonly all: AllReader;
    readonly head: HeadWatch;
}

/** One consumer's way through the events. It waits while the server is away, and goes on where it was. */
export class Following {
    readonly #source: SubscriptionSource;
    readonly #filter: SubscribeOptions['filter'];
    readonly #batchSize: number;
    readonly #ending: AbortSignal;
    /** Everything up to here was delivered or left out. */
    #position: bigint | undefined;

    constructor(source: SubscriptionSource, {after, filter, batchSize}: SubscribeOptions, ending: AbortSignal) {
        this.#source = source;
        this.#filter = filter;
        this.#batchSize = batchSize ?? DEFAULT_BATCH;
        this.#ending = ending;
        this.#position = after;
    }

    /** The batches, until the signal aborts. */
    async *batches(): AsyncGenerator<SubscriptionBatch, void> {
        const {head} = this.#source;
        for (let isFirst = true; !this.#ending.aborted; isFirst = false) {
            const end = await head.position(this.#ending);
            if (!isFirst && this.#distanceTo(end) === 0n) {
                await head.movedFrom(end, this.#ending);
                continue;
            }
            if (end !== null && this.#distanceTo(end) > FAR)
                yield* this.#catchUp(end);
            const page = await this.#nextPage(end);
            if (page === undefined)
                return;
            this.#position = page.isLast ? greatest(this.#position, end, page.scanned) : page.events.at(-1)?.position ?? this.#position;
            yield this.#batch(page.events, page.isLast);
        }
    }

    /** The long way to a place near the end. */
    async *#catchUp(end: bigint): AsyncGenerator<SubscriptionBatch, void> {
        for (let attempt = 0; this.#isFarFrom(end); attempt++) {
            const before = this.#position;
            try {
                return yield* this.#feed(end);
            } catch (error) {
                if (!isPassing(error))
                    throw storeError(error, this.#source.server);
            }
            if (this.#position !== before)
                attempt = 0;
            await delay(backoffMs(attempt), this.#ending);
        }
    }

    /** @throws what the client throws when the connection is lost */
    async *#feed(end: bigint): AsyncGenerator<SubscriptionBatch, void> {
        const feed = new CatchUpFeed(this.#source, this.#position, this.#filter);
        try {
            while (this.#isFarFrom(end) && !feed.isDone) {
                const {events, position} = await feed.next(this.#batchSize, this.#ending);
                if (events.length === 0 && (position === undefined || position === this.#position))
                    continue;
                this.#position = position ?? this.#position;
                yield this.#batch(events, false);
            }
            // What the server had when this began, it has gone through.
            if (feed.isDone)
                this.#position = greatest(this.#position, end);
        } finally {
            feed.close();
        }
    }

    /** The next page; `undefined` when the signal aborts, also while the server is away. */
    async #nextPage(end: bigint | null): Promise<AllPage | undefined> {
        for (let attempt = 0; !this.#ending.aborted; attempt++) {
            try {
                if (end === null || this.#distanceTo(end) === 0n || this.#filter?.types?.length === 0)
                    return NOTHING;
                const {head, all} = this.#source;
                const page = await head.recent(this.#position, end, this.#filter, this.#batchSize, this.#ending)
                    ?? await all.page(this.#position, this.#filter, this.#batchSize);
                return this.#ending.aborted ? undefined : page;
            } catch (error) {
                if (!isUnavailable(error))
                    throw error;
                await delay(backoffMs(attempt), this.#ending);
            }
        }
        return undefined;
    }

    #isFarFrom(end: bigint): boolean {
        return !this.#ending.aborted && this.#filter?.types?.length !== 0 && this.#distanceTo(end) > FAR / 2n;
    }

    /** In bytes of the log; 0n when nothing lies beyond. From before the first event it is one more, for that stands at 0n. */
    #distanceTo(end: bigint | null): bigint {
        const distance = (end ?? -1n) - (this.#position ?? -1n);
        return distance > 0n ? distance : 0n;
    }

    /** Those that have no address were left out before. */
    #batch(events: readonly LocatedEvent[], caughtUp: boolean): SubscriptionBatch {
        return {events: events.flatMap(event => event.address === undefined ? [] : [toRecord(event, event.address)]), position: this.#position, caughtUp};
    }
}

const NOTHING: AllPage = {events: [], isLast: true, scanned: undefined};

function greatest(...positions: readonly (bigint | null | undefined)[]): bigint | undefined {
    let most: bigint | undefined;
    for (const position of positions) {
        if (typeof position === 'bigint' && (most === undefined || position > most))
            most = position;
    }
    return most;
}
