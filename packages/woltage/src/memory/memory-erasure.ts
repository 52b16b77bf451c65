import type {EventData, RecordedEvent} from '../events/index.ts';
import {streamGone, type AppendResult, type ReadOptions} from '../ports/index.ts';
import {copyEvent, toRecord, type MemoryEventStoreData, type StoredEvent} from './memory-event-store-data.ts';

/** @throws GoneError when the stream was erased */
export function assertNotErased(data: MemoryEventStoreData, aggregateName: string, aggregateId: string): void {
    if (data.tombstone(aggregateName, aggregateId) !== undefined)
        throw streamGone(aggregateName, aggregateId);
}

/** What a read of a stream without events gives: nothing, or what is left of it. @throws GoneError */
export function readRemains(data: MemoryEventStoreData, aggregateName: string, aggregateId: string, options: ReadOptions): readonly RecordedEvent[] {
    const tombstone = data.tombstone(aggregateName, aggregateId);
    if (tombstone === undefined)
        return [];
    if (options.tombstone !== true)
        throw streamGone(aggregateName, aggregateId);
    return isInRange(tombstone.revision, options) ? [toRecord(tombstone)] : [];
}

function isInRange(revision: number, {direction, fromRevision, limit = Infinity}: ReadOptions): boolean {
    if (limit <= 0)
        return false;
    return fromRevision === undefined || (direction === 'backwards' ? revision <= fromRevision : revision >= fromRevision);
}

/** The result of the erasure that this one repeats; `undefined` when the stream wasn't erased. @throws GoneError when it was, with another tombstone */
export function repeatedErasure(data: MemoryEventStoreData, aggregateName: string, aggregateId: string, tombstone: EventData): AppendResult | undefined {
    const known = data.tombstone(aggregateName, aggregateId);
    if (known !== undefined && known.data.id !== tombstone.id)
        throw streamGone(aggregateName, aggregateId);
    return known && resultOf(known);
}

/** Puts the tombstone in place of the stream. */
export function erase(data: MemoryEventStoreData, aggregateName: string, aggregateId: string, tombstone: EventData): AppendResult {
    const revision = data.stream(aggregateName, aggregateId)?.length ?? 0;
    const stored = {data: copyEvent(tombstone), aggregateName, aggregateId, revision, position: data.events.length};
    data.erase(stored);
    data.changed();
    return resultOf(stored);
}

const resultOf = ({revision, position}: StoredEvent): AppendResult => ({revision: BigInt(revision), position: BigInt(position)});
