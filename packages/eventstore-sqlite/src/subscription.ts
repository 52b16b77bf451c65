import {whenNotBusy} from '@woltage/sqlite';
import type {SubscribeOptions, SubscriptionBatch} from 'woltage';
import type {ChangeWatch} from './change-watch.ts';
import type {EventPages} from './event-pages.ts';
import {toRecord} from './records.ts';

const DEFAULT_BATCH = 1000;

/** What a subscription reads from. */
export interface SubscriptionSource {
    readonly pages: EventPages;
    readonly changes: ChangeWatch;
    readonly busyTimeoutMs: number | undefined;
}

/** The batches of a subscription, until the signal aborts. */
export async function* followSQLite(
    {pages, changes, busyTimeoutMs}: SubscriptionSource, {after, filter, batchSize = DEFAULT_BATCH}: SubscribeOptions, ending: AbortSignal
): AsyncGenerator<SubscriptionBatch, void> {
    let position = after === undefined ? 0 : Number(after);
    const accepts = filter?.accepts;
    let isFirst = true;
    while (!ending.aborted) {
        const {page, mark} = await whenNotBusy(() => {
            // Ended while it waited for a lock: the database may be closed.
            if (ending.aborted)
                return {page: undefined, mark: 0};
            return {mark: changes.mark(), page: pages.next(position, filter?.types, batchSize)};
        }, busyTimeoutMs);
        if (page === undefined)
            return;
        if (page.position <= position && !isFirst) {
            await changes.changed(mark, ending);
            continue;
        }
        isFirst = false;
        position = page.position;
        // Before anything is parsed: what a slice of a projection doesn't need costs it little.
        const rows = accepts === undefined ? page.rows : page.rows.filter(([, name, id]) => accepts(name, id));
        yield {events: rows.map(toRecord), position: position === 0 ? undefined : BigInt(position), caughtUp: page.caughtUp};
        // SQLite reads synchronously: let others have their turn between two pages.
        if (!page.caughtUp)
            await new Promise(resolve => setImmediate(resolve));
    }
}
