import type {DecisionOutcome} from '../../decisions/index.ts';
import type {Event, EventCatalogue} from '../../events/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import type {IdAt} from '../command-traces.ts';

/** What a decision has appended after a position, wherever its events went: found by their ids, in the order of positions. */
export async function findDecision(eventStore: IEventStore, catalogue: EventCatalogue, after: bigint | undefined, idAt: IdAt): Promise<DecisionOutcome | undefined> {
    const events: Event[] = [];
    let nextId = await idAt(0);
    let position = -1n;
    for await (const batch of eventStore.subscribe({after})) {
        for (const record of batch.events) {
            if (record.id !== nextId)
                continue;
            events.push(catalogue.toEvent(record));
            ({position} = record);
            nextId = await idAt(events.length);
        }
        if (batch.caughtUp)
            break;
    }
    return events.length === 0 ? undefined : {position, events};
}
