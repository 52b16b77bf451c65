import {defineEvent, Aggregate, Action, onEvent, z, type AdapterConfig, type IEventStore, type IStore, uuidV7, createWoltage} from 'woltage';
import {account, move, Moved, payload} from './domain.ts';

/** What is to be done about each event. */
export type Handler = (id: string, command: () => Promise<unknown>) => Promise<void>;

/** A contestant: has its handler called once for each event, durably. */
export interface Work {
    /** Appends an event, and does what it takes for the handler to be called. Resolves when both are durable. */
    trigger(id: string): Promise<unknown>;
    stop(): Promise<void>;
}

export type OpenWork = (handler: Handler) => Promise<Work>;

/** Puts an id into a queue, durably. */
export interface Queue {
    add(id: string): Promise<unknown>;
    stop(): Promise<void>;
}

export type OpenQueue = (handler: (id: string) => Promise<void>) => Promise<Queue>;

export const CONCURRENCY = 100;

const none = z.object({});
const Noted = defineEvent('Noted', {schema: none});
const receipt = Aggregate.create('receipt', {$init: () => ({}), [Noted.identity]() {}});
const note = receipt.registerCommand(none, function note() {
    return new Noted({payload: {}});
});
const definitions = {eventClasses: [Moved, Noted], aggregates: [account, receipt], projectorClasses: [], stores: {}};

/** An action on the event. */
export function actionWork(eventStore: AdapterConfig<IEventStore>, store: AdapterConfig<IStore>): OpenWork {
    return async handler => {
        const work = Action.create('work', {
            on: onEvent(Moved),
            concurrency: CONCURRENCY,
            handler: (_payload, {event, run}) => handler(event.aggregateId, () => run(note, event.aggregateId, {}))
        });
        const woltage = await createWoltage({...definitions, eventStore, internalStore: store, actions: [work]});
        return {trigger: id => woltage.executeCommand(move, id, payload), stop: () => woltage.stop()};
    };
}

/** The event is appended by a command, then a queue is told of it: in two steps, so that a crash in between loses it. */
export function queueWork(eventStore: AdapterConfig<IEventStore>, store: AdapterConfig<IStore>, open: OpenQueue): OpenWork {
    return async handler => {
        const woltage = await createWoltage({...definitions, eventStore, internalStore: store});
        const queue = await open(id => handler(id, () => woltage.executeCommand(note, id, {})));
        return {
            async trigger(id) {
                await woltage.executeCommand(move, id, payload);
                await queue.add(id);
            },
            async stop() {
                await queue.stop();
                await woltage.stop();
            }
        };
    };
}

/** Counts what is handled, and says when. */
export class Meter {
    withCommand = false;
    #left = 0;
    #onDone = (): void => {};
    #onStart = (): void => {};

    readonly handler: Handler = async (_id, command) => {
        this.#onStart();
        if (this.withCommand)
            await command();
        if (--this.#left === 0)
            this.#onDone();
    };

    /** @returns How long it takes until all are handled, in ms */
    async throughput({trigger}: Work, count: number): Promise<number> {
        const done = this.#expect(count);
        const began = performance.now();
        let next = 0;
        await Promise.all(Array.from({length: CONCURRENCY}, async () => {
            while (next++ < count)
                await trigger(uuidV7());
        }));
        await done;
        return performance.now() - began;
    }

    /** @returns How long it takes until the handler begins, in ms, for one event after the other */
    async latencies({trigger}: Work, count: number): Promise<number[]> {
        const times: number[] = [];
        while (times.length < count) {
            const done = this.#expect(1);
            const began = performance.now();
            this.#onStart = () => void times.push(performance.now() - began);
            await trigger(uuidV7());
            await done;
            this.#onStart = () => {};
            await new Promise(resolve => setTimeout(resolve, 10));
        }
        return times;
    }

    #expect(count: number): Promise<void> {
        this.#left = count;
        return new Promise(resolve => this.#onDone = resolve);
    }
}
