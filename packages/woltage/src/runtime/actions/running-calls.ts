import {UnavailableError} from '../../errors/index.ts';
import type {Clock} from '../../shared/clock.ts';
import {delay} from '../../shared/delay.ts';
import {withinTime} from '../../shared/within-time.ts';
import {InFlight} from '../in-flight.ts';

/** Calls of actions that are under way: nobody repeats them, and nobody waits for them without end. */
export class RunningCalls {
    readonly #clock: Clock;
    readonly #inFlight = new InFlight();
    #ending = new AbortController();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    start(): void {
        this.#ending = new AbortController();
    }

    /** Waits for what is under way, up to some ms; then its signals abort, and its callers are told. */
    async stop(graceMs: number): Promise<void> {
        const over = new AbortController();
        await Promise.race([this.#inFlight.idle(), delay(graceMs, over.signal)]);
        over.abort();
        this.#ending.abort(new UnavailableError('This Woltage instance is stopped.', {code: 'STOPPED'}));
    }

    /**
     * Runs something for some ms at most: its signal aborts then, and whoever waits for it goes on.
     *
     * @throws UnavailableError `ACTION_TIMEOUT`, `STOPPED`
     */
    run<R>(ms: number, call: (signal: AbortSignal) => Promise<R>): Promise<R> {
        const late = (): Error => new UnavailableError(`The action took longer than ${ms} ms. What it has done until then is done.`, {code: 'ACTION_TIMEOUT'});
        return this.#inFlight.track(withinTime({clock: this.#clock, ms, late, ending: this.#ending.signal}, call));
    }
}
