import type {SubscribeOptions, SubscriptionBatch} from 'woltage';
import type {ChangeWatch} from './change-watch.ts';
import type {EventPages} from './event-pages.ts';
import {toRecord} from './records.ts';

const DEFAULT_BATCH = 1000;

/** What a subscription reads from. */
export interface SubscriptionSource {
    readonly pages: EventPages;
    readonly changes: ChangeWatch;
}

/** The batches of a subscription, until the signal aborts. */
export async function* followPostgres(
    {pages, changes}: SubscriptionSource, {after, filter, batchSize = DEFAULT_BATCH}: SubscribeOptions, ending: AbortSignal
): AsyncGenerator<SubscriptionBatch, void> {
    let position = after ?? 0n;
    const accepts = filter?.accepts;
    let isFirst = true;
    while (!ending.aborted) {
        const mark = changes.mark();
        const page = await pages.next(position, filter?.types, batchSize);
        if (ending.aborted)
            return;
        if (page.position <= position && !isFirst) {
            await changes.changed(mark, ending);
            continue;
        }
        isFirst = false;
        position = page.position;
        const records = page.rows.map(toRecord);
        const events = accepts === undefined ? records : records.filter(({aggregateName, aggregateId}) => accepts(aggregateName, aggregateId));
        yield {events, position: position === 0n ? undefined : position, caughtUp: page.caughtUp};
    }
}
