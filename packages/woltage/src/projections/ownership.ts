import {StaleRecordError} from '../errors/index.ts';
import type {IStore, StoreRecord} from '../ports/index.ts';
import {delay} from '../shared/delay.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {BatchRunner} from './batch-runner.ts';
import type {Checkpoint, Standing} from './checkpoint.ts';
import {parseFault, type ProjectionFault} from './fault.ts';

/** How often a process that stands by looks whether it may take over, at least, in ms. */
const MAX_STANDBY_POLL_MS = 250;

export interface OwnershipOptions {
    readonly runner: BatchRunner;
    readonly store: IStore;
    /** The key of the slice's fault. */
    readonly faultKey: string;
    readonly leaseMs: number;
    /** Asks whether this process should work on one more slice; the result is to be called when it has been taken, or could not be. */
    readonly reserve: () => (() => void) | undefined;
    /** Is told, each time it looks, how far the one at work has come. */
    readonly onStandby: (checkpoint: Checkpoint | undefined) => void;
    /** Is told that the projection has stopped at an event. */
    readonly onFault: (fault: ProjectionFault) => void;
}

/**
 * Sees to it that one process at a time works on a slice of a projection. Who has been silent for the time of a lease is taken for dead, by the clock of
 * whoever looks; should it still be alive, its writes fail.
 */
export class Ownership {
    readonly #options: OwnershipOptions;
    /** False until the first look: what has been a fault before the process started may be mended by its code. */
    #respectsFaults = false;
    #silent: {readonly token: string; readonly since: number} | undefined;
    #wake = new AbortController();

    constructor(options: OwnershipOptions) {
        this.#options = options;
    }

    /** From now on a fault is tried again, once. */
    reset(): void {
        this.#respectsFaults = false;
        this.#silent = undefined;
    }

    /** Looks again at once. */
    wake(): void {
        this.#wake.abort();
    }

    /** Waits until the slice can be worked on. @returns The position to go on from; `undefined` when the signal aborts */
    async acquire(signal: AbortSignal): Promise<bigint | undefined> {
        const pollMs = Math.min(MAX_STANDBY_POLL_MS, this.#options.leaseMs / 4);
        while (!signal.aborted) {
            const checkpoint = await this.#tryOnce();
            if (checkpoint !== undefined)
                return checkpoint.position;
            this.#wake = new AbortController();
            await delay(pollMs, AbortSignal.any([signal, this.#wake.signal]));
        }
        return undefined;
    }

    async #tryOnce(): Promise<Checkpoint | undefined> {
        const {runner, store, faultKey, reserve, onFault, onStandby} = this.#options;
        const standing = await runner.lease.look();
        if (this.#isHeld(standing.checkpoint)) {
            onStandby(standing.checkpoint);
            return undefined;
        }
        const [fault] = standing.isOutdated ? [] : await store.getRecords([faultKey]);
        if (fault !== undefined && this.#respectsFaults) {
            onFault(parseFault(fault));
            return undefined;
        }
        const done = reserve();
        if (done === undefined) {
            onStandby(standing.checkpoint);
            return undefined;
        }
        return this.#take(standing, fault).finally(done);
    }

    async #take(standing: Standing, fault: StoreRecord | undefined): Promise<Checkpoint | undefined> {
        try {
            const cleared = fault === undefined ? [] : [{key: this.#options.faultKey, value: null, token: uuidV7(), expected: fault.token}];
            const checkpoint = await this.#options.runner.open(standing, cleared);
            this.#respectsFaults = true;
            return checkpoint;
        } catch (error) {
            if (error instanceof StaleRecordError)
                return undefined;
            throw error;
        }
    }

    /** Whether somebody else is at work. One that stays silent for the time of a lease isn't. */
    #isHeld(checkpoint: Checkpoint | undefined): boolean {
        const {runner, leaseMs} = this.#options;
        if (checkpoint === undefined || !runner.lease.isTaken(checkpoint)) {
            this.#silent = undefined;
            return false;
        }
        this.#respectsFaults = true;
        if (checkpoint.token !== this.#silent?.token)
            this.#silent = {token: checkpoint.token, since: performance.now()};
        return performance.now() - this.#silent.since <= leaseMs;
    }
}
