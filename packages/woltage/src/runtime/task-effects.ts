import type {EffectScope} from '../context/index.ts';
import type {Cause} from '../events/index.ts';

/** The effects inside a durable side effect: they run at once, and have the same keys at every attempt. */
export class TaskEffects implements EffectScope {
    readonly cause: Cause;
    readonly #key: string;
    readonly #enqueue: (key: string, name: string, payload: unknown) => Promise<void>;
    readonly #running: Promise<unknown>[] = [];
    readonly #counts = new Map<string | undefined, number>();

    constructor(cause: Cause, key: string, enqueue: (key: string, name: string, payload: unknown) => Promise<void>) {
        this.cause = cause;
        this.#key = key;
        this.#enqueue = enqueue;
    }

    run(effect: (key: string) => unknown, what?: string): Promise<void> {
        const key = this.#nextKey(what);
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

    /** By its place; where it says what it is about, by its place among those about the same. */
    #nextKey(what?: string): string {
        const place = this.#counts.get(what) ?? 0;
        this.#counts.set(what, place + 1);
        return what === undefined ? `${this.#key}.${place}` : `${this.#key}.${what}.${place}`;
    }
}
