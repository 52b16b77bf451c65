/** A position that must not be passed, while there is one. */
export class PositionLimit {
    readonly #changes = new EventTarget();
    #position: bigint | undefined;

    /** `undefined` when there is none. */
    get position(): bigint | undefined {
        return this.#position;
    }

    /** @returns The position */
    set<P extends bigint | undefined>(position: P): P {
        if (position !== this.#position) {
            this.#position = position;
            this.#changes.dispatchEvent(new Event('change'));
        }
        return position;
    }

    /** The position, or the limit where that is earlier. */
    clamp(position: bigint): bigint {
        return this.#position !== undefined && this.#position < position ? this.#position : position;
    }

    forbids(position: bigint): boolean {
        return this.#position !== undefined && position > this.#position;
    }

    /** Resolves at the next change, or when the signal aborts. */
    changed(signal: AbortSignal): Promise<void> {
        return new Promise(resolve => {
            const done = (): void => {
                this.#changes.removeEventListener('change', done);
                signal.removeEventListener('abort', done);
                resolve();
            };
            this.#changes.addEventListener('change', done);
            signal.addEventListener('abort', done);
            if (signal.aborted)
                done();
        });
    }
}
