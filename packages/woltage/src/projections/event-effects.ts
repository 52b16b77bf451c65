import {currentContext, runInContext, type EffectScope} from '../context/index.ts';
import type {Event} from '../events/index.ts';

/**
 * The effects of one event's handling. Each has an ordinal; effects called inside an effect have ordinals below it, so that
 * an effect keeps its key whether or not the ones before it have to run again.
 */
export class EventEffects implements EffectScope {
    readonly event: Event;
    readonly #fires: boolean;
    readonly #completed: Set<string>;
    readonly #path: string;
    readonly #running = new Set<Promise<void>>();
    readonly #onFailure: (error: unknown) => void;
    #count = 0;

    /**
     * @param completed The effects that have run but whose event isn't committed yet; a retry leaves them out
     * @param onFailure Is told of every effect that fails, whether or not the handler deals with it
     */
    constructor(event: Event, fires: boolean, completed: Set<string>, onFailure: (error: unknown) => void, path = '') {
        this.event = event;
        this.#fires = fires;
        this.#completed = completed;
        this.#onFailure = onFailure;
        this.#path = path;
    }

    run(effect: (key: string) => unknown): Promise<void> {
        const key = `${this.#path}${this.#count++}`;
        if (!this.#fires || this.#completed.has(`${this.event.id}/${key}`))
            return Promise.resolve();
        const running = this.#run(effect, key);
        this.#running.add(running);
        running.then(() => this.#running.delete(running), (error: unknown) => {
            this.#running.delete(running);
            this.#onFailure(error);
        });
        return running;
    }

    /** True when an effect was asked for that could run. */
    get fired(): boolean {
        return this.#fires && this.#count > 0;
    }

    /** Waits for the effects that the handler didn't await, and throws when one of them fails. */
    async settle(): Promise<void> {
        while (this.#running.size > 0)
            await Promise.all(this.#running);
    }

    async #run(effect: (key: string) => unknown, key: string): Promise<void> {
        const inner = new EventEffects(this.event, true, this.#completed, this.#onFailure, `${key}.`);
        const context = currentContext();
        await (context === undefined ? effect(key) : runInContext({...context, effects: inner}, () => effect(key)));
        await inner.settle();
        this.#completed.add(`${this.event.id}/${key}`);
    }
}
