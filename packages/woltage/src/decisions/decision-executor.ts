import type {ContextRuntime, DeferredCommands} from '../context/index.ts';
import {ConflictError} from '../errors/index.ts';
import {eventsOf, TombstoneEvent, type Cause, type Event, type EventCatalogue} from '../events/index.ts';
import type {AppendResult, EventQuery, IEventStore} from '../ports/index.ts';
import {copyIfPlain} from '../shared/data.ts';
import {delay} from '../shared/delay.ts';
import {traced} from '../shared/telemetry.ts';
import {validate} from '../shared/validate.ts';
import {BoundaryQueue} from './boundary-queue.ts';
import type {CompiledDecision} from './compiled-decision.ts';
import type {DecisionResult} from './decision.ts';
import {EventStreams} from './event-streams.ts';

/** What a decision did. */
export interface DecisionOutcome {
    /** Of the last event that the decision read or wrote: wait for it to read your own writes. -1n when there is none. */
    readonly position: bigint;
    /** The new events, as recorded. */
    readonly events: readonly Event[];
}

/** An event store that `supports.conditionalAppend`. */
export type ConditionalEventStore = IEventStore & Required<Pick<IEventStore, 'query' | 'appendAll'>>;

/** What one call is about. */
export interface DecisionCall {
    readonly input: unknown;
    readonly context: object | undefined;
    readonly cause: Cause | undefined;
    /** Gives the events their ids; they have their own where it is left out. */
    readonly idAt?: ((event: number) => Promise<string>) | undefined;
    /** Whether it waits for its turn; not where another decision waits for it. */
    readonly inTurn: boolean;
    /** Runs `decide`, in the context of the runtime. @param deferred Where it schedules */
    readonly run: (decide: () => DecisionResult | Promise<DecisionResult>, deferred: DeferredCommands) => DecisionResult | Promise<DecisionResult>;
    /** For each attempt, see `ContextRuntime`. */
    readonly defer: ContextRuntime['defer'];
}

/** Where reading ends. */
interface ReadLimit {
    readonly position?: bigint | undefined;
    /** ms since the epoch. */
    readonly time?: number | undefined;
}

/** Many: a conflict costs little, and each means that somebody else has succeeded. */
const DEFAULT_RETRIES = 50;
const MAX_PAUSE_MS = 10;
const MAX_TURN_MS = 10_000;

/** Executes decisions: validate, read, decide, append on condition that nothing new matches. */
export class DecisionExecutor {
    readonly #eventStore: ConditionalEventStore;
    readonly #catalogue: EventCatalogue;
    readonly #queue = new BoundaryQueue();

    constructor(eventStore: ConditionalEventStore, catalogue: EventCatalogue) {
        this.#eventStore = eventStore;
        this.#catalogue = catalogue;
    }

    /**
     * @throws ValidationError when the input doesn't match the decision's schema; nothing was read then
     * @throws ConflictError `CONDITION_FAILED` when others were faster, more often than the decision is tried again
     */
    async execute(compiled: CompiledDecision, call: DecisionCall): Promise<DecisionOutcome> {
        const input = await validInput(compiled, call.input);
        const query = compiled.query(input);
        const leave = call.inTurn ? await this.#queue.enter(query) : () => undefined;
        // One that hangs, for example because it waits for another in the queue, doesn't hold up all others for ever.
        const overdue = setTimeout(leave, MAX_TURN_MS);
        try {
            const retries = compiled.decision.options.retryOnConflict ?? DEFAULT_RETRIES;
            for (let retry = 0; ; retry++) {
                const outcome = await this.#attempt(compiled, query, {...call, input});
                if (!(outcome instanceof ConflictError))
                    return outcome;
                if (retry >= retries)
                    throw outcome;
                // At once at first: who pauses where others don't falls behind for good.
                await delay(Math.random() * Math.min(retry, MAX_PAUSE_MS));
            }
        } finally {
            clearTimeout(overdue);
            leave();
        }
    }

    /** What the decision would read. @throws ValidationError */
    async queryOf(compiled: CompiledDecision, input: unknown): Promise<EventQuery> {
        return compiled.query(await validInput(compiled, input));
    }

    /** The state that the decision would decide upon now. @throws ValidationError */
    async stateOf(compiled: CompiledDecision, input: unknown): Promise<unknown> {
        const valid = await validInput(compiled, input);
        return (await this.#read(compiled, compiled.query(valid), valid)).state;
    }

    /** The state that the decision would have decided upon: up to a position, inclusive, or up to the first event that is later than a time. @throws ValidationError */
    async stateAt(compiled: CompiledDecision, input: unknown, limit: ReadLimit): Promise<unknown> {
        const valid = await validInput(compiled, input);
        return (await this.#read(compiled, compiled.query(valid), valid, limit)).state;
    }

    /** @returns The conflict where others have come between; their conflicts in `decide` are none of this decision's, and are thrown */
    async #attempt(compiled: CompiledDecision, query: EventQuery, {input, context, cause, idAt, run, defer}: DecisionCall): Promise<DecisionOutcome | ConflictError> {
        const attributes = {'woltage.decision': compiled.decision.name};
        const {state, position} = await traced('woltage.load', () => attributes, () => this.#read(compiled, query, input));
        const {options} = compiled.decision;
        const deferred = defer(idAt && (() => idAt(0)));
        const events = toEvents(await run(() => options.decide(state, copyIfPlain(input), {...context}), deferred), compiled);
        if (events.length === 0) {
            await deferred.around(cause, () => Promise.resolve());
            return {position: position ?? -1n, events};
        }
        const streams = new EventStreams(compiled, input);
        for (const [index, event] of events.entries())
            streams.add(event, this.#catalogue.toData(event, await idAt?.(index) ?? event.id, cause));
        const appends = streams.appends();
        const append = (): Promise<readonly AppendResult[]> =>
            traced('woltage.append', () => ({...attributes, 'woltage.events': events.length}), () => this.#eventStore.appendAll(appends, {query, after: position}));
        try {
            const results = await (deferred.isEmpty ? append() : deferred.around(appends[0]?.events[0], append));
            return {position: streams.recorded(results), events};
        } catch (error) {
            if (error instanceof ConflictError && error.code === 'CONDITION_FAILED')
                return error;
            throw error;
        }
    }

    /** The position is the last matching event's: events come in the order of positions, so that all before it have been read. */
    async #read(
        compiled: CompiledDecision, query: EventQuery, input: unknown, {position: until, time = Infinity}: ReadLimit = {}
    ): Promise<{readonly state: unknown; readonly position: bigint | undefined}> {
        let state = compiled.initialState(input);
        let position: bigint | undefined;
        for await (const page of this.#eventStore.query(query, {until})) {
            for (const record of page) {
                if (record.timestamp > time)
                    return {state, position};
                state = compiled.apply(state, record);
                ({position} = record);
            }
        }
        return {state, position};
    }
}

const validInput = async ({decision: {name, options}}: CompiledDecision, input: unknown): Promise<unknown> =>
    validate(options.input, input, () => `Input of decision '${name}'`);

function toEvents(result: DecisionResult, compiled: CompiledDecision): readonly Event[] {
    const events = eventsOf(result);
    if (events === undefined)
        throw compiled.fail('must return an event, an array of events, or nothing.', 'INVALID_DECISION_RESULT');
    if (events.some(item => item instanceof TombstoneEvent))
        throw compiled.fail('returned a tombstone: an aggregate is ended by a command of its own.', 'TOMBSTONE_NOT_ALONE');
    return events;
}
