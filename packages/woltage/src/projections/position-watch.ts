import {UnavailableError} from '../errors/index.ts';

interface Waiter {
    readonly position: bigint;
    readonly done: () => void;
}

/** A position that moves forward, and those who wait for it. */
export class PositionWatch {
    #position: bigint;
    readonly #waiters = new Set<Waiter>();

    constructor(position: bigint) {
        this.#position = position;
    }

    get position(): bigint {
        return this.#position;
    }

    set position(position: bigint) {
        this.#position = position;
        for (const waiter of this.#waiters) {
            if (waiter.position <= position)
                waiter.done();
        }
    }

    /** @throws UnavailableError `POSITION_TIMEOUT` with the position reached; the signal's reason when it aborts */
    reached(position: bigint, timeoutMs: number, signal?: AbortSignal): Promise<void> {
        if (this.#position >= position)
            return Promise.resolve();
        return new Promise((resolve, reject) => {
            const finish = (settle: () => void): void => {
                this.#waiters.delete(waiter);
                clearTimeout(timer);
                signal?.removeEventListener('abort', aborted);
                settle();
            };
            const aborted = (): void => finish(() => reject(signal?.reason as Error));
            const timer = setTimeout(() => finish(() => reject(new UnavailableError(
                `Position ${position} was not reached within ${timeoutMs} ms; it is ${this.#position}.`,
                {code: 'POSITION_TIMEOUT', details: {position: this.#position.toString()}}
            ))), timeoutMs);
            const waiter = {position, done: () => finish(resolve)};
            this.#waiters.add(waiter);
            signal?.addEventListener('abort', aborted);
            if (signal?.aborted === true)
                aborted();
        });
    }
}
