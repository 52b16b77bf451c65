import {requireContext} from '../context/index.ts';
import type {Event} from '../events/index.ts';
import {requireEffects} from './side-effect.ts';

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
export async function emit(emission: Emission): Promise<void>;
export async function emit(aggregateName: string, events: Event | readonly Event[]): Promise<void>;
export async function emit(target: string | Emission, list?: Event | readonly Event[]): Promise<void> {
    const {aggregateName, events = []} = typeof target === 'string' ? {aggregateName: target, events: list} : target;
    const effects = requireEffects('emit');
    const {runtime} = requireContext('emit');
    await effects.run(key => runtime.emit(effects.event, key, aggregateName, Array.isArray(events) ? events as readonly Event[] : [events as Event]));
}
