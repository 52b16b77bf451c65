import {WoltageError} from '../errors/index.ts';
import {Event, eventsOf, placeEvent} from '../events/index.ts';
import type {CommandHandle} from './aggregate.ts';
import type {CommandResult, ForcedEvents} from './command.ts';

/** What a handler has decided. */
export interface Decided {
    readonly events: readonly Event[];
    /** Whether they are appended regardless of what has come since. */
    readonly force: boolean;
}

/**
 * Checks what a handler has returned, and makes it the aggregate's.
 *
 * @throws WoltageError `INVALID_COMMAND_RESULT`, `FOREIGN_EVENT`
 */
export function toDecided(result: CommandResult, command: CommandHandle, aggregateId: string): Decided {
    const forced = isForced(result) ? result : undefined;
    const returned: unknown = forced === undefined ? result : forced.event;
    const events = eventsOf(returned);
    if (events === undefined)
        throw new WoltageError(`Command '${command.aggregate.name}.${command.name}' must return an event, an array of events, {force: true, event}, or nothing.`, 500,
            {code: 'INVALID_COMMAND_RESULT'});
    for (const event of events)
        claimEvent(event, aggregateId);
    return {events, force: forced?.force === true};
}

const isForced = (result: CommandResult): result is ForcedEvents =>
    typeof result === 'object' && result !== null && !(result instanceof Event) && !Array.isArray(result) && Object.hasOwn(result, 'event');

function claimEvent(event: Event, aggregateId: string): void {
    if (event.aggregateId === '')
        placeEvent(event, {aggregateId});
    else if (event.aggregateId !== aggregateId)
        throw new WoltageError(`A command of aggregate '${aggregateId}' returned an event of aggregate '${event.aggregateId}'. `
            + 'A command changes its own aggregate only.', 500, {code: 'FOREIGN_EVENT'});
}
