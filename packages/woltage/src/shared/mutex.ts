/** Runs one thing at a time, in the order of the calls. */
export class Mutex {
    #tail: Promise<void> = Promise.resolve();

    async run<R>(task: () => R | Promise<R>): Promise<R> {
        const release = await this.acquire();
        try {
            return await task();
        } finally {
            release();
        }
    }

    /** Waits for the turn; call the result to end it. */
    async acquire(): Promise<() => void> {
        const before = this.#tail;
        let release = (): void => undefined;
        this.#tail = new Promise(resolve => {
            release = resolve;
        });
        await before;
        return release;
    }
}
