import {Event, type Aggregate} from 'woltage';
import type {TestClock} from '../runtime/test-clock.ts';
import {TestingError} from '../testing-error.ts';

/** Events that are given, with what is known of where they belong. */
export interface GivenEvents {
    readonly aggregate?: Aggregate | string | undefined;
    readonly aggregateId?: string | undefined;
    readonly events: readonly Event[];
}

/** @throws TestingError `TEST_INVALID` for anything but events */
export function checkEvents(events: unknown): asserts events is readonly Event[] {
    if (!Array.isArray(events))
        throw new TestingError('given takes an array of events: given([new AccountOpened({payload: {...}})]).');
    const wrong = events.findIndex(event => !(event instanceof Event));
    if (wrong >= 0) {
        const hint = typeof events[wrong] === 'function' ? ' It is a class: make an event of it, with `new`.' : '';
        throw new TestingError(`given takes events, but its item ${wrong + 1} is not an instance of a class that extends Event.${hint}`);
    }
}

/** Ids hold the time that they were made at; taken from two calls of a clock, it may be a little off. */
const AUTOMATIC_WITHIN_MS = 50;

/** Whether nobody has said which id and which time an event has: then the id is a UUIDv7 of that very time. */
function isAutomatic({id, timestamp}: Event): boolean {
    const madeAt = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    return id.charAt(14) === '7' && Math.abs(madeAt - timestamp) <= AUTOMATIC_WITHIN_MS;
}

/** Gives events that say nothing of their id and time those of the clock: the same in every run. The event itself has them from then on. */
export function stamp(events: readonly Event[], {source}: TestClock): void {
    const ids = new Map<string, string>();
    for (const event of events) {
        if (Object.isFrozen(event) || !isAutomatic(event))
            continue;
        const {id} = event;
        ids.set(id, source.newId());
        Object.assign(event, {id: ids.get(id), timestamp: source.now()});
    }
    for (const event of events) {
        if (!Object.isFrozen(event))
            Object.assign(event, {correlationId: ids.get(event.correlationId) ?? event.correlationId, causationId: ids.get(event.causationId ?? '') ?? event.causationId});
    }
}

/** The same event in another place. */
export const copyTo = (event: Event, aggregateId: string): Event =>
    Object.assign(Object.create(Object.getPrototypeOf(event) as object) as Event, event, {aggregateId});
