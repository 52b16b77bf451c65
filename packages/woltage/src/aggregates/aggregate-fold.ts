import {EventHandlers, handlerEntries, type EventCatalogue, type RecordedEvent} from '../events/index.ts';
import type {Aggregate, Reducer} from './aggregate.ts';

type AnyReducer = Reducer<unknown>;

/** An aggregate's projector, compiled against a catalogue: folds records into states. */
export class AggregateFold {
    readonly #handlers: EventHandlers<AnyReducer>;
    readonly #init: () => unknown;

    /** @throws ConfigError when a reducer's event class isn't known */
    constructor(aggregate: Aggregate, catalogue: EventCatalogue) {
        const {projector, reducers} = aggregate;
        const entries = [...handlerEntries(projector), ...reducers] as [string, AnyReducer][];
        // Bound, so that a projector may be an object whose reducers share helpers through `this`.
        const bound = entries.map(([identity, reducer]) => [identity, reducer.bind(projector)] as const);
        this.#init = projector.$init?.bind(projector) ?? (() => ({}));
        this.#handlers = new EventHandlers(catalogue, bound, `Aggregate '${aggregate.name}'`, projector.$all?.bind(projector));
    }

    /** What reads the aggregate's events. */
    get handlers(): EventHandlers<unknown> {
        return this.#handlers;
    }

    initialState(): unknown {
        return this.#init();
    }

    /** May change `state`, as reducers may. */
    apply(state: unknown, record: RecordedEvent): unknown {
        const handled = this.#handlers.resolve(record);
        return handled === undefined ? state : handled.handler(state, handled.event) ?? state;
    }
}
