import {fromText} from '@woltage/postgres';
import type {JsonValue, RecordedEvent} from 'woltage';
import type {EventRow} from './schema.ts';

export function toRecord(row: EventRow): RecordedEvent {
    const meta = row[9];
    const causationId = row[11];
    const tags = row[12];
    return {
        position: BigInt(row[0]),
        aggregateName: fromText(row[1]),
        aggregateId: fromText(row[2]),
        revision: BigInt(row[3]),
        id: fromText(row[4]),
        type: fromText(row[5]),
        version: Number(row[6]),
        timestamp: Number(row[7]),
        payload: JSON.parse(row[8]) as JsonValue,
        meta: meta === '{}' ? {} : JSON.parse(meta) as JsonValue,
        correlationId: fromText(row[10]),
        causationId: causationId === null ? null : fromText(causationId),
        tags: tags === null ? [] : parseTextArray(tags).map(fromText)
    };
}

const ELEMENT = /"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs;

/** The elements of an array of texts without NULLs, as PostgreSQL writes it. */
export const parseTextArray = (text: string): string[] =>
    Array.from(text.matchAll(ELEMENT), ([, quoted, plain]) => plain ?? (quoted as string).replace(/\\(.)/gs, '$1'));
