import {WoltageError} from '../errors/index.ts';
import {EventHandlers, handlerEntries, type EventCatalogue, type RecordedEvent} from '../events/index.ts';
import {checkEventQuery, type EventQuery} from '../ports/index.ts';
import {cloneData} from '../shared/data.ts';
import type {Boundary, BoundaryCriterion, Decision, DecisionReducer} from './decision.ts';

/** A decision, compiled against a catalogue: what it asks for, and how that becomes a state. */
export class CompiledDecision {
    readonly decision: Decision;
    readonly #catalogue: EventCatalogue;
    readonly #handlers: EventHandlers<DecisionReducer<unknown>>;

    /** @throws ConfigError when a reducer's event class isn't known */
    constructor(decision: Decision, catalogue: EventCatalogue) {
        this.decision = decision;
        this.#catalogue = catalogue;
        const {reducers, options: {projector = {}}, name} = decision;
        const entries = [...handlerEntries(projector), ...reducers] as [string, DecisionReducer<unknown>][];
        // Bound, so that a projector may be an object whose reducers share helpers through `this`.
        const bound = entries.map(([identity, reducer]) => [identity, reducer.bind(projector)] as const);
        this.#handlers = new EventHandlers(catalogue, bound, `Decision '${name}'`);
    }

    /** @throws BadRequestError `INVALID_QUERY` */
    query(input: unknown): EventQuery {
        const boundary: Boundary = this.decision.options.query(input);
        const criteria = Array.isArray(boundary) ? boundary as readonly BoundaryCriterion[] : [boundary as BoundaryCriterion];
        return checkEventQuery(criteria.map(criterion => this.#criterion(criterion)));
    }

    initialState(input: unknown): unknown {
        const {init, projector} = this.decision.options;
        if (init === undefined)
            return projector?.$init?.() ?? {};
        return typeof init === 'function' ? (init as (input: unknown) => unknown)(input) : cloneData(init);
    }

    /** May change `state`, as reducers may. */
    apply(state: unknown, record: RecordedEvent): unknown {
        const handled = this.#handlers.resolve(record);
        return handled === undefined ? state : handled.handler(state, handled.event) ?? state;
    }

    /** Anything that isn't a criterion goes on as it is, to be refused by what checks queries. */
    #criterion(criterion: BoundaryCriterion): EventQuery[number] {
        if (typeof criterion !== 'object' || criterion as unknown === null || Array.isArray(criterion))
            return criterion as never;
        const {types, ...rest} = criterion;
        if (types === undefined) {
            const handled = this.#handlers.types;
            return handled.length === 0 ? rest : {...rest, types: handled};
        }
        return {...rest, types: Array.isArray(types) ? types.flatMap(type => this.#recordedTypes(typeOf(type))) : types as never};
    }

    /** Also what the type was called before. */
    #recordedTypes(type: string): readonly string[] {
        return typeof type === 'string' ? this.#catalogue.recordedTypes(type) : [type];
    }

    /** For errors that lie in the decision itself. */
    fail(why: string, code: string): WoltageError {
        return new WoltageError(`Decision '${this.decision.name}' ${why}`, 500, {code});
    }
}

const typeOf = (type: unknown): string => (typeof type === 'function' ? (type as unknown as {readonly type: string}).type : type) as string;
