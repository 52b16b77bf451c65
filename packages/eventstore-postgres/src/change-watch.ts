/**
 * Tells subscriptions that there may be something new: at once what this process commits, by notification what others do, and by a look at the head
 * from time to time where notifications don't get through. There is a timer only while somebody waits.
 */
export class ChangeWatch {
    readonly #pollIntervalMs: number;
    readonly #readHead: () => Promise<bigint>;
    readonly #waiting = new Set<() => void>();
    #head: bigint | undefined;
    #changes = 0;
    #timer: NodeJS.Timeout | undefined;
    #looking = false;

    constructor(pollIntervalMs: number, readHead: () => Promise<bigint>) {
        this.#pollIntervalMs = pollIntervalMs;
        this.#readHead = readHead;
    }

    /** To be called before reading. What changes from then on makes `changed` with this mark resolve. */
    mark(): number {
        return this.#changes;
    }

    /** Resolves when something has changed since the mark, or when the signal aborts. */
    changed(mark: number, signal: AbortSignal): Promise<void> {
        if (mark !== this.#changes || signal.aborted)
            return Promise.resolve();
        return new Promise(resolve => {
            const wake = (): void => {
                this.#waiting.delete(wake);
                signal.removeEventListener('abort', wake);
                if (this.#waiting.size === 0)
                    this.#stopPolling();
                resolve();
            };
            this.#waiting.add(wake);
            signal.addEventListener('abort', wake);
            this.#timer ??= setInterval(() => {
                this.#look().catch(() => this.notify());
            }, this.#pollIntervalMs);
        });
    }

    /** Wakes everybody who waits. */
    readonly notify = (): void => {
        this.#changes++;
        for (const wake of [...this.#waiting])
            wake();
    };

    /** After an error those who wait read again, and meet it where they can catch it. */
    async #look(): Promise<void> {
        if (this.#looking)
            return;
        this.#looking = true;
        try {
            const head = await this.#readHead();
            if (head !== this.#head) {
                this.#head = head;
                this.notify();
            }
        } finally {
            this.#looking = false;
        }
    }

    #stopPolling(): void {
        clearInterval(this.#timer);
        this.#timer = undefined;
    }
}
