import {delay} from '../shared/delay.ts';

/** What goes on beside the events for as long as a session lasts. One chore that fails ends the session. */
export class Chores {
    readonly #session: AbortController;
    readonly #running: Promise<void>[] = [];
    #failure: {readonly error: unknown} | undefined;

    constructor(session: AbortController) {
        this.#session = session;
    }

    /** Does something every some ms, until the session ends. */
    every(intervalMs: number, task: () => Promise<void>): this {
        this.#running.push(this.#repeat(intervalMs, task));
        return this;
    }

    /** Ends the session and waits for what is under way. @throws what ended the session, where that was a chore */
    async end(): Promise<void> {
        this.#session.abort();
        await Promise.all(this.#running);
        if (this.#failure !== undefined)
            throw this.#failure.error;
    }

    async #repeat(intervalMs: number, task: () => Promise<void>): Promise<void> {
        const {signal} = this.#session;
        try {
            for (await delay(intervalMs, signal); !signal.aborted; await delay(intervalMs, signal))
                await task();
        } catch (error) {
            this.#failure ??= {error};
            this.#session.abort();
        }
    }
}
