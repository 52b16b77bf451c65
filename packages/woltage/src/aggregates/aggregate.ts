import {ConfigError} from '../errors/index.ts';
import type {Event, EventClass, EventIdentity} from '../events/index.ts';
import type {Takes} from '../shared/input-type.ts';
import {isStandardSchema, type InferInput, type InferOutput, type StandardSchema} from '../shared/standard-schema.ts';
import {isCount, optionsProblem, type AggregateOptions} from './aggregate-options.ts';
import type {CommandHandler, CommandOptions} from './command.ts';

/** Folds one event into the state. It may change the state that it gets, and returns it or a new one. */
export type Reducer<State, E extends Event = Event> = {reduce(state: State, event: E): State | void}['reduce'];

/** How the events of an aggregate become its state. */
export type AggregateProjector<State> = {
    /** Returns the initial state; `{}` by default. */
    readonly $init?: () => State;
    /** Gets every event that has no reducer of its own. */
    readonly $all?: Reducer<NoInfer<State>>;
    readonly [identity: EventIdentity]: Reducer<NoInfer<State>>;
};

/**
 * An aggregate: a consistency boundary with a name, a state made from its events, and commands. It holds definitions only, so
 * that any number of runtimes may share one.
 */
export class Aggregate<State = unknown> {
    readonly name: string;
    readonly projector: AggregateProjector<State>;
    readonly options: AggregateOptions;
    readonly #reducers = new Map<EventIdentity, Reducer<State>>();
    readonly #commands = new Map<string, CommandHandle>();

    /**
     * @example
     * const account = Aggregate.create('account', {
     *     $init: () => ({balance: 0}),
     *     [Deposited.identity](state, event: Deposited) {
     *         return {balance: state.balance + event.payload.amount};
     *     }
     * });
     * @throws ConfigError `AGGREGATE_INVALID`
     */
    static create<State = Record<string, unknown>>(
        name: string,
        projector: AggregateProjector<State> = {},
        options: AggregateOptions = {}
    ): Aggregate<State> {
        return new Aggregate(name, projector, options);
    }

    private constructor(name: string, projector: AggregateProjector<State>, options: AggregateOptions) {
        if (typeof name !== 'string' || name === '')
            throw new ConfigError('An aggregate needs a name: Aggregate.create(\'order\', {...}).', {code: 'AGGREGATE_INVALID'});
        if (typeof projector !== 'object' || projector === null)
            throw new ConfigError(`Aggregate '${name}': the projector must be an object.`, {code: 'AGGREGATE_INVALID'});
        const problem = optionsProblem(options);
        if (problem !== undefined)
            throw new ConfigError(`Aggregate '${name}': ${problem}`, {code: 'AGGREGATE_INVALID'});
        this.name = name;
        this.projector = projector;
        this.options = options;
    }

    /** The registered commands, by name. */
    get commands(): ReadonlyMap<string, CommandHandle> {
        return this.#commands;
    }

    /** The reducers added by {@link on}. */
    get reducers(): ReadonlyMap<EventIdentity, Reducer<State>> {
        return this.#reducers;
    }

    /**
     * Adds a reducer for a class of events; state and event are typed.
     *
     * @example
     * Aggregate.create('account', {$init: () => ({balance: 0})})
     *     .on(Deposited, (state, event) => ({balance: state.balance + event.payload.amount}));
     * @throws ConfigError `DUPLICATE_REDUCER`
     */
    on<E extends Event>(eventClass: EventClass<E>, reducer: (state: State, event: E) => State | void): this {
        const {identity} = eventClass;
        if (this.#reducers.has(identity) || Object.hasOwn(this.projector, identity))
            throw new ConfigError(`Aggregate '${this.name}' already has a reducer for '${identity}'.`, {code: 'DUPLICATE_REDUCER'});
        this.#reducers.set(identity, reducer);
        return this;
    }

    /**
     * Registers a command. Its payload is validated by the schema before anything is loaded. The command's name is the
     * function's, unless another is given.
     *
     * @throws ConfigError `COMMAND_INVALID`, `DUPLICATE_COMMAND`
     */
    registerCommand<Schema extends StandardSchema>(
        schema: Schema,
        handler: CommandHandler<State, InferOutput<Schema>>,
        options?: string | CommandOptions
    ): CommandHandle<InferInput<Schema>>;
    registerCommand<Payload = unknown>(
        handler: CommandHandler<State, Payload>,
        options?: string | CommandOptions
    ): CommandHandle<Payload>;
    registerCommand(
        schemaOrHandler: StandardSchema | CommandHandler<State, never>,
        handlerOrOptions?: CommandHandler<State, never> | string | CommandOptions,
        maybeOptions?: string | CommandOptions
    ): CommandHandle<never> {
        const hasSchema = isStandardSchema(schemaOrHandler);
        const handler = (hasSchema ? handlerOrOptions : schemaOrHandler) as CommandHandler<never, never>;
        const options = (hasSchema ? maybeOptions : handlerOrOptions) as string | CommandOptions | undefined;
        if (typeof handler !== 'function')
            throw new ConfigError(`Aggregate '${this.name}': registerCommand takes an optional schema, then the handler function.`, {code: 'COMMAND_INVALID'});
        const {name, retryOnConflict} = this.#commandOptions(handler, typeof options === 'string' ? {name: options} : options);
        const handle: CommandHandle = {
            aggregate: this,
            name,
            schema: hasSchema ? schemaOrHandler : undefined,
            retryOnConflict,
            handler
        };
        this.#commands.set(name, handle);
        return handle;
    }

    /** @throws ConfigError `COMMAND_INVALID`, `DUPLICATE_COMMAND` */
    #commandOptions(handler: {readonly name: string}, {name = handler.name, retryOnConflict = this.options.retryOnConflict ?? 0}: CommandOptions = {}): {name: string; retryOnConflict: number} {
        if (typeof name !== 'string' || name === '')
            throw new ConfigError(`Aggregate '${this.name}': a command has no name. Use a named function, or pass {name: '...'}.`, {code: 'COMMAND_INVALID'});
        if (this.#commands.has(name))
            throw new ConfigError(`Aggregate '${this.name}' already has a command '${name}'.`, {code: 'DUPLICATE_COMMAND'});
        if (!isCount(retryOnConflict))
            throw new ConfigError(`Aggregate '${this.name}': 'retryOnConflict' of command '${name}' must be a whole number from 0.`, {code: 'COMMAND_INVALID'});
        return {name, retryOnConflict};
    }
}

/** A registered command: pass it to `executeCommand`, and the payload's type is known. */
export interface CommandHandle<Input = unknown> extends Takes<Input> {
    readonly aggregate: Aggregate;
    readonly name: string;
    readonly schema: StandardSchema | undefined;
    /** How many times it is decided anew when another command on the aggregate was faster. */
    readonly retryOnConflict: number;
    readonly handler: CommandHandler<never, never>;
}
