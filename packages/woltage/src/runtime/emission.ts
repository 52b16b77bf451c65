import {BadRequestError} from '../errors/index.ts';
import {Event, TombstoneEvent, type Cause, type EventCatalogue, type EventData} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';
import {deriveUuid} from '../shared/uuid.ts';

/**
 * Appends events that follow from another. Their ids are derived from it and the key, so that a repetition finds them already
 * there. Events of one aggregate are appended together, in order.
 *
 * @throws BadRequestError `INVALID_EVENT` when one has no `aggregateId`, or is a tombstone
 */
export async function emitEvents(
    eventStore: IEventStore, catalogue: EventCatalogue, cause: Cause, key: string, aggregateName: string, events: readonly Event[]
): Promise<void> {
    const byAggregate = new Map<string, EventData[]>();
    for (const [index, event] of events.entries()) {
        if (!(event instanceof Event) || event.aggregateId === '')
            throw new BadRequestError('An emitted event must be an Event with an `aggregateId`.', {code: 'INVALID_EVENT'});
        if (event instanceof TombstoneEvent)
            throw new BadRequestError('A tombstone can\'t be emitted: it has to be decided by a command of its aggregate.', {code: 'INVALID_EVENT'});
        const data = catalogue.toData(event, await deriveUuid(cause.id, `${key}/${index}`), cause);
        const list = byAggregate.get(event.aggregateId);
        if (list === undefined)
            byAggregate.set(event.aggregateId, [data]);
        else
            list.push(data);
    }
    for (const [aggregateId, list] of byAggregate)
        await eventStore.append(aggregateName, aggregateId, list);
}
