import {afterEach} from 'vitest';
import createWoltage, {
    Aggregate, defineEvent, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, Projector, ReadModel, z,
    type ITable, type TableEntry, type Woltage, type WoltageConfig
} from 'woltage';

export const schema = z.object({title: z.string(), rank: z.number()});
export const Added = defineEvent('Added', {schema});
export const Noted = defineEvent('Noted', {schema: z.object({text: z.string()})});
export type Added = InstanceType<typeof Added>;

export const todo = Aggregate.create('todo', {$init: () => ({titles: [] as string[]})})
    .on(Added, (state, {payload}) => {
        state.titles.push(payload.title);
    });
export const add = todo.registerCommand(schema, function add(_state, payload) {
    return new Added({payload});
});
export const addMany = todo.registerCommand(z.array(schema), function addMany(_state, payload) {
    return payload.map(item => new Added({payload: item}));
});

export const tables = {todos: {key: z.object({id: z.string()}), schema: z.object({title: z.string(), rank: z.number(), seen: z.number()})}};
export type Todos = ITable<(typeof tables)['todos']>;
export type Todo = TableEntry<(typeof tables)['todos']>;

/** A projector that does what a test wants. */
export function projectorOf(handle: (todos: Todos, event: Added) => unknown, version = 1) {
    class TodoProjector extends Projector<typeof tables> {
        static schema = tables;
        static version = version;

        [Added.identity](event: Added) {
            return handle(this.store.tables.todos, event);
        }
    }
    return TodoProjector;
}

export class TodoList extends ReadModel<{readonly store: Projector<typeof tables>['store']}> {
    projectionName = 'todo';

    all() {
        return this.store.tables.todos.find({}, {sort: {rank: 'asc'}});
    }

    titles({id}: {id: string}) {
        return this.stateOf(todo, id);
    }
}

/** Stopped after each test. */
const running: Woltage[] = [];
/** Leaves one out: it can't be stopped, for it is dead. */
export const forget = (woltage: Woltage): void => void running.splice(running.indexOf(woltage), 1);
afterEach(async () => {
    for (const woltage of running.splice(0))
        await woltage.stop();
});

/** A runtime on memory adapters, with one declared projection. */
export async function start(projector: ReturnType<typeof projectorOf>, config: Partial<WoltageConfig> = {}, events = new MemoryEventStoreData(), rows = new MemoryStoreData()) {
    const store = {adapter: MemoryStore, args: [rows]};
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [events]}, eventClasses: [Added, Noted], aggregates: [todo], projectorClasses: [projector],
        readModelClasses: [TodoList], internalStore: store, stores: {main: store},
        projections: [{name: 'todo', version: 1, projector, store: 'main'}], projectionTuning: {retryMs: 1}, ...config
    });
    running.push(woltage);
    return woltage;
}

export const items = (count: number) => Array.from({length: count}, (_, rank) => ({title: `t${rank}`, rank}));
export const count = async (todos: Todos, {payload, aggregateId}: Added): Promise<void> => {
    const row = await todos.get({id: aggregateId}) ?? {id: aggregateId, title: payload.title, rank: 0, seen: 0};
    await todos.set({...row, seen: row.seen + 1});
};
