import {isEventVersion, type EventData, type RecordedEvent} from '../../events/index.ts';
import type {JsonValue} from '../../shared/json-codec.ts';
import {badLine} from './import-problems.ts';

/*
 * A file of events is NDJSON: a header, a line for each event in the order of the store, a trailer. Positions are not in it: each store has its own.
 */
export const FORMAT = 1;

/** An event as a file has it. */
export interface FileEvent extends EventData {
    readonly aggregateName: string;
    readonly aggregateId: string;
    /** `undefined` for a tombstone: all that stood before it is gone. */
    readonly revision: bigint | undefined;
}

/** What an export has written, and an import has read. */
export interface FileSummary {
    /** How many events. */
    readonly events: number;
    /** Of the lines of all events, in hexadecimal digits: the same for the same events, whatever store they come from. */
    readonly sha256: string;
}

export interface FileTrailer extends FileSummary {
    /** Of the last event, in the store that it comes from: what `after` of the next export takes. `null` where there was none. */
    readonly position: bigint | null;
}

export const headerLine = (): string => JSON.stringify({woltage: 'events', format: FORMAT});

export const trailerLine = ({events, sha256, position}: FileTrailer): string =>
    JSON.stringify({end: {events, sha256, position: position === null ? null : String(position)}});

/** The one form of an event's line: what the hash is made of. */
export function eventLine({aggregateName, aggregateId, revision, id, type, version, timestamp, correlationId, causationId, tags, payload, meta}: FileEvent): string {
    const place = revision === undefined ? {tombstone: true} : {revision: String(revision)};
    return JSON.stringify({aggregateName, aggregateId, ...place, id, type, version, timestamp, correlationId, causationId, tags, payload, meta});
}

/** A stored event as a file has it. */
export const toFileEvent = (record: RecordedEvent, isTombstone: boolean): FileEvent => isTombstone ? {...record, revision: undefined} : record;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isRevision = (value: unknown): boolean => typeof value === 'string' && /^(0|[1-9]\d{0,18})$/.test(value);
const isUuid = (value: unknown): boolean => typeof value === 'string' && /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(value);

const FIELDS: Readonly<Record<string, readonly [isValid: (value: unknown) => boolean, expected: string]>> = {
    aggregateName: [isText, 'a text'],
    aggregateId: [isText, 'a text'],
    id: [isUuid, 'a UUID'],
    type: [isText, 'a text such as "order.placed"'],
    version: [isEventVersion, 'a whole number from 1'],
    timestamp: [Number.isSafeInteger, 'a whole number of milliseconds'],
    correlationId: [isText, 'a text'],
    causationId: [value => value === null || isText(value), 'a text or null'],
    tags: [value => Array.isArray(value) && value.every(isText), 'a list of texts'],
    payload: [value => value !== undefined, 'JSON'],
    meta: [value => value !== undefined, 'JSON']
};

/** @throws BadRequestError `IMPORT_LINE_INVALID` with the line, the field and what was expected */
export function parseEvent(value: Readonly<Record<string, unknown>>, line: number): FileEvent {
    for (const [field, [isValid, expected]] of Object.entries(FIELDS)) {
        if (!isValid(Object.hasOwn(value, field) ? value[field] : undefined))
            throw badLine('IMPORT_LINE_INVALID', line, `'${field}' must be ${expected}, not ${shorten(value[field])}.`, {field, expected});
    }
    for (const field of Object.keys(value)) {
        if (!Object.hasOwn(FIELDS, field) && field !== 'revision' && field !== 'tombstone')
            throw badLine('IMPORT_LINE_INVALID', line, `'${field.slice(0, 100)}' is no field of an event.`, {field, expected: 'no such field'});
    }
    return {...value as unknown as EventData & {payload: JsonValue; aggregateName: string; aggregateId: string}, revision: parseRevision(value, line)};
}

function parseRevision({revision, tombstone}: Readonly<Record<string, unknown>>, line: number): bigint | undefined {
    if (tombstone === true && revision === undefined)
        return undefined;
    if (tombstone !== undefined)
        throw badLine('IMPORT_LINE_INVALID', line, '\'tombstone\' must be true, and takes the place of \'revision\'.', {field: 'tombstone', expected: 'true, without a revision'});
    if (!isRevision(revision))
        throw badLine('IMPORT_LINE_INVALID', line, `'revision' must be a whole number from 0 as a text, such as "7", not ${shorten(revision)}.`, {field: 'revision', expected: 'a whole number from 0 as a text'});
    return BigInt(revision as string);
}

const MOST_SHOWN = 60;

function shorten(value: unknown): string {
    const text = value === undefined ? 'nothing' : JSON.stringify(value);
    return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}
