import type {DurableEffect} from '../context/index.ts';

/** What has come of an event's effects, by their key. */
export type Completed = Map<string, readonly DurableEffect[]>;

/** Effects that have run for events that aren't committed yet. They outlast a session: a commit that fails is tried again. */
export class CompletedEffects {
    readonly #byEvent = new Map<string, Completed>();

    of(eventId: string): Completed | undefined {
        return this.#byEvent.get(eventId);
    }

    remember(eventId: string, completed: Completed): void {
        this.#byEvent.set(eventId, completed);
    }

    /** Everything has been committed. @param eventId The event that isn't done: its effects are remembered */
    settle(eventId: string | undefined): void {
        if (this.#byEvent.size === 0)
            return;
        const kept = eventId === undefined ? undefined : this.#byEvent.get(eventId);
        this.#byEvent.clear();
        if (eventId !== undefined && kept !== undefined)
            this.#byEvent.set(eventId, kept);
    }
}
