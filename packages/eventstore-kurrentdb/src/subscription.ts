import type {SubscribeOptions, SubscriptionBatch} from 'woltage';
import type {AllPage, AllReader} from './all-reader.ts';
import {CatchUpFeed, type FeedSource} from './catch-up-feed.ts';
import type {HeadWatch} from './head-watch.ts';
import {isPassing, isUnavailable, storeError} from './kurrentdb-error.ts';
import {toRecord, type LocatedEvent} from './records.ts';
import {backoffMs, delay} from './waiting.ts';

const DEFAULT_BATCH = 1000;
/** Beyond this distance, in bytes of the log, events are subscribed to rather than asked for page by page. */
const FAR = 16n * 1024n * 1024n;

/** What a subscription reads from. */
export interface SubscriptionSource extends FeedSource {
    readonly server: string;
    readonly all: AllReader;
    readonly head: HeadWatch;
}

/** The batches of a subscription, until the signal aborts. It waits while the server is away, and goes on where it was. */
export async function* followKurrentDB(source: SubscriptionSource, options: SubscribeOptions, ending: AbortSignal): AsyncGenerator<SubscriptionBatch, void> {
    const {head} = source;
    let position = options.after;
    for (let isFirst = true; !ending.aborted; isFirst = false) {
        const end = await head.position(ending);
        if (!isFirst && !isBehind(position, end)) {
            await head.movedFrom(end, ending);
            continue;
        }
        if (end !== null && end - (position ?? 0n) > FAR && options.filter?.types?.length !== 0) {
            for await (const batch of catchUp(source, {...options, after: position}, end, ending)) {
                ({position} = batch);
                yield batch;
            }
        }
        const page = await pageBehind(source, position, end, options, ending);
        if (page === undefined || ending.aborted)
            return;
        position = page.isLast ? greatest(position, end, page.scanned) : page.events.at(-1)?.position ?? position;
        yield {events: recordsOf(page.events), position, caughtUp: page.isLast};
    }
}

/** The long way to a place near the end. */
async function* catchUp(source: SubscriptionSource, {after, filter, batchSize = DEFAULT_BATCH}: SubscribeOptions, end: bigint, ending: AbortSignal): AsyncGenerator<SubscriptionBatch, void> {
    let position = after;
    for (let attempt = 0; !ending.aborted && end - (position ?? 0n) > FAR / 2n; attempt++) {
        const feed = new CatchUpFeed(source, position, filter);
        try {
            while (!ending.aborted && !feed.isDone && end - (position ?? 0n) > FAR / 2n) {
                const batch = await feed.next(batchSize, ending);
                attempt = 0;
                if (batch.events.length === 0 && (batch.position === undefined || batch.position === position))
                    continue;
                position = batch.position ?? position;
                yield {events: recordsOf(batch.events), position, caughtUp: false};
            }
            if (feed.isDone && isBehind(position, end))
                yield {events: [], position: end, caughtUp: false};
            return;
        } catch (error) {
            if (!isPassing(error))
                throw storeError(error, source.server);
        } finally {
            feed.close();
        }
        await delay(backoffMs(attempt), ending);
    }
}

/** The next page; `undefined` when the signal aborts while the server is away. */
async function pageBehind({all}: SubscriptionSource, position: bigint | undefined, end: bigint | null, {filter, batchSize = DEFAULT_BATCH}: SubscribeOptions, ending: AbortSignal): Promise<AllPage | undefined> {
    if (!isBehind(position, end) || filter?.types?.length === 0)
        return NOTHING;
    for (let attempt = 0; !ending.aborted; attempt++) {
        try {
            return await all.page(position, filter, batchSize);
        } catch (error) {
            if (!isUnavailable(error))
                throw error;
            await delay(backoffMs(attempt), ending);
        }
    }
    return undefined;
}

const NOTHING: AllPage = {events: [], isLast: true, scanned: undefined};

const isBehind = (position: bigint | undefined, end: bigint | null): boolean => end !== null && (position === undefined || position < end);

/** Those that have no address are left out before. */
const recordsOf = (events: readonly LocatedEvent[]): ReturnType<typeof toRecord>[] =>
    events.flatMap(event => event.address === undefined ? [] : [toRecord(event, event.address)]);

function greatest(...positions: readonly (bigint | null | undefined)[]): bigint | undefined {
    let most: bigint | undefined;
    for (const position of positions) {
        if (typeof position === 'bigint' && (most === undefined || position > most))
            most = position;
    }
    return most;
}
