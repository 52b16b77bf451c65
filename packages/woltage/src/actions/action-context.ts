import type {PastOptions, ScheduleOptions} from '../context/index.ts';
import type {Event} from '../events/index.ts';
import type {OutgoingMessage} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import type {HandlerOf, QueryHandlerName, QueryOptions} from '../shared/query-types.ts';
import type {RunnableAggregate, RunnableCommand, RunnableDecision} from '../shared/runnable.ts';
import type {EventOf, MessageOf, RequestOf, Trigger} from './trigger.ts';

/** An aggregate, as far as an action needs to know it. */
export interface FoldableAggregate<State> {
    readonly name: string;
    readonly projector: {readonly $init?: () => State};
}

/** What a command or decision did. */
export interface RunOutcome {
    /** Of the aggregate's last event; -1n when it has none, and for a decision. */
    readonly revision: bigint;
    /** Of the last event that was read or written: wait for it to read your own writes. */
    readonly position: bigint;
    /** The new events, as recorded. */
    readonly events: readonly Event[];
}

/** Runs a command or a decision; what a repetition runs again appends nothing twice. */
export interface Run {
    (aggregate: RunnableAggregate, aggregateId: string, commandName: string, payload?: unknown, context?: object): Promise<RunOutcome>;
    <State, Input>(decision: RunnableDecision<State, Input>, input: Input, context?: object): Promise<RunOutcome>;
    // The last one: of a call that fits none, compilers tell what is wrong with it here.
    <Input>(command: RunnableCommand<Input>, aggregateId: string, payload: Input, context?: object): Promise<RunOutcome>;
}

/** Has a command executed, or a decision made, at a time; resolves to its id. Its options stand behind the context. */
export interface RunLater {
    (
        executeAt: Date, aggregate: RunnableAggregate, aggregateId: string, commandName: string, payload?: unknown, context?: object,
        options?: ScheduleOptions
    ): Promise<string>;
    <State, Input>(executeAt: Date, decision: RunnableDecision<State, Input>, input: Input, context?: object, options?: ScheduleOptions): Promise<string>;
    <Input>(executeAt: Date, command: RunnableCommand<Input>, aggregateId: string, payload: Input, context?: object, options?: ScheduleOptions): Promise<string>;
}

export interface RunQuery {
    <Result = unknown>(readModelName: string, handlerName: string, query?: unknown, context?: object, options?: QueryOptions): Promise<Result>;
    <T extends object, Name extends QueryHandlerName<T>>(
        readModel: new () => T, handlerName: Name, query: HandlerOf<T, Name>['query'], context?: object, options?: QueryOptions
    ): Promise<HandlerOf<T, Name>['result']>;
}

/** What an action's handler works with, whatever has triggered it. */
export interface ActionTools<Services> {
    /**
     * Executes a command, or decides. It is known by the action, its trigger and its place in the handler: a retry that runs it again gets the answer of the first
     * time, and nothing is appended twice. Give new aggregates ids of {@link newId}, which are the same at every attempt.
     */
    readonly run: Run;
    readonly query: RunQuery;
    readonly stateOf: {
        <State>(aggregate: FoldableAggregate<State>, aggregateId: string): Promise<State>;
        <State, Input>(decision: RunnableDecision<State, Input>, input: Input): Promise<State>;
    };
    readonly stateAt: {
        <State>(aggregate: FoldableAggregate<State>, aggregateId: string, at: PastOptions): Promise<State>;
        <State, Input>(decision: RunnableDecision<State, Input>, input: Input, at: PastOptions): Promise<State>;
    };
    /** Publishes a message with the config's broker; resolves when the broker has it. A retry publishes it again, with the same header `woltage-id`. */
    readonly publish: (topic: string, message: ActionPublication) => Promise<void>;
    /** Has a command executed later, or a decision made, see `woltage.scheduleCommand`; a retry schedules it once. @returns Its id, for {@link cancelScheduled} */
    readonly scheduleCommand: RunLater;
    /** @returns Whether it was there and had not begun */
    readonly cancelScheduled: (id: string) => Promise<boolean>;
    /** A UUID that is the same at every attempt: the first call's, the second call's ... */
    readonly newId: () => string;
    /** The config's `services`. */
    readonly services: Services;
    /** From 1. */
    readonly attempt: number;
    /** The same at every attempt: hand it to services that recognise repetitions. */
    readonly idempotencyKey: string;
    /** Aborts when the attempt has taken too long, or when the process stops. */
    readonly signal: AbortSignal;
    /** The config's logger. */
    readonly log: Logger;
}

/** The value is sent as JSON, unless it is text or bytes. */
export type ActionPublication = Omit<OutgoingMessage, 'value'> & {readonly value: unknown};

/** What a handler gets beside its input. */
export type ActionContext<T extends Trigger, Services> = ActionTools<Services> & {
    /** The event that has triggered the action; `undefined` where it was something else. */
    readonly event: EventOf<T>;
    readonly message: MessageOf<T>;
    readonly request: RequestOf<T>;
};
