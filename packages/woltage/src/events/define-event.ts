import type {InferInput, InferOutput, StandardSchema} from '../shared/standard-schema.ts';
import {Event, type EventConstructionData} from './event.ts';
import type {RenamedFrom} from './event-renames.ts';
import {eventTypeOf, type EventIdentity} from './event-type.ts';

export interface EventDefinition<S extends StandardSchema> {
    readonly schema: S;
    /** @default 1 */
    readonly version?: number;
    /** Overrides the type that follows from the name. */
    readonly type?: string;
    /** What the event is about, for decisions across streams: `payload => ['cart:' + payload.cartId]`. */
    readonly tags?: (payload: NonNullable<S['~standard']['types']>['output']) => readonly string[];
    /** Makes this version's payload from that of the version before. Not async. */
    readonly upcast?: (payload: never) => InferInput<S>;
    /** Makes the payload of the version before from this version's. Not async. */
    readonly downcast?: (payload: InferOutput<S>) => unknown;
    /** What events of this type were called before, when some of them were recorded. */
    readonly renamedFrom?: RenamedFrom | readonly RenamedFrom[];
    /** Whom its personal fields are about, see `personal`. @default the aggregate's id */
    readonly subject?: (payload: NonNullable<S['~standard']['types']>['output']) => string;
}

/** What {@link defineEvent} makes: an event class. */
export interface DefinedEvent<S extends StandardSchema, M = unknown> {
    new (data: EventConstructionData<S, M>, shouldValidate?: boolean): Event<S, M>;
    readonly name: string;
    readonly schema: S;
    readonly version: number;
    readonly type: string;
    readonly identity: EventIdentity;
}

/**
 * Defines an event without writing a class. The result is an event class and goes wherever one goes.
 *
 * @example
 * const TodoRegistered = defineEvent('TodoRegistered', {schema: z.object({title: z.string()})});
 * new TodoRegistered({payload: {title: 'Get milk'}}).type; // 'todo.registered'
 */
export function defineEvent<S extends StandardSchema, M = unknown>(
    name: string,
    {schema, version = 1, type = eventTypeOf(name), ...more}: EventDefinition<S>
): DefinedEvent<S, M> {
    const defined = class extends Event<S, M> {
        static readonly schema = schema;
        static readonly version = version;
    };
    Object.defineProperty(defined, 'name', {value: name});
    Object.defineProperty(defined, 'type', {value: type, enumerable: true});
    for (const key of ['tags', 'upcast', 'downcast', 'renamedFrom', 'subject'] as const) {
        if (more[key] !== undefined)
            Object.defineProperty(defined, key, {value: more[key], enumerable: true});
    }
    return defined;
}
