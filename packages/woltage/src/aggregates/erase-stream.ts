import {ConfigError, WoltageError} from '../errors/index.ts';
import {TombstoneEvent, type Event, type EventData} from '../events/index.ts';
import type {AppendResult, ExpectedRevision, IEventStore} from '../ports/index.ts';

/**
 * Whether the events that somebody has decided upon end their aggregate: a tombstone, which stands alone, for what stood before it would be removed in the
 * same step.
 *
 * @param who Names the one who decided, for messages
 * @throws WoltageError `TOMBSTONE_NOT_ALONE`
 */
export function isErasure(events: readonly Event[], who: string): boolean {
    if (!events.some(event => event instanceof TombstoneEvent))
        return false;
    if (events.length > 1)
        throw new WoltageError(`${who} returned a tombstone among other events. It ends the aggregate, and everything else is removed with it: return it alone.`,
            500, {code: 'TOMBSTONE_NOT_ALONE'});
    return true;
}

export interface ErasedStream {
    readonly aggregateName: string;
    readonly aggregateId: string;
    /** The tombstone, as {@link isErasure} has found it alone. */
    readonly data: readonly EventData[];
    readonly revision: ExpectedRevision | undefined;
}

/**
 * Erases a stream.
 *
 * @param erased Called when it is done, to remove what is kept of the aggregate elsewhere: cached states, snapshots
 * @throws ConfigError `ERASURE_UNSUPPORTED` where the event store can't erase
 * @throws What `erase` of the event store throws
 */
export async function eraseStream(
    eventStore: IEventStore, {aggregateName, aggregateId, data, revision}: ErasedStream, erased?: () => void | Promise<void>
): Promise<AppendResult> {
    const [tombstone] = data;
    if (eventStore.erase === undefined || tombstone === undefined)
        throw new ConfigError(`Aggregate '${aggregateName}/${aggregateId}' can't be erased: this event store has no erasure.`, {code: 'ERASURE_UNSUPPORTED'});
    const result = await eventStore.erase(aggregateName, aggregateId, tombstone, revision);
    await erased?.();
    return result;
}
