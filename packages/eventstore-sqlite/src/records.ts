import type {JsonValue, RecordedEvent} from 'woltage';
import type {EventRow} from './schema.ts';

const NO_TAGS: readonly string[] = [];

export function toRecord(row: EventRow): RecordedEvent {
    const meta = row[9];
    const tags = row[12];
    return {
        position: BigInt(row[0]),
        aggregateName: row[1],
        aggregateId: row[2],
        revision: BigInt(row[3]),
        id: row[4],
        type: row[5],
        version: row[6],
        timestamp: row[7],
        payload: JSON.parse(row[8]) as JsonValue,
        meta: meta === '{}' ? {} : JSON.parse(meta) as JsonValue,
        correlationId: row[10],
        causationId: row[11],
        tags: tags === null ? NO_TAGS : JSON.parse(tags) as string[]
    };
}
