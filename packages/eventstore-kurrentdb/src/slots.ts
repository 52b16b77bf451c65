/** Lets so many tasks run at once; the others wait in the order of the calls. */
export class Slots {
    readonly #waiting: (() => void)[] = [];
    #free: number;

    constructor(count: number) {
        this.#free = count;
    }

    async run<R>(task: () => Promise<R>): Promise<R> {
        if (this.#free > 0)
            this.#free--;
        else
            await new Promise<void>(resolve => this.#waiting.push(resolve));
        try {
            return await task();
        } finally {
            const next = this.#waiting.shift();
            if (next === undefined)
                this.#free++;
            else
                next();
        }
    }
}
