/** Repeats what is said of the ends of partitions, now and then: retention never leaves a topic empty whose log is quiet, and readers that come back find that they have missed nothing. */
export class EndMarks {
    readonly #timer: NodeJS.Timeout;
    #underWay: Promise<void> = Promise.resolve();
    #isPaused = false;

    /** @param mark Publishes marks; never rejects */
    constructor(everyMs: number, mark: () => Promise<void>) {
        this.#timer = setInterval(() => {
            if (!this.#isPaused)
                this.#underWay = mark();
        }, everyMs);
    }

    /** Nothing is repeated while `publish` may fail: a mark is true before what it publishes, and behind it. */
    async during(publish: () => Promise<void>): Promise<void> {
        this.#isPaused = true;
        await this.#underWay;
        await publish();
        this.#isPaused = false;
    }

    async stop(): Promise<void> {
        clearInterval(this.#timer);
        await this.#underWay;
    }
}
