/** Lets tasks with the same key run one after the other, in the order of the calls; tasks with other keys don't wait for them. */
export class Mailboxes {
    readonly #tails = new Map<string, Promise<void>>();

    async run<R>(key: string, task: () => Promise<R>): Promise<R> {
        const before = this.#tails.get(key);
        let release = (): void => undefined;
        const own = new Promise<void>(resolve => {
            release = resolve;
        });
        this.#tails.set(key, own);
        try {
            await before;
            return await task();
        } finally {
            release();
            if (this.#tails.get(key) === own)
                this.#tails.delete(key);
        }
    }

    /** Runs a task when it is its turn for all keys. */
    runAll<R>(keys: readonly string[], task: () => Promise<R>): Promise<R> {
        // In one order, so that two of them never wait for each other.
        return [...new Set(keys)].sort().reduceRight<() => Promise<R>>((inner, key) => () => this.run(key, inner), task)();
    }
}
