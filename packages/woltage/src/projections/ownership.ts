import {delay} from '../shared/delay.ts';
import type {BatchRunner} from './batch-runner.ts';
import type {Checkpoint} from './checkpoint.ts';

/** How often a process that stands by looks whether it may take over, at least, in ms. */
const MAX_STANDBY_POLL_MS = 500;

/**
 * Sees to it that one process at a time works on a projection. There is no lease beside the checkpoint: its token changes with every commit, and now
 * and then without one. Who has been silent for the time of a lease is taken for dead, by the clock of whoever looks; should it still be alive, its writes
 * fail.
 */
export class Ownership {
    readonly #runner: BatchRunner;
    readonly #leaseMs: number;
    readonly #onStandby: (checkpoint: Checkpoint) => void;

    /** @param onStandby Is told, each time it looks, how far the one at work has come */
    constructor(runner: BatchRunner, leaseMs: number, onStandby: (checkpoint: Checkpoint) => void) {
        this.#runner = runner;
        this.#leaseMs = leaseMs;
        this.#onStandby = onStandby;
    }

    /** Waits until nobody else works on the projection. @returns The position to go on from; `undefined` when the signal aborts */
    async acquire(signal: AbortSignal): Promise<bigint | undefined> {
        let silent: {readonly token: string; readonly since: number} | undefined;
        while (!signal.aborted) {
            const isExpired = silent !== undefined && performance.now() - silent.since > this.#leaseMs;
            const checkpoint = await this.#runner.open(isExpired ? silent?.token : undefined);
            if (this.#runner.owns(checkpoint))
                return checkpoint.position;
            if (checkpoint.token !== silent?.token)
                silent = {token: checkpoint.token, since: performance.now()};
            this.#onStandby(checkpoint);
            await delay(Math.min(MAX_STANDBY_POLL_MS, this.#leaseMs / 4), signal);
        }
        return undefined;
    }

    /**
     * Shows others that this one is alive, until the session ends. Ends the session when somebody else has taken over.
     *
     * @returns What went wrong; never rejects
     */
    async keep(session: AbortController): Promise<{readonly error: unknown} | undefined> {
        const interval = this.#leaseMs / 4;
        try {
            for (await delay(interval, session.signal); !session.signal.aborted; await delay(interval, session.signal))
                await this.#runner.beat();
            return undefined;
        } catch (error) {
            session.abort();
            return {error};
        }
    }
}
