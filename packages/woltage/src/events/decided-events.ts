import {placeEvent} from './event-catalogue.ts';
import {Event} from './event.ts';
import type {EventData} from './recorded-event.ts';

/** The events that a handler has returned: one, several or nothing; `undefined` where it is something else. */
export function eventsOf(returned: unknown): readonly Event[] | undefined {
    const list: readonly unknown[] = returned === undefined || returned === null ? [] : Array.isArray(returned) ? returned as readonly unknown[] : [returned];
    return list.every(item => item instanceof Event) ? list as readonly Event[] : undefined;
}

/** Tells the events of one stream where they stand by now. @param last Where the last of them stands */
export function placeRecorded(events: readonly Event[], data: readonly EventData[], last: {readonly revision: bigint; readonly position: bigint}): void {
    const first = last.revision - BigInt(events.length - 1);
    events.forEach((event, index) => {
        const {id, correlationId, causationId} = data[index] ?? event;
        // Positions may have gaps, so only the last event's is known for sure.
        placeEvent(event, {id, correlationId, causationId, revision: first + BigInt(index), position: index === events.length - 1 ? last.position : -1n});
    });
}
