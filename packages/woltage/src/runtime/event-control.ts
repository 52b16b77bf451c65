import type {IEventStore} from '../ports/index.ts';
import type {Definitions} from './definitions.ts';
import {EventCheck, type EventReport} from './event-check.ts';
import {passOver, type PassOptions, type RunStep} from './event-pass.ts';
import {ProjectionControl} from './projection-control.ts';

/** What {@link EventControl} works with. */
export interface EventParts {
    readonly eventStore: IEventStore;
    readonly definitions: Definitions;
}

export interface CheckEventsOptions extends PassOptions {
    readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
}

export interface CheckProgress {
    /** How many have been looked at. */
    readonly events: number;
    readonly position: bigint;
    /** Where the check ends. */
    readonly end: bigint;
}

/** The part of {@link Woltage} that sees to the store of events as a whole. */
export abstract class EventControl extends ProjectionControl {
    /** @internal */
    protected abstract readonly eventParts: EventParts;

    /**
     * Reads the event store from end to end, and reports the types and versions that no class and no cast covers, or that somebody who handles the type can't read. Each event
     * that needs a cast is cast. Nothing is handled or written; for CI before a deployment, with `autostart: false`. Memory is that of a batch, whatever the store holds.
     *
     * @throws UnavailableError `STOPPED`, `SUBSCRIPTION_ENDED`
     * @throws the signal's reason when it aborts
     */
    async checkEvents({onProgress, ...options}: CheckEventsOptions = {}): Promise<EventReport> {
        const {eventStore, definitions} = this.eventParts;
        const check = new EventCheck(definitions);
        for await (const {events, position, end} of passOver(eventStore, this.#step, options)) {
            for (const record of events)
                check.add(record);
            onProgress?.({events: check.count, position, end});
        }
        return check.report;
    }

    /** Each batch on its own, so that a stop has to wait for no more than that. */
    readonly #step: RunStep = task => this.run(task);
}
