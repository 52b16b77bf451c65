import {ConfigError} from '../errors/index.ts';
import type {Event, EventClass, EventIdentity} from '../events/index.ts';
import type {input} from '../shared/input-type.ts';
import {aFunction, aSchema, optional, shapeProblem, type Shape} from '../shared/shapes.ts';
import type {InferInput, InferOutput, StandardSchema} from '../shared/standard-schema.ts';

/** Folds one event into the state. It may change the state that it gets, and returns it or a new one. */
export type DecisionReducer<State, E extends Event = Event> = {reduce(state: State, event: E): State | void}['reduce'];

/** How events become a state: what several decisions may share. A projector of an aggregate is one too. */
export type DecisionProjector<State> = {
    /** Returns the initial state; `{}` by default. */
    readonly $init?: () => State;
    readonly [identity: EventIdentity]: DecisionReducer<NoInfer<State>>;
};

/** Events of one of the types that carry all of the tags. */
export interface BoundaryCriterion {
    /** Event classes, or types such as `'item.added'`. @default those that the decision has reducers for; all types where it has none */
    readonly types?: readonly (EventClass | string)[] | undefined;
    /** @default whatever they carry */
    readonly tags?: readonly string[] | undefined;
}

/** The events that a decision depends on: those that meet the criterion, or at least one of several. */
export type Boundary = BoundaryCriterion | readonly BoundaryCriterion[];

/** What `decide` is told beside state and input: what the caller passed as context. */
export interface DecisionContext {
    readonly [key: string]: unknown;
}

/** What was decided: events to append, in order, or nothing. */
export type DecisionResult = Event | readonly Event[] | undefined | null | void;

/** The stream that an event is appended to. */
export interface EventStream {
    /** An aggregate, or an aggregate's name; there need not be one in the config. */
    readonly aggregate: string | {readonly name: string};
    readonly id: string;
}

export interface DecisionOptions<Schema extends StandardSchema, State> {
    /** What the input is validated by, before anything is read. */
    readonly input: Schema;
    /** The consistency boundary: what is read, and what nobody may add to meanwhile. */
    readonly query: (input: InferOutput<Schema>) => Boundary;
    /** Reducers by event identity, beside those added by {@link Decision.on}. */
    readonly projector?: DecisionProjector<State>;
    /** The state before the first event, or what makes it. @default the projector's `$init`, else {} */
    readonly init?: ((input: InferOutput<Schema>) => State) | State;
    /** Decides. It may read (for example read models), but its only effect is the events that it returns: it is called again where a rival was faster. */
    readonly decide: {decide(state: NoInfer<State>, input: InferOutput<Schema>, context: DecisionContext): DecisionResult | Promise<DecisionResult>}['decide'];
    /** Where an event goes. @default what its first tag names: `cart:42` is the aggregate `cart` with the id `42`; the event's own `aggregateId` is the id, if it has one */
    readonly stream?: (event: Event, input: InferOutput<Schema>) => EventStream | undefined;
    /** How often to decide anew when events of others have come between. @default 50 */
    readonly retryOnConflict?: number;
}

/**
 * A decision whose consistency boundary is a query (types and tags of events) instead of one stream. It holds definitions only, so that any number of
 * runtimes may share one.
 */
export class Decision<State = unknown, Input = never> {
    readonly name: string;
    readonly options: DecisionOptions<StandardSchema, State>;
    readonly #reducers = new Map<EventIdentity, DecisionReducer<State>>();
    /** Carries the type of the input; never there at run time. */
    declare readonly [input]?: (input: Input) => void;

    /**
     * @example
     * const addItem = Decision.create('addItem', {
     *     input: z.object({cartId: z.string(), productId: z.string()}),
     *     query: ({cartId}) => ({tags: [`cart:${cartId}`]}),
     *     init: () => ({items: 0}),
     *     decide(state, payload) {
     *         if (state.items >= 3)
     *             throw new ConflictError('A cart holds three items.');
     *         return new ItemAdded({payload});
     *     }
     * }).on(ItemAdded, state => ({items: state.items + 1}));
     * @throws ConfigError `DECISION_INVALID`
     */
    static create<Schema extends StandardSchema, State = Record<string, unknown>>(name: string, options: DecisionOptions<Schema, State>): Decision<State, InferInput<Schema>> {
        return new Decision(name, options as unknown as DecisionOptions<StandardSchema, State>);
    }

    private constructor(name: string, options: DecisionOptions<StandardSchema, State>) {
        if (typeof name !== 'string' || name === '')
            throw new ConfigError('A decision needs a name: Decision.create(\'addItem\', {...}).', {code: 'DECISION_INVALID'});
        const problem = problemOf(options);
        if (problem !== undefined)
            throw new ConfigError(`Decision '${name}': ${problem}`, {code: 'DECISION_INVALID'});
        this.name = name;
        this.options = options;
    }

    /** The reducers added by {@link on}. */
    get reducers(): ReadonlyMap<EventIdentity, DecisionReducer<State>> {
        return this.#reducers;
    }

    /**
     * Adds a reducer for a class of events; state and event are typed.
     *
     * @throws ConfigError `DUPLICATE_REDUCER`
     */
    on<E extends Event>(eventClass: EventClass<E>, reducer: (state: State, event: E) => State | void): this {
        const {identity} = eventClass;
        if (this.#reducers.has(identity) || Object.hasOwn(this.options.projector ?? {}, identity))
            throw new ConfigError(`Decision '${this.name}' already has a reducer for '${identity}'.`, {code: 'DUPLICATE_REDUCER'});
        this.#reducers.set(identity, reducer);
        return this;
    }
}

const SHAPES: Readonly<Record<keyof DecisionOptions<StandardSchema, unknown>, Shape>> = {
    input: aSchema,
    query: aFunction('input => ({types, tags})'),
    projector: optional([value => typeof value === 'object' && value !== null, 'an object: {$init, [ItemAdded.identity]: (state, event) => ...}']),
    init: [() => true, ''],
    decide: aFunction('(state, input, context) => events'),
    stream: optional(aFunction('(event, input) => ({aggregate, id})')),
    retryOnConflict: optional([value => Number.isInteger(value) && (value as number) >= 0, 'a whole number, 0 or more'])
};

const problemOf = (options: unknown): string | undefined => typeof options === 'object' && options !== null ? shapeProblem(options, SHAPES) : 'it needs options: {input, query, init, decide}.';
