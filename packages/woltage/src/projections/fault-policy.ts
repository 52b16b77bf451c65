import {backoffMs} from '../shared/delay.ts';
import {HandlerFailure} from './handler-failure.ts';
import type {ProjectionTuning} from './tuning.ts';

const MAX_BACKOFF_MS = 30_000;

/** Decides what follows a failure: a handler is tried a number of times, everything else is waited out. */
export class FaultPolicy {
    readonly #tuning: ProjectionTuning;
    #event: string | undefined;
    #attempts = 0;
    #outages = 0;

    constructor(tuning: ProjectionTuning) {
        this.#tuning = tuning;
    }

    /** How often the current event has failed. */
    get attempts(): number {
        return this.#attempts;
    }

    /** To be called when something has been committed: the database is there. */
    progressed(): void {
        this.#outages = 0;
    }

    /** To be called when all is well again. */
    reset(): void {
        this.#event = undefined;
        this.#attempts = 0;
        this.#outages = 0;
    }

    /** @returns How long to wait before the next try, in ms; `undefined` when there is none */
    failed(error: Error): number | undefined {
        const {retryMs, maxAttempts} = this.#tuning;
        if (!(error instanceof HandlerFailure))
            return backoffMs(this.#outages++, retryMs, MAX_BACKOFF_MS);
        this.#attempts = error.eventId === this.#event ? this.#attempts + 1 : 1;
        this.#event = error.eventId;
        return this.#attempts >= maxAttempts ? undefined : backoffMs(this.#attempts - 1, retryMs, MAX_BACKOFF_MS);
    }
}
