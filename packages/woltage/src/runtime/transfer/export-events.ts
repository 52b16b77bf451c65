import {createHash} from 'node:crypto';
import type {EventCatalogue, RecordedEvent} from '../../events/index.ts';
import {GoneError} from '../../errors/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import {passOver, type PassOptions, type RunStep} from '../event-pass.ts';
import {eventLine, headerLine, toFileEvent, trailerLine, type FileTrailer} from './event-lines.ts';

export interface ExportProgress {
    /** How many have been written. */
    readonly events: number;
    readonly position: bigint;
    /** Where the export ends. */
    readonly end: bigint;
}

export interface ExportOptions extends PassOptions {
    readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

/** The lines of an export, each with its newline. */
export async function* exportEvents(
    eventStore: IEventStore, catalogue: EventCatalogue, run: RunStep, {onProgress, ...options}: ExportOptions
): AsyncGenerator<string, FileTrailer> {
    const hash = createHash('sha256');
    let events = 0;
    let last: bigint | null = null;
    yield `${headerLine()}\n`;
    for await (const {events: records, position, end} of passOver(eventStore, run, options)) {
        for (const record of records) {
            const isTombstone = mayBeTombstone(record, catalogue) && await run(() => isErased(eventStore, record));
            const line = `${eventLine(toFileEvent(record, isTombstone))}\n`;
            hash.update(line);
            events++;
            last = record.position;
            yield line;
        }
        onProgress?.({events, position, end});
    }
    const trailer = {events, sha256: hash.digest('hex'), position: last};
    yield `${trailerLine(trailer)}\n`;
    return trailer;
}

const TOMBSTONE = 'tombstone';

/** Whether an event is of a class that ends streams, by its type or by one that it extends. */
function mayBeTombstone({type, version}: RecordedEvent, catalogue: EventCatalogue): boolean {
    if (type === TOMBSTONE)
        return true;
    const name = catalogue.nameOf(type, version);
    for (let parent: unknown = catalogue.get(name.type, name.version); typeof parent === 'function'; parent = Object.getPrototypeOf(parent)) {
        if ((parent as {readonly type?: unknown}).type === TOMBSTONE)
            return true;
    }
    return false;
}

async function isErased(eventStore: IEventStore, {aggregateName, aggregateId}: RecordedEvent): Promise<boolean> {
    const pages = eventStore.read(aggregateName, aggregateId, {limit: 1})[Symbol.asyncIterator]();
    try {
        await pages.next();
        await pages.return?.();
        return false;
    } catch (error) {
        if (error instanceof GoneError)
            return true;
        throw error;
    }
}
