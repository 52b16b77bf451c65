import type {EffectScope} from '../context/index.ts';
import type {Cause} from '../events/index.ts';

/** The effects inside a durable side effect: they run at once, and have the same keys at every attempt. */
export class TaskEffects implements EffectScope {
    readonly cause: Cause;
    readonly #key: string;
    readonly #enqueue: (key: string, name: string, payload: unknown) => Promise<void>;
    readonly #running: Promise<unknown>[] = [];
    #count = 0;

    constructor(cause: Cause, key: string, enqueue: (key: string, name: string, payload: unknown) => Promise<void>) {
        this.cause = cause;
        this.#key = key;
        this.#enqueue = enqueue;
    }

    run(effect: (key: string) => unknown): Promise<void> {
        const key = this.#nextKey();
        const running = (async () => {
            await effect(key);
        })();
        this.#running.push(running.catch(() => undefined));
        return running;
    }

    defer({name}: {readonly name: string}, payload: unknown): void {
        this.#running.push(this.#enqueue(this.#nextKey(), name, payload));
    }

    /** Waits for what was not awaited. @throws what went wrong in the queueing of a durable effect */
    async settle(): Promise<void> {
        await Promise.all(this.#running);
    }

    #nextKey(): string {
        return `${this.#key}.${this.#count++}`;
    }
}
