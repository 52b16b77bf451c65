import type {IStore} from '../../ports/index.ts';
import {delay} from '../../shared/delay.ts';
import type {Logger} from '../../shared/logger.ts';
import type {KeyRing} from './key-ring.ts';

/** How often to look whether a subject was forgotten, in ms: where the store tells of changes, and where it doesn't. */
const WATCHED_MS = 5000;
const UNWATCHED_MS = 250;
/** So long may nobody know whether a subject was forgotten: then keys are read anew, or not at all. In ms. */
const MAX_BLIND_MS = 10_000;

/** Hears when a subject is forgotten, by whichever process. */
export class ForgottenWatch {
    readonly #store: IStore;
    readonly #keys: KeyRing;
    readonly #log: Logger;
    readonly #onForgotten: () => Promise<void>;
    #abort = new AbortController();
    #wake = new AbortController();
    #watching: Promise<void> = Promise.resolve();
    #seen: string | undefined;

    /** @param onForgotten Called once for any number of subjects; tried again when it fails */
    constructor(store: IStore, keys: KeyRing, log: Logger, onForgotten: () => Promise<void>) {
        this.#store = store;
        this.#keys = keys;
        this.#log = log;
        this.#onForgotten = onForgotten;
    }

    async open(): Promise<void> {
        this.#abort = new AbortController();
        const unwatch = await this.#store.watchRecords?.(() => this.#wake.abort());
        try {
            this.#seen = await this.#keys.lastForgotten();
        } catch (error) {
            unwatch?.();
            throw error;
        }
        this.#watching = this.#watch(this.#abort.signal, unwatch === undefined ? UNWATCHED_MS : WATCHED_MS).finally(() => unwatch?.());
    }

    async close(): Promise<void> {
        this.#abort.abort();
        await this.#watching;
    }

    /** Never rejects. */
    async #watch(ending: AbortSignal, intervalMs: number): Promise<void> {
        let lookedAt = performance.now();
        while (!ending.aborted) {
            await delay(intervalMs, AbortSignal.any([ending, this.#wake.signal]));
            this.#wake = new AbortController();
            try {
                if (!ending.aborted)
                    await this.#look();
                lookedAt = performance.now();
            } catch (error) {
                this.#log.warn({err: error}, 'It could not be found out whether somebody was forgotten');
                if (performance.now() - lookedAt > MAX_BLIND_MS)
                    this.#keys.clear();
                // What wakes it may be what fails.
                await delay(UNWATCHED_MS, ending);
            }
        }
    }

    async #look(): Promise<void> {
        const last = await this.#keys.lastForgotten();
        if (last === this.#seen)
            return;
        this.#keys.clear();
        await this.#onForgotten();
        this.#seen = last;
    }
}
