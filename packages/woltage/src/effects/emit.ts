import type {Event} from '../events/index.ts';
import {runEffect} from './run-effect.ts';

export interface Emission {
    readonly aggregateName: string;
    /** Each with its `aggregateId`. */
    readonly events: Event | readonly Event[];
}

/**
 * Appends events from a projector or from inside a side effect. It is a side effect itself: nothing is appended in a replay or
 * by an inactive version. The events' ids follow from the event that is handled, so that a repetition appends nothing.
 *
 * @example
 * await emit({aggregateName: 'user', events: new ConfirmationEmailSent({aggregateId: userId, payload: {mailId}})});
 * @throws BadRequestError `INVALID_EVENT` (in the promise) when an event has no `aggregateId`
 * @throws ContextError (in the promise) when called outside of a projector
 */
export function emit(emission: Emission): Promise<void>;
export function emit(aggregateName: string, events: Event | readonly Event[]): Promise<void>;
export function emit(target: string | Emission, list: Event | readonly Event[] = []): Promise<void> {
    const {aggregateName, events} = typeof target === 'string' ? {aggregateName: target, events: list} : target;
    const all = Array.isArray(events) ? events as readonly Event[] : [events as Event];
    const about = [aggregateName, ...all.map(event => `${(event as Event | undefined)?.type}/${(event as Event | undefined)?.aggregateId}`)].join('/');
    return runEffect('emit', ({cause, runtime, key}) => runtime.emit(cause, key, aggregateName, all), about);
}
