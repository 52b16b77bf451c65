import {delay} from 'woltage';
import {isAnswer, isPassing, noAnswer, storeError} from './kurrentdb-error.ts';
import {backoffMs, within} from './waiting.ts';

const SHORTEST_TRY_MS = 20;

/** Makes calls to the server: each is repeated while its failure may pass, until its time is up. Only for what may be repeated. */
export class Calls {
    readonly #server: string;
    readonly #timeoutMs: number;

    constructor(server: string, timeoutMs: number) {
        this.#server = server;
        this.#timeoutMs = timeoutMs;
    }

    /**
     * @param run Gets the ms that are left
     * @throws UnavailableError `KURRENTDB_UNAVAILABLE` when the time is up, `KURRENTDB_FAILED` when the server refuses
     * @throws ConfigError `KURRENTDB_CREDENTIALS`
     * @throws answers about the stream as the client has them: not found, deleted, at another revision
     */
    async make<R>(run: (leftMs: number) => Promise<R>, timeoutMs = this.#timeoutMs): Promise<R> {
        const deadline = performance.now() + timeoutMs;
        for (let attempt = 0; ; attempt++) {
            const leftMs = Math.max(deadline - performance.now(), 1);
            try {
                return await within(leftMs, run(leftMs), () => noAnswer(this.#server, timeoutMs));
            } catch (error) {
                if (isAnswer(error))
                    throw error;
                const untilDeadlineMs = deadline - performance.now();
                if (!isPassing(error) || untilDeadlineMs < SHORTEST_TRY_MS)
                    throw storeError(error, this.#server);
                await delay(Math.min(backoffMs(attempt), untilDeadlineMs - SHORTEST_TRY_MS));
            }
        }
    }
}
