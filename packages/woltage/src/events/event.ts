import {BadRequestError, ConfigError} from '../errors/index.ts';
import {currentClock, systemClock, type Clock} from '../shared/clock.ts';
import {isStandardSchema, type InferInput, type InferOutput, type StandardSchema} from '../shared/standard-schema.ts';
import {validateSync} from '../shared/validate.ts';
import {eventIdentity, eventTypeOf, type EventIdentity} from './event-type.ts';

/** What an event is made of. For a new event `payload` is enough; the rest is there when an existing one is read. */
export interface EventConstructionData<S extends StandardSchema = StandardSchema, M = unknown> {
    payload: InferInput<S>;
    meta?: M | undefined;
    /** Filled in by the command that returns the event; needed only for events that are emitted. */
    aggregateId?: string | undefined;
    id?: string | undefined;
    type?: string | undefined;
    version?: number | undefined;
    /** Milliseconds since the Unix epoch. */
    timestamp?: number | undefined;
    correlationId?: string | undefined;
    causationId?: string | null | undefined;
    revision?: bigint | undefined;
    position?: bigint | undefined;
}

/**
 * A fact. Extend it, one class per type and version:
 *
 * @example
 * const schema = z.object({email: z.email()});
 * export default class UserRegistered extends Event<typeof schema> {
 *     static schema = schema;
 *     static version = 1;
 * }
 */
export class Event<S extends StandardSchema = StandardSchema, M = unknown> {
    /** The schema of the payload: Zod or any other Standard Schema that validates synchronously. */
    static readonly schema: StandardSchema;
    /** A whole number from 1. A changed schema is a new class with the next version. */
    static readonly version: number;

    /** The event's type: from the class name (`UserRegistered` -> `user.registered`), or what the class sets itself. */
    static get type(): string {
        return eventTypeOf(this.name);
    }

    /** Lets a subclass say `static type = '...'`, also where a compiler turns that into an assignment. */
    static set type(type: string) {
        Object.defineProperty(this, 'type', {value: type, enumerable: true, configurable: true, writable: true});
    }

    /** Type and version: the name under which projectors and aggregates handle events of this class. */
    static get identity(): EventIdentity {
        return eventIdentity(this.type, this.version);
    }

    static toString(): string {
        return this.type;
    }

    /** UUIDv7. */
    readonly id: string;
    /** Milliseconds since the Unix epoch. */
    readonly timestamp: number;
    /** Empty until the command that returned the event fills it in. */
    readonly aggregateId: string;
    readonly payload: InferOutput<S>;
    readonly meta: M;
    /** The id of the event at the root of the chain that led to this one; its own id where it is the root. */
    readonly correlationId: string;
    /** The id of the event that led to this one. */
    readonly causationId: string | null;
    /** Place in its stream, from 0n; -1n until it is recorded. */
    readonly revision: bigint;
    /** Place in the event store; -1n until it is recorded. */
    readonly position: bigint;

    /**
     * @param shouldValidate Whether the payload goes through the schema, whose output then is the payload. Existing events
     * are constructed with false: what was valid when it happened stays a fact.
     * @throws ValidationError when the payload doesn't match the schema
     * @throws ConfigError when the class has no schema or version
     */
    constructor(data: EventConstructionData<S, M>, shouldValidate = true) {
        const eventClass = new.target;
        const clock = clockFor(data);
        this.id = data.id ?? clock.newId();
        this.timestamp = data.timestamp ?? clock.now();
        this.aggregateId = data.aggregateId ?? '';
        this.payload = (shouldValidate ? validPayload(eventClass, data) : data.payload);
        this.meta = data.meta ?? ({} as M);
        this.correlationId = data.correlationId ?? this.id;
        this.causationId = data.causationId ?? null;
        this.revision = data.revision ?? -1n;
        this.position = data.position ?? -1n;
    }

    get type(): string {
        return (this.constructor as typeof Event).type;
    }

    get version(): number {
        return (this.constructor as typeof Event).version;
    }

    get identity(): EventIdentity {
        return (this.constructor as typeof Event).identity;
    }

    toString(): string {
        return this.type;
    }

    /** A plain form for `JSON.stringify`; revision and position as strings. */
    toJSON(): Record<string, unknown> {
        return {
            ...(this as object),
            type: this.type,
            version: this.version,
            revision: this.revision.toString(),
            position: this.position.toString()
        };
    }
}

/** Looked for only where something is missing: events are read far more often than they are made. */
const clockFor = ({id, timestamp}: EventConstructionData): Clock => id === undefined || timestamp === undefined ? currentClock() : systemClock;

/** A class of events, as aggregates, projectors and the config take it. */
export interface EventClass<E extends Event = Event> {
    new (data: never, shouldValidate?: boolean): E;
    readonly name: string;
    readonly schema: StandardSchema;
    readonly version: number;
    readonly type: string;
    readonly identity: EventIdentity;
}

function validPayload(eventClass: typeof Event, data: EventConstructionData): unknown {
    if (!isStandardSchema(eventClass.schema) || !isEventVersion(eventClass.version))
        throw new ConfigError(`Event class ${eventClass.name}: ${missingStatics(eventClass)}`, {code: 'EVENT_CLASS_INVALID'});
    if (typeof data !== 'object' || data === null)
        throw new BadRequestError(`Event ${eventClass.name} needs an object such as {payload: {...}}.`, {code: 'INVALID_EVENT'});
    return validateSync(eventClass.schema, data.payload, () => `Payload of event '${eventClass.identity}'`);
}

export const isEventVersion = (version: unknown): version is number => Number.isSafeInteger(version) && (version as number) > 0;

/** Says which statics a class lacks; empty where it has them all. */
export function missingStatics(statics: {readonly schema?: unknown; readonly version?: unknown}): string {
    const problems: string[] = [];
    if (!isStandardSchema(statics.schema))
        problems.push('it has no `static schema` (a Zod schema, or another Standard Schema).');
    if (!isEventVersion(statics.version))
        problems.push('it has no `static version` (a whole number from 1).');
    return problems.join(' ');
}
