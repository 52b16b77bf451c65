import {textArray, toText} from '@woltage/postgres';
import {BadRequestError, checkEventQuery, type AppendCondition, type EventData, type ExpectedRevision, type JsonValue, type StreamAppend} from 'woltage';
import type {EncodedCondition} from './event-matches.ts';

/** An event's columns from `id` on, as text. */
export type EventColumns = readonly [
    id: string, type: string, version: string, timestamp: string, payload: string, meta: string, correlationId: string, causationId: string | null, tags: string | null
];

/** An append in the form in which it is written: nothing of it belongs to the caller any more. */
export interface EncodedAppend {
    /** As the table has it. */
    readonly aggregateName: string;
    /** As the table has it. */
    readonly aggregateId: string;
    readonly revision: ExpectedRevision | undefined;
    readonly events: readonly EventColumns[];
}

/** @throws BadRequestError `INVALID_QUERY` */
export const encodeCondition = ({query, after}: AppendCondition): EncodedCondition => ({query: checkEventQuery(query), after: after ?? 0n});

/** @throws BadRequestError `NO_EVENTS`, `NOT_ENCODABLE`, `INVALID_EVENT` */
export function encodeAppend({aggregateName, aggregateId, events, revision}: StreamAppend): EncodedAppend {
    if (events.length === 0)
        throw new BadRequestError('There is nothing to append.', {code: 'NO_EVENTS'});
    return {aggregateName: toText(aggregateName), aggregateId: toText(aggregateId), revision, events: events.map(encodeEvent)};
}

const encodeEvent = (event: EventData): EventColumns => {
    const {id, type, version, timestamp, payload, meta, correlationId, causationId, tags} = event;
    if (!isInteger(version, 2 ** 31) || !isInteger(timestamp, 2 ** 53))
        throw new BadRequestError(`Event '${type}' ${id} needs a whole number as version and as timestamp.`, {code: 'INVALID_EVENT', details: {id}});
    if (![id, type, correlationId, causationId ?? ''].every(text => typeof text === 'string') || !Array.isArray(tags))
        throw new BadRequestError(`Event '${String(type)}' ${String(id)} needs texts as id, type, correlationId and causationId, and a list of tags.`, {code: 'INVALID_EVENT', details: {id}});
    return [
        toText(id), toText(type), String(version), String(timestamp), encode(event, payload), encode(event, meta), toText(correlationId),
        causationId === null || causationId === undefined ? null : toText(causationId), tags.length === 0 ? null : textArray(tags.map(toText))
    ];
};

const isInteger = (value: unknown, end: number): boolean => Number.isInteger(value) && Math.abs(value as number) < end;

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
