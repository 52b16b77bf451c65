/** Keeps count of what is under way, so that a stop can wait for it. */
export class InFlight {
    #count = 0;
    #idle: (() => void)[] = [];

    get count(): number {
        return this.#count;
    }

    /** Counts until the promise settles. */
    track<R>(running: Promise<R>): Promise<R> {
        this.#count++;
        running.then(this.#done, this.#done);
        return running;
    }

    readonly #done = (): void => {
        if (--this.#count === 0) {
            for (const resolve of this.#idle.splice(0))
                resolve();
        }
    };

    /** Resolves when nothing is under way. */
    async idle(): Promise<void> {
        if (this.#count > 0)
            await new Promise<void>(resolve => this.#idle.push(resolve));
    }
}
