import type {JsonValue} from '../shared/json-codec.ts';

/** An event as plain data, before it has a place in an event store. */
export interface EventData {
    /** UUID; unique in an event store, and what makes a repeated append recognisable. */
    readonly id: string;
    /** For example `user.registered`. */
    readonly type: string;
    readonly version: number;
    /** Milliseconds since the Unix epoch. */
    readonly timestamp: number;
    /** JSON, see `encodeValue` for what is beyond JSON. */
    readonly payload: JsonValue;
    readonly meta: JsonValue;
    readonly correlationId: string;
    readonly causationId: string | null;
    readonly tags: readonly string[];
}

/** An event as plain data, as an event store keeps it. */
export interface RecordedEvent extends EventData {
    readonly aggregateName: string;
    readonly aggregateId: string;
    /** Place in its stream; the first event has 0n. */
    readonly revision: bigint;
    /** Place in the event store; increasing, possibly with gaps. 0n is a position like any other. */
    readonly position: bigint;
}
