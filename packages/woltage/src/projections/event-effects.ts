import {currentContext, runInContext, type DurableEffect, type EffectScope} from '../context/index.ts';
import type {Cause} from '../events/index.ts';

/** The effects of history: none. */
export const historicEffects: EffectScope = {
    cause: undefined,
    run: () => Promise.resolve(),
    defer: () => undefined
};

/** What one event's handling needs to know of its effects. */
export interface EffectOptions {
    /**
     * The effects that have run but whose event isn't committed yet, with the durable ones that they have asked for: a retry leaves
     * the former out and asks for the latter again.
     */
    readonly completed: Map<string, readonly DurableEffect[]>;
    /** Called before an effect runs; throws where it must not. */
    readonly confirm: () => Promise<void>;
    /** Writes a durable effect down, to be committed with the event's rows. */
    readonly stage: (effect: DurableEffect) => void;
    /** Runs an effect where it is seen. */
    readonly observe: (run: () => Promise<void>) => Promise<void>;
    /** Is told of every effect that fails, whether or not the handler deals with it. */
    readonly onFailure: (error: unknown) => void;
}

/**
 * The effects of one event's handling. Each has an ordinal; effects called inside an effect have ordinals below it, so that
 * an effect keeps its key whether or not the ones before it have to run again.
 */
export class EventEffects implements EffectScope {
    readonly cause: Cause;
    readonly #options: EffectOptions;
    readonly #path: string;
    readonly #running = new Set<Promise<void>>();
    /** Durable effects asked for here and in effects inside. */
    readonly #durable: DurableEffect[] = [];
    #count = 0;

    constructor(cause: Cause, options: EffectOptions, path = '') {
        this.cause = cause;
        this.#options = options;
        this.#path = path;
    }

    run(effect: (key: string) => unknown): Promise<void> {
        const key = `${this.#path}${this.#count++}`;
        const {completed, onFailure} = this.#options;
        const done = completed.get(key);
        if (done !== undefined) {
            done.forEach(durable => this.#stage(durable));
            return Promise.resolve();
        }
        const running = this.#run(effect, key);
        this.#running.add(running);
        running.then(() => this.#running.delete(running), (error: unknown) => {
            this.#running.delete(running);
            onFailure(error);
        });
        return running;
    }

    defer({name}: {readonly name: string}, payload: unknown): void {
        const key = `${this.#path}${this.#count++}`;
        this.#stage({key, name, payload});
    }

    /** True when an effect was asked for. */
    get fired(): boolean {
        return this.#count > 0;
    }

    /** Waits for the effects that the handler didn't await, and throws when one of them fails. */
    async settle(): Promise<void> {
        while (this.#running.size > 0)
            await Promise.all(this.#running);
    }

    #stage(effect: DurableEffect): void {
        this.#durable.push(effect);
        this.#options.stage(effect);
    }

    async #run(effect: (key: string) => unknown, key: string): Promise<void> {
        await this.#options.confirm();
        const inner = new EventEffects(this.cause, this.#options, `${key}.`);
        const context = currentContext();
        await this.#options.observe(async () => {
            await (context === undefined ? effect(key) : runInContext({...context, effects: inner}, () => effect(key)));
            await inner.settle();
        });
        this.#durable.push(...inner.#durable);
        this.#options.completed.set(key, inner.#durable);
    }
}
