import type {RecordedEvent, SubscribeOptions, SubscriptionBatch} from 'woltage';
import type {AllPage, AllReader} from './all-reader.ts';
import type {HeadWatch} from './head-watch.ts';
import {toRecord} from './records.ts';
import {backoffMs, delay} from './waiting.ts';
import {isWoltageError} from 'woltage';

const DEFAULT_BATCH = 1000;

/** What a subscription reads from. */
export interface SubscriptionSource {
    readonly all: AllReader;
    readonly head: HeadWatch;
}

/** The batches of a subscription, until the signal aborts. It waits while the server is away, and goes on where it was. */
export async function* followKurrentDB(
    {all, head}: SubscriptionSource, {after, filter, batchSize = DEFAULT_BATCH}: SubscribeOptions, ending: AbortSignal
): AsyncGenerator<SubscriptionBatch, void> {
    let position = after;
    for (let isFirst = true; !ending.aborted; isFirst = false) {
        const end = await head.position(ending);
        const isBehind = end !== null && (position === undefined || position < end);
        if (!isBehind && !isFirst) {
            await head.movedFrom(end, ending);
            continue;
        }
        const page = isBehind && filter?.types?.length !== 0 ? await untilItComes(() => all.page(position, filter, batchSize), ending) : NOTHING;
        if (page === undefined || ending.aborted)
            return;
        const last = page.events.at(-1)?.position;
        position = page.isLast ? greatest(position, end, page.scanned) : last ?? position;
        yield {events: page.events.map(event => toRecord(event, event.address as NonNullable<typeof event.address>)) satisfies RecordedEvent[], position, caughtUp: page.isLast};
    }
}

const NOTHING: AllPage = {events: [], isLast: true, scanned: undefined};

async function untilItComes<R>(read: () => Promise<R>, ending: AbortSignal): Promise<R | undefined> {
    for (let attempt = 0; !ending.aborted; attempt++) {
        try {
            return await read();
        } catch (error) {
            if (!isWoltageError(error) || error.code !== 'KURRENTDB_UNAVAILABLE')
                throw error;
            await delay(backoffMs(attempt), ending);
        }
    }
    return undefined;
}

function greatest(...positions: readonly (bigint | null | undefined)[]): bigint | undefined {
    let most: bigint | undefined;
    for (const position of positions) {
        if (typeof position === 'bigint' && (most === undefined || position > most))
            most = position;
    }
    return most;
}
