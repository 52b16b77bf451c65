/** Runs what belongs to one key one after the other, in the order of the calls. */
export class Turns {
    readonly #last = new Map<string, Promise<unknown>>();

    async run<R>(key: string, task: () => Promise<R>): Promise<R> {
        const turn = (this.#last.get(key) ?? Promise.resolve()).then(task);
        const settled = turn.catch(() => undefined);
        this.#last.set(key, settled);
        try {
            return await turn;
        } finally {
            if (this.#last.get(key) === settled)
                this.#last.delete(key);
        }
    }

    /** The same for several keys at once; never waits for itself. */
    runAll<R>(keys: readonly string[], task: () => Promise<R>): Promise<R> {
        const [first, ...rest] = [...new Set(keys)].sort();
        return first === undefined ? task() : this.run(first, () => this.runAll(rest, task));
    }
}
