import type {Event, EventClass} from '../events/index.ts';
import type {InferOutput, StandardSchema} from '../shared/standard-schema.ts';

export type TriggerStart = 'start' | 'now';

/** Runs the action for events, see {@link onEvent}. */
export interface EventTrigger<E extends Event = Event> {
    readonly kind: 'event';
    readonly eventClasses: readonly EventClass<E>[];
    readonly from: TriggerStart;
}

/** Runs the action for messages of a topic, see {@link onMessage}. */
export interface MessageTrigger<Value = unknown> {
    readonly kind: 'message';
    readonly topic: string;
    readonly schema: StandardSchema<unknown, Value> | undefined;
    readonly from: TriggerStart;
    readonly deadLetterTopic: string;
}

/** Runs the action at certain times, see {@link onSchedule}. */
export interface ScheduleTrigger {
    readonly kind: 'schedule';
    /** A cron expression, or the ms between two runs. */
    readonly every: string | number;
    readonly timeZone: string;
    readonly missed: 'skip' | 'once' | 'all';
}

/** Runs the action for requests, see {@link onHttp}. */
export interface HttpTrigger {
    readonly kind: 'http';
    readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    readonly path: string;
    readonly answer: 'result' | 'accepted';
}

export type Trigger = EventTrigger | MessageTrigger | ScheduleTrigger | HttpTrigger;

/** What a schedule hands to its action. */
export interface ScheduledRun {
    /** When it was to run. */
    readonly scheduledFor: Date;
}

/** A message, as a handler sees it. */
export interface ActionMessage<Value = unknown> {
    readonly topic: string;
    readonly partition: number;
    readonly offset: bigint;
    readonly key: string | null;
    /** Parsed and validated. */
    readonly value: Value;
    readonly headers: Readonly<Record<string, string>>;
    readonly timestamp: Date;
}

/** A request, as a handler sees it. */
export interface ActionRequest {
    /** As in `onHttp`. */
    readonly method: string;
    /** As in `onHttp`: `/documents/:id/analysis`. */
    readonly path: string;
    readonly params: Readonly<Record<string, string>>;
    readonly query: Readonly<Record<string, unknown>>;
    /** What the router's `context` made of the request, for instance who the user is. */
    readonly context: Readonly<Record<string, unknown>>;
}

/** What a trigger hands to the handler where the action has no `input` of its own. */
export type InputOf<T extends Trigger> =
    T extends EventTrigger<infer E> ? E['payload'] : T extends MessageTrigger<infer Value> ? Value : T extends ScheduleTrigger ? ScheduledRun : unknown;
export type EventOf<T extends Trigger> = T extends EventTrigger<infer E> ? E : undefined;
export type MessageOf<T extends Trigger> = T extends MessageTrigger<infer Value> ? ActionMessage<Value> : undefined;
export type RequestOf<T extends Trigger> = T extends HttpTrigger ? ActionRequest : undefined;

export type MessageValue<S extends StandardSchema | undefined> = S extends StandardSchema ? InferOutput<S> : unknown;
