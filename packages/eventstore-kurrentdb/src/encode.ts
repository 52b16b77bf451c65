import {BadRequestError, ConflictError, type EventData, type ExpectedRevision, type JsonValue, type StreamAppend} from 'woltage';
import {toMetadata} from './metadata.ts';
import {plainJson} from './plain-json.ts';
import type {StreamNames} from './stream-names.ts';

/** An event in the form in which it is sent: nothing of it belongs to the caller any more. */
export type EncodedEvent = Omit<EventData, 'payload' | 'meta'> & {
    readonly payload: JsonValue;
    readonly meta: JsonValue;
    /** What the server counts: data, metadata, and twice the type's length, in bytes. */
    readonly size: number;
    /** Whether it ends its stream for good. */
    readonly isTombstone?: boolean;
};

export interface EncodedAppend {
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly stream: string;
    readonly events: readonly EncodedEvent[];
    readonly revision: ExpectedRevision | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Checks and copies what is to be appended: the client would hang on an event that it can't serialise.
 *
 * @throws BadRequestError `NO_EVENTS`, `NOT_ENCODABLE`, `INVALID_EVENT`, `INVALID_AGGREGATE_ID`
 * @throws ConflictError `EVENT_ID_EXISTS` when an id is there twice
 */
export function encodeAppend(names: StreamNames, {aggregateName, aggregateId, events, revision}: StreamAppend): EncodedAppend {
    if (events.length === 0)
        throw new BadRequestError('There is nothing to append.', {code: 'NO_EVENTS'});
    const append = {aggregateName, aggregateId, stream: names.toStream(aggregateName, aggregateId), events: events.map(encodeEvent), revision};
    checkIds(append);
    return append;
}

/** @throws ConflictError `EVENT_ID_EXISTS` when an id is there twice */
export function checkIds({events}: EncodedAppend): void {
    const ids = new Set<string>();
    for (const {id} of events) {
        if (ids.size === ids.add(id).size)
            throw new ConflictError(`Event id ${id} is there twice.`, {code: 'EVENT_ID_EXISTS', details: {id}});
    }
}

function encodeEvent(event: EventData): EncodedEvent {
    const {id, type, version, timestamp, correlationId, causationId} = event;
    if (!UUID.test(id))
        throw invalid(event, 'needs a UUID as its id');
    if (typeof type !== 'string' || type === '' || type.startsWith('$') || /\p{Surrogate}/u.test(type))
        throw invalid(event, 'needs a type that is not empty, doesn\'t begin with $ (KurrentDB\'s own events do), and has no half of a surrogate pair');
    const copy = {
        id: id.toLowerCase(), type, version, timestamp, correlationId, causationId, tags: [...event.tags],
        payload: plainJson(event.payload, 'payload'), meta: plainJson(event.meta, 'meta')
    };
    return {...copy, size: Buffer.byteLength(JSON.stringify(copy.payload)) + Buffer.byteLength(JSON.stringify(toMetadata(copy))) + 2 * type.length};
}

const invalid = ({id, type}: EventData, why: string): BadRequestError =>
    new BadRequestError(`Event '${type}' ${id} ${why}.`, {code: 'INVALID_EVENT', details: {id, type}});
