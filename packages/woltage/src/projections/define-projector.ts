import {ConfigError} from '../errors/index.ts';
import type {Event, EventClass} from '../events/index.ts';
import type {IStore, TableDefinitionMap} from '../ports/index.ts';
import {Projector, type ProjectorClass} from './projector.ts';
import type {FaultPolicyName} from './tuning.ts';

export interface ProjectorDefinition<T extends TableDefinitionMap, Store extends IStore<T>, Access> {
    /** The tables, by name. */
    readonly schema: T;
    /** Raise it with every change of what the projector writes. @default 1 */
    readonly version?: number;
    /**
     * What handlers get beside the event: `store => store.tables.todos`. Where its parameter names an adapter (`(store: MongoDBStore<typeof schema>) => ...`), they have the driver's own methods.
     *
     * @default all tables
     */
    readonly use?: (store: Store) => Access;
    /** See {@link Projector.partitions}. */
    readonly partitions?: number;
    /** See {@link Projector.partitionBy}. */
    readonly partitionBy?: (event: Event) => string;
    /** See {@link Projector.faultPolicy}. */
    readonly faultPolicy?: FaultPolicyName;
}

/** What {@link defineProjector} makes: a class of projectors, which goes wherever one goes. */
export interface DefinedProjector<Store extends IStore, Access> extends Pick<ProjectorClass, keyof ProjectorClass> {
    new (): {readonly store: Store};
    /**
     * Adds a handler for a class of events; event and access are typed.
     *
     * @throws ConfigError `PROJECTOR_INVALID` when there is one already
     */
    on<E extends Event>(eventClass: EventClass<E>, handler: (event: E, access: Access) => unknown): this;
}

/**
 * Defines a projector without writing a class.
 *
 * @example
 * const TodoProjector = defineProjector('TodoProjector', {schema: {todos: {key: z.object({id: z.string()}), schema: z.object({title: z.string()})}}})
 *     .on(TodoRegistered, (event, {todos}) => todos.set(event.payload))
 *     .on(TodoCompleted, (event, {todos}) => todos.remove({id: event.payload.id}));
 * @throws ConfigError `PROJECTOR_INVALID`
 */
export function defineProjector<const T extends TableDefinitionMap, Store extends IStore<T> = IStore<T>, Access = Store['tables']>(
    name: string, definition: ProjectorDefinition<T, Store, Access>
): DefinedProjector<Store, Access> {
    if (typeof name !== 'string' || name === '')
        throw invalid('A projector needs a name: defineProjector(\'TodoProjector\', {schema}).');
    if (typeof definition !== 'object' || definition as unknown === null)
        throw invalid(`Projector '${name}' needs a definition: {schema: {todos: {key: z.object({id: z.string()})}}}.`);
    const {schema, version = 1, use = (store: Store) => store.tables as Access, ...settings} = definition;
    if (typeof use !== 'function')
        throw invalid(`Projector '${name}': 'use' must be a function: store => store.tables.todos.`);
    const defined = class extends Projector<T> {
        static override readonly schema = schema;
        static override readonly version = version;

        static on<E extends Event>(eventClass: EventClass<E>, handler: (event: E, access: Access) => unknown) {
            const {identity} = eventClass;
            if (Object.hasOwn(defined.prototype, identity))
                throw invalid(`Projector '${name}' already has a handler for '${identity}'.`);
            if (typeof handler !== 'function')
                throw invalid(`Projector '${name}': the handler for '${identity}' must be a function: (event, tables) => ...`);
            const handle = function handle(this: {readonly store: Store}, event: E): unknown {
                return handler(event, use(this.store));
            };
            Object.defineProperty(defined.prototype, identity, {value: handle});
            return this;
        }
    };
    Object.defineProperty(defined, 'name', {value: name});
    for (const [key, value] of Object.entries(settings)) {
        if (!['partitions', 'partitionBy', 'faultPolicy'].includes(key))
            throw invalid(`Projector '${name}': '${key}' is not one of its options (schema, version, use, partitions, partitionBy, faultPolicy).`);
        if (value !== undefined)
            Object.defineProperty(defined, key, {value, enumerable: true});
    }
    return defined as unknown as DefinedProjector<Store, Access>;
}

const invalid = (message: string): ConfigError => new ConfigError(message, {code: 'PROJECTOR_INVALID'});
