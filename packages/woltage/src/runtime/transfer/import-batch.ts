import {BadRequestError, ConflictError, GoneError, isWoltageError, type WoltageError} from '../../errors/index.ts';
import type {EventData} from '../../events/index.ts';
import {STATE_NEW, type ExpectedRevision, type IEventStore, type StreamAppend} from '../../ports/index.ts';
import type {FileEntry} from './event-file.ts';
import {badLine} from './import-problems.ts';

/** Events that follow one another in a file and in their stream. */
interface Run extends StreamAppend {
    readonly entries: readonly FileEntry[];
    readonly isTombstone: boolean;
}

/**
 * Writes a part of a file, in its order.
 *
 * @throws ConflictError `IMPORT_CONFLICT` with the line, when a stream isn't as the file has it, or an id is taken
 * @throws BadRequestError `IMPORT_REJECTED` with the line, when the store doesn't take an event
 */
export async function writeEntries(eventStore: IEventStore, entries: readonly FileEntry[], keepsRevisions: boolean): Promise<void> {
    const runs = runsOf(entries, keepsRevisions);
    for (let start = 0; start < runs.length;) {
        const {multiStreamAppend, orderedAppendAll = false} = eventStore.supports;
        const end = multiStreamAppend ? endOfGroup(runs, start, orderedAppendAll) : start + 1;
        await writeGroup(eventStore, runs.slice(start, end));
        start = end;
    }
}

function runsOf(entries: readonly FileEntry[], keepsRevisions: boolean): readonly Run[] {
    const runs: FileEntry[][] = [];
    for (const entry of entries) {
        const last = runs.at(-1)?.at(-1);
        if (last !== undefined && isSameStream(last, entry) && last.event.revision !== undefined && entry.event.revision !== undefined)
            runs.at(-1)?.push(entry);
        else
            runs.push([entry]);
    }
    return runs.map(list => runOf(list, keepsRevisions));
}

function runOf(entries: readonly FileEntry[], keepsRevisions: boolean): Run {
    const {aggregateName, aggregateId, revision} = (entries[0] as FileEntry).event;
    return {
        aggregateName, aggregateId, entries, isTombstone: revision === undefined, events: entries.map(toData),
        revision: revision === undefined || !keepsRevisions ? undefined : before(revision)
    };
}

/** A group in smaller ones: each stream on its own, and then half of it at a time. */
function* parts(runs: readonly Run[]): Generator<Run> {
    for (const run of runs) {
        const half = runs.length > 1 ? run.entries.length : run.entries.length >> 1;
        yield runOf(run.entries.slice(0, half), run.revision !== undefined);
        if (half < run.entries.length)
            yield runOf(run.entries.slice(half), run.revision !== undefined);
    }
}

const isSameStream = ({event: a}: FileEntry, {event: b}: FileEntry): boolean => a.aggregateId === b.aggregateId && a.aggregateName === b.aggregateName;
const before = (revision: bigint): ExpectedRevision => revision === 0n ? STATE_NEW : revision - 1n;
const toData = ({event: {id, type, version, timestamp, payload, meta, correlationId, causationId, tags}}: FileEntry): EventData =>
    ({id, type, version, timestamp, payload, meta, correlationId, causationId, tags});

/** @param takesTwice Whether a stream may be there twice, with others in between */
function endOfGroup(runs: readonly Run[], start: number, takesTwice: boolean): number {
    const streams = new Set<string>();
    for (let end = start; end < runs.length; end++) {
        const {aggregateName, aggregateId, isTombstone} = runs[end] as Run;
        const stream = `${aggregateName}\n${aggregateId}`;
        if (isTombstone || !takesTwice && streams.has(stream))
            return Math.max(end, start + 1);
        streams.add(stream);
    }
    return runs.length;
}

async function writeGroup(eventStore: IEventStore, runs: readonly Run[]): Promise<void> {
    const [first] = runs;
    if (first === undefined)
        return;
    try {
        if (runs.length > 1)
            await eventStore.appendAll?.(runs.map(({aggregateName, aggregateId, events, revision}) => ({aggregateName, aggregateId, events, revision})));
        else
            await writeRun(eventStore, first);
    } catch (error) {
        if (error instanceof ConflictError || error instanceof GoneError)
            throw await conflictOf(eventStore, runs, error);
        if (!(error instanceof BadRequestError))
            throw error;
        if (runs.length === 1 && first.entries.length === 1)
            throw rejected(first, error);
        // Nothing of it was written. In parts, the store may take what it doesn't take together; else they show which event it is.
        for (const part of parts(runs))
            await writeGroup(eventStore, [part]);
    }
}

async function writeRun(eventStore: IEventStore, {aggregateName, aggregateId, events, revision, isTombstone, entries}: Run): Promise<void> {
    if (!isTombstone) {
        await eventStore.append(aggregateName, aggregateId, events, revision);
        return;
    }
    if (eventStore.supports.erasure !== true)
        throw badLine('IMPORT_REJECTED', entries[0]?.line ?? 0, `'${aggregateName}/${aggregateId}' was erased, and the event store can't erase streams.`, {expected: 'an event store that can erase'});
    await eventStore.erase?.(aggregateName, aggregateId, events[0] as EventData);
}

function rejected({entries}: Run, error: BadRequestError): WoltageError {
    if (error.code === 'IMPORT_REJECTED')
        return error;
    const {line} = entries[0] as FileEntry;
    return new BadRequestError(`Line ${line}: the event store doesn't take it: ${error.message}`, {code: 'IMPORT_REJECTED', details: {line, code: error.code}, cause: error});
}

/** Which line it is that doesn't fit. */
async function conflictOf(eventStore: IEventStore, runs: readonly Run[], error: WoltageError): Promise<WoltageError> {
    const {id} = (error.details ?? {}) as {readonly id?: unknown};
    const taken = runs.flatMap(({entries}) => entries).find(({event}) => event.id === id);
    if (taken !== undefined)
        return conflict(taken, `the id ${taken.event.id} is taken by another event of the store`, error);
    // Nothing was written: of each stream the first run tells.
    const firsts = runs.filter((run, i) => runs.findIndex(other => isSameStream(other.entries[0] as FileEntry, run.entries[0] as FileEntry)) === i);
    for (const {aggregateName, aggregateId, revision, entries} of firsts) {
        const entry = entries[0] as FileEntry;
        const current = await lastRevision(eventStore, aggregateName, aggregateId);
        if (current === undefined)
            return conflict(entry, `'${aggregateName}/${aggregateId}' was erased in the store`, error);
        const expected = typeof revision === 'bigint' ? revision : -1n;
        if (revision !== undefined && current !== expected)
            return conflict(entry, `it is revision ${expected + 1n} of '${aggregateName}/${aggregateId}', which ${current < 0n ? 'has no events' : `is at revision ${current}`} in the store`, error);
    }
    return error;
}

const conflict = ({line, event: {id}}: FileEntry, why: string, cause: WoltageError): ConflictError =>
    new ConflictError(`Line ${line}: ${why}.`, {code: 'IMPORT_CONFLICT', details: {line, id, code: cause.code}, cause});

/** -1n where there are no events, `undefined` where the stream was erased. */
async function lastRevision(eventStore: IEventStore, aggregateName: string, aggregateId: string): Promise<bigint | undefined> {
    try {
        for await (const page of eventStore.read(aggregateName, aggregateId, {direction: 'backwards', limit: 1}))
            return page[0]?.revision ?? -1n;
        return -1n;
    } catch (error) {
        if (isWoltageError(error) && error.status === new GoneError().status)
            return undefined;
        throw error;
    }
}
