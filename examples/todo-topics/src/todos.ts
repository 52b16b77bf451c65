import createWoltage, {delay, type Event, type WoltageConfig} from 'woltage';
import {TodoCompleted, TodoRegistered} from './events.ts';
import type {Filter} from './filter.ts';
import {readModelOf} from './read-model.ts';
import type {TodoSettings} from './settings.ts';

/** A todo, wherever it is kept. */
export interface TodoView {
    readonly id: string;
    readonly title: string;
    readonly completed: boolean;
}

export interface TodoApp {
    /** Emits an event. @returns Its position: ask for todos `after` it */
    readonly produce: (event: Event) => Promise<bigint>;
    readonly find: (filter: Filter, after?: bigint) => Promise<TodoView | null>;
    readonly count: (after?: bigint) => Promise<number>;
    readonly stop: () => Promise<void>;
}

/** Producers and read model: in one runtime, or in two where the events go over a topic. */
export async function openTodos({eventStore, internalStore, reader: own, todos, inMongoDB}: TodoSettings): Promise<TodoApp> {
    const events = {eventClasses: [TodoRegistered, TodoCompleted], aggregates: [], projectorClasses: []} satisfies Partial<WoltageConfig>;
    const {readModelClass, projectionName, ...readModel} = readModelOf(inMongoDB);
    const list = {...events, ...readModel, readModelClasses: [readModelClass], stores: {todos}};

    const producer = await createWoltage({...own === undefined ? list : events, eventStore, internalStore});
    const reader = own === undefined ? producer : await createWoltage({...list, ...own});
    // Declared projections are activated when they are live, which takes a moment where events come from elsewhere.
    while (reader.getProjection(projectionName) === undefined)
        await delay(20);
    return {
        produce: async event => (await producer.publish(event)).position,
        find: (filter, after) => reader.executeQuery(readModelClass.name, 'findOne', filter, {}, {after}),
        count: after => reader.executeQuery(readModelClass.name, 'count', {}, {}, {after}),
        async stop() {
            if (reader !== producer)
                await reader.stop();
            await producer.stop();
        }
    };
}
