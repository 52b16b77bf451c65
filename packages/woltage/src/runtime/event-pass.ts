import {UnavailableError} from '../errors/index.ts';
import type {RecordedEvent} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';

/** Runs a step while the instance isn't stopped. */
export type RunStep = <R>(task: () => Promise<R>) => Promise<R>;

export interface PassOptions {
    /** Exclusive; left out: from the first event on. */
    readonly after?: bigint | undefined;
    /** Inclusive; left out: up to the last event at the time of the call. */
    readonly until?: bigint | undefined;
    /** Whole event types, as they were recorded; left out: all. */
    readonly types?: readonly string[] | undefined;
    /** Ends the pass; it then rejects with the signal's reason. */
    readonly signal?: AbortSignal | undefined;
}

export interface PassBatch {
    readonly events: readonly RecordedEvent[];
    /** Up to here all has been seen. */
    readonly position: bigint;
    /** Where the pass ends. */
    readonly end: bigint;
}

/** Before all positions. */
const NOTHING = -1n;

/** Where a pass ends; before all positions where the store is empty. */
function lesser(until: bigint | undefined, head: bigint | null): bigint {
    if (head === null)
        return NOTHING;
    return until === undefined || until > head ? head : until;
}

/**
 * The events of the store, batch by batch, up to what was there at the beginning: memory is that of a batch.
 *
 * @throws UnavailableError `STOPPED`, `SUBSCRIPTION_ENDED`
 */
export async function* passOver(eventStore: IEventStore, run: RunStep, {after, until, types, signal}: PassOptions): AsyncGenerator<PassBatch, void> {
    signal?.throwIfAborted();
    const filter = types && {types};
    const end = lesser(until, await run(() => eventStore.getLatestPosition(filter)));
    if (end <= (after ?? NOTHING))
        return;
    const subscription = eventStore.subscribe({after, filter, signal})[Symbol.asyncIterator]();
    try {
        for (let isDone = false; !isDone;) {
            const next = await run(() => subscription.next());
            signal?.throwIfAborted();
            if (next.done === true)
                throw new UnavailableError('The event store ended the subscription.', {code: 'SUBSCRIPTION_ENDED'});
            const {events, position = NOTHING, caughtUp} = next.value;
            isDone = caughtUp || position >= end;
            yield isDone ? {events: events.filter(event => event.position <= end), position: end, end} : {events, position, end};
        }
    } finally {
        await subscription.return?.();
    }
}
