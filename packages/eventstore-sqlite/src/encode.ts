import type {SQLiteValue} from '@woltage/sqlite';
import {BadRequestError, checkEventQuery, type AppendCondition, type EventData, type EventQuery, type ExpectedRevision, type JsonValue, type StreamAppend} from 'woltage';

/** An append in the form in which it is written: nothing of it belongs to the caller any more. */
export interface EncodedAppend {
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly revision: ExpectedRevision | undefined;
    readonly ids: readonly string[];
    /** By event: the columns from `id` on. */
    readonly values: readonly (readonly SQLiteValue[])[];
    /** Whether its event is to take the place of the whole stream. */
    readonly isErasure?: boolean;
}

/** What an append depends on, checked. */
export interface EncodedCondition {
    readonly query: EventQuery;
    readonly after: number;
}

/** @throws BadRequestError `INVALID_QUERY` */
export const encodeCondition = ({query, after}: AppendCondition): EncodedCondition => ({query: checkEventQuery(query), after: Number(after ?? 0n)});

/** @throws BadRequestError `NO_EVENTS`, `NOT_ENCODABLE` */
export function encodeAppend({aggregateName, aggregateId, events, revision}: StreamAppend): EncodedAppend {
    if (events.length === 0)
        throw new BadRequestError('There is nothing to append.', {code: 'NO_EVENTS'});
    return {aggregateName, aggregateId, revision, ids: events.map(({id}) => id), values: events.map(encodeEvent)};
}

const encodeEvent = (event: EventData): SQLiteValue[] => [
    event.id, event.type, event.version, event.timestamp, encode(event, event.payload), encode(event, event.meta), event.correlationId,
    event.causationId, event.tags.length === 0 ? null : JSON.stringify(event.tags)
];

function encode(event: EventData, value: JsonValue): string {
    let text: string | undefined;
    let cause: unknown;
    try {
        text = JSON.stringify(value);
    } catch (error) {
        cause = error;
    }
    if (text === undefined)
        throw new BadRequestError(`Event '${event.type}' ${event.id} has a payload or meta that JSON can't hold.`, {code: 'NOT_ENCODABLE', cause});
    return text;
}
