import createWoltage, {
    Aggregate, ConflictError, Event, MemoryEventStore, MemoryStore, Projector, ReadModel, UnavailableError, WoltageError, z,
    type CommandContext, type Woltage
} from 'woltage';

const added = z.object({title: z.string().min(1), tags: z.array(z.object({name: z.string()})).default([])});
const noted = z.object({note: z.unknown()});

class TodoAdded extends Event<typeof added> {
    static schema = added;
    static version = 1;
}

class TodoNoted extends Event<typeof noted> {
    static schema = noted;
    static version = 1;
}

const schema = {todos: {key: z.object({id: z.string()}), schema: z.object({title: z.string()})}};

class TodoProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [TodoAdded.identity](event: TodoAdded) {
        // The projection can be held back, for those who wait for it.
        await gates.get(event.aggregateId);
        await this.store.tables.todos.set({id: event.aggregateId, title: event.payload.title});
    }
}

/** Events of these aggregates are projected when their promise resolves. */
export const gates = new Map<string, Promise<void>>();

/** What handlers throw, by the name of a command or query handler's argument. */
export const faults: Readonly<Record<string, unknown>> = {
    error: new Error('The password is hunter2.'), string: 'hunter2', nothing: undefined, null: null, route: 'route', router: 'router',
    uri: new URIError('hunter2'), httpLike: Object.assign(new Error('hunter2'), {status: 404, type: 'entity.parse.failed', expose: true}),
    conflict: new ConflictError('It is too late.', {code: 'TOO_LATE'}),
    server: new WoltageError('The file is /etc/hunter2.', 502, {code: 'UPSTREAM'}),
    closed: new UnavailableError('The store \'/var/hunter2.db\' is not connected.', {code: 'CLOSED'}),
    busy: new UnavailableError('Come back at noon.'),
    ok: new WoltageError('hunter2', 200, {code: 'ODD'}),
    beyond: new WoltageError('hunter2', 1000, {code: 'ODD'})
};

class Todos extends ReadModel<TodoProjector> {
    projectionName = 'todo';
    schemaRegistry = {byId: z.object({id: z.string()})};

    byId({id}: {id: string}) {
        return this.store.tables.todos.get({id});
    }

    echo(query: unknown, context: object) {
        return {query, context, big: 2n ** 70n, at: new Date(0)};
    }

    nothing() {
        return undefined;
    }

    cyclic() {
        const result: Record<string, unknown> = {};
        result['self'] = result;
        return result;
    }

    fail({what}: {what: string}) {
        throw faults[what];
    }

    async reject({what}: {what: string}) {
        throw faults[what];
    }
}

/** A read model whose name is that of the admin routes. */
class Projections extends ReadModel<TodoProjector> {
    projectionName = 'todo';

    mine() {
        return 'my projections';
    }
}

export const todo = Aggregate.create('todo', {
    $init: () => ({notes: [] as unknown[]}),
    [TodoNoted.identity]: (state: {notes: unknown[]}, event: TodoNoted) => ({notes: [...state.notes, event.payload.note]})
});
todo.registerCommand(added, function add(_state, payload) {
    return new TodoAdded({payload});
});
todo.registerCommand(function note(_state, payload) {
    return new TodoNoted({payload: {note: payload}});
});
todo.registerCommand(function context(_state, _payload, context: CommandContext) {
    return new TodoNoted({payload: {note: context}});
});
todo.registerCommand(function nothing() {
    return undefined;
});
todo.registerCommand(z.object({}), function touch() {
    return new TodoNoted({payload: {note: 'touched'}});
});
todo.registerCommand(z.record(z.string(), z.number()), function count() {
    return undefined;
});
todo.registerCommand(function fail(_state, payload) {
    throw faults[(payload as {what: string}).what];
});
todo.registerCommand(async function reject(_state, payload) {
    throw faults[(payload as {what: string}).what];
});

const projections = Aggregate.create('projections', {$init: () => ({})});
projections.registerCommand(function add() {
    return undefined;
});

/** A real runtime on the memory adapters, its projection live. */
export async function createTodoWoltage(): Promise<Woltage> {
    const store = {adapter: MemoryStore};
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore}, eventClasses: [TodoAdded, TodoNoted], aggregates: [todo, projections],
        projectorClasses: [TodoProjector], readModelClasses: [Todos, Projections], internalStore: store, stores: {main: store}
    });
    await woltage.addProjection('todo', 1, 'TodoProjector', 1, 'main');
    await woltage.getProjection('todo', 1)?.untilLive();
    await woltage.setProjectionActive('todo', 1);
    return woltage;
}
