import type {ProjectionFault} from './fault.ts';
import {HandlerFailure} from './handler-failure.ts';

/**
 * - `stopped`: not working, because the runtime isn't started
 * - `replaying`: working through the past
 * - `live`: caught up; handles events as they come
 * - `waiting`: a database can't be reached, or a handler failed and is about to be tried again
 * - `standby`: another process works on it; this one takes over when that one stops or dies
 * - `faulted`: a handler keeps failing; needs a hand
 * - `unavailable`: the projector or the store that it was added with isn't there
 */
export type ProjectionState = 'stopped' | 'replaying' | 'live' | 'waiting' | 'standby' | 'faulted' | 'unavailable';

export type StatusChange = 'state' | 'batch';

/** How a worker is doing, and those who wait for it to change. */
export class WorkerStatus {
    readonly #changes = new EventTarget();
    #state: ProjectionState = 'stopped';
    #error: Error | undefined;
    #isLive = false;

    get state(): ProjectionState {
        return this.#state;
    }

    get error(): Error | undefined {
        return this.#error;
    }

    /** Whether it has caught up, here or in the process that works on it. */
    get isLive(): boolean {
        return this.#isLive;
    }

    set(state: ProjectionState, error?: Error, isLive = false): void {
        this.#error = error;
        if (state === this.#state && isLive === this.#isLive)
            return;
        this.#state = state;
        this.#isLive = isLive;
        this.tell('state');
    }

    showFault(projectionId: string, fault: ProjectionFault): void {
        if (this.#state !== 'faulted' || !(this.#error instanceof HandlerFailure) || this.#error.eventId !== fault.eventId)
            this.set('faulted', new HandlerFailure(projectionId, fault, fault.message));
    }

    /** Wakes those who wait for a change of this kind. */
    tell(change: StatusChange): void {
        this.#changes.dispatchEvent(new Event(change));
    }

    /** Resolves at the next change of one of these kinds, or when the signal aborts. */
    next(changes: readonly StatusChange[], signal: AbortSignal | undefined): Promise<void> {
        return new Promise(resolve => {
            const done = (): void => {
                for (const change of changes)
                    this.#changes.removeEventListener(change, done);
                signal?.removeEventListener('abort', done);
                resolve();
            };
            for (const change of changes)
                this.#changes.addEventListener(change, done);
            signal?.addEventListener('abort', done);
            if (signal?.aborted === true)
                done();
        });
    }
}
