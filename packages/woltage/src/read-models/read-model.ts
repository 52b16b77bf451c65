import {requireContext, type ContextRuntime, currentContext, type PastOptions} from '../context/index.ts';
import {ContextError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import type {StandardSchema} from '../shared/standard-schema.ts';

/** What a read model needs to know of a projector: the type of its store. */
export interface StoreOwner {
    readonly store: IStore;
}

/** An aggregate, as far as a read model needs to know it. */
interface FoldedAs<State> {
    readonly projector: {readonly $init?: () => State};
}

/** A decision, as far as a read model needs to know it. */
interface DecidedUpon<State> {
    readonly options: {readonly decide: (state: State, ...rest: never[]) => unknown};
}

const runtimeOf = Symbol('woltage.runtime');

/**
 * Reads one projection, always its active version. Every method is a query handler: `executeQuery` calls it with the query
 * and a context.
 *
 * @example
 * export default class User extends ReadModel<UserProjector> {
 *     projectionName = 'user';
 *     schemaRegistry = {findByEmail: z.object({email: z.email()})};
 *     async findByEmail(query: {email: string}) {
 *         return this.store.tables.users.findOne(query);
 *     }
 * }
 */
export abstract class ReadModel<P extends StoreOwner = StoreOwner> {
    /** The name of the projection that is read. */
    abstract readonly projectionName: string;

    /** Schemas by method name: `executeQuery` validates the query with them before it calls the method. */
    readonly schemaRegistry: Readonly<Record<string, StandardSchema>> = {};

    [runtimeOf]: ContextRuntime | undefined;

    /**
     * The instance of this read model, inside a Woltage context: a command handler, a projector, a side effect, a read model.
     *
     * @throws ContextError elsewhere: use `woltage.executeQuery` there
     */
    static get<T extends ReadModel>(this: new () => T): T {
        return requireContext(`${this.name}.get()`).runtime.readModel(this) as T;
    }

    /**
     * The tables of the projection's active version.
     *
     * @throws UnavailableError `PROJECTION_NOT_ACTIVE` when no version is active
     */
    get store(): P['store'] {
        const runtime = this[runtimeOf];
        if (runtime === undefined)
            throw new ContextError(`${this.constructor.name} doesn't belong to a Woltage instance. Use ${this.constructor.name}.get() `
                + 'inside a Woltage context, or woltage.executeQuery.');
        const seen = currentContext()?.runtime === runtime ? currentContext()?.stores : undefined;
        const store = seen?.get(this.projectionName) ?? runtime.activeStore(this.projectionName);
        seen?.set(this.projectionName, store);
        return store;
    }

    /**
     * The current state of one aggregate, folded from its events.
     *
     * @throws ContextError when the read model doesn't belong to a Woltage instance
     */
    protected stateOf<State>(aggregate: FoldedAs<State>, aggregateId: string): Promise<State>;
    /** The state that a decision would decide upon now. */
    protected stateOf<State>(decision: DecidedUpon<State>, input: unknown): Promise<State>;
    protected stateOf(target: object, idOrInput: unknown): Promise<unknown> {
        return this.#runtime().stateOf(target, idOrInput);
    }

    /**
     * The state that an aggregate had: up to a revision, a position, or the first event that is later than a time.
     *
     * @throws ContextError when the read model doesn't belong to a Woltage instance
     * @throws BadRequestError `INVALID_LIMIT`
     */
    protected stateAt<State>(aggregate: FoldedAs<State>, aggregateId: string, at: PastOptions): Promise<State>;
    protected stateAt<State>(decision: DecidedUpon<State>, input: unknown, at: PastOptions): Promise<State>;
    protected stateAt(target: object, idOrInput: unknown, at: PastOptions): Promise<unknown> {
        return this.#runtime().stateAt(target, idOrInput, at);
    }

    #runtime(): ContextRuntime {
        const runtime = this[runtimeOf];
        if (runtime === undefined)
            throw new ContextError(`${this.constructor.name} doesn't belong to a Woltage instance.`);
        return runtime;
    }
}

/** Ties a read model to its runtime, which must happen once, before it is used. */
export function attachReadModel(readModel: ReadModel, runtime: ContextRuntime): void {
    Object.defineProperty(readModel, runtimeOf, {value: runtime});
}
