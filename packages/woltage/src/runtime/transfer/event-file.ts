import {createHash} from 'node:crypto';
import {BadRequestError} from '../../errors/index.ts';
import {CompactTable} from './compact-table.ts';
import {eventLine, FORMAT, parseEvent, type FileEvent, type FileSummary} from './event-lines.ts';
import {badLine} from './import-problems.ts';
import {readLines, type EventSource} from './line-reader.ts';

/** Ids and streams that are remembered, to find what is twice or missing; beyond that the event store finds it. */
const MOST_REMEMBERED = 2_000_000;

const BYTE_ORDER_MARK = '\uFEFF';

/** An event and where it stands in its file. */
export interface FileEntry {
    readonly event: FileEvent;
    readonly line: number;
    /** Its canonical form. */
    readonly text: string;
}

export interface FileChecks {
    /** Bytes that a line may have. */
    readonly maxLineBytes: number;
    /** Streams begin with revision 0 in the file; otherwise they may go on from anywhere. */
    readonly isWhole: boolean;
    /** Streams go on without a gap. */
    readonly keepsRevisions: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** A file of events as it is read: checked line by line, and as a whole at its end. */
export class EventFile {
    readonly #source: EventSource;
    readonly #checks: FileChecks;
    readonly #ids = new CompactTable(MOST_REMEMBERED);
    readonly #streams = new CompactTable(MOST_REMEMBERED);
    readonly #hash = createHash('sha256');
    #line = 0;
    #events = 0;
    #hasHeader = false;
    #summary: FileSummary | undefined;

    constructor(source: EventSource, checks: FileChecks) {
        this.#source = source;
        this.#checks = checks;
    }

    /** How many events have been read. */
    get events(): number {
        return this.#events;
    }

    /** What the file holds, when it has been read to its end. */
    get summary(): FileSummary {
        if (this.#summary === undefined)
            throw new BadRequestError(`The file ends after line ${this.#line} without the last line of an export, {"end": ...}: it was cut off.`, {
                code: 'IMPORT_TRUNCATED', details: {line: this.#line, events: this.#events, expected: 'a last line with the number of events and their hash'}
            });
        return this.#summary;
    }

    /**
     * The events, some at a time.
     *
     * @throws BadRequestError `IMPORT_FORMAT`, `IMPORT_LINE_INVALID`, `IMPORT_LINE_TOO_LONG`, `IMPORT_DUPLICATE_ID`, `IMPORT_REVISION_GAP`, `IMPORT_COUNT_MISMATCH`,
     * `IMPORT_HASH_MISMATCH`, `IMPORT_TRUNCATED`, `IMPORT_SOURCE_INVALID`
     */
    async *read(): AsyncGenerator<readonly FileEntry[], void> {
        for await (const lines of readLines(this.#source, this.#checks.maxLineBytes)) {
            const entries: FileEntry[] = [];
            let problem: unknown;
            try {
                for (const text of lines)
                    this.#take(text, entries);
            } catch (error) {
                problem = error;
            }
            // Those before it are good.
            if (entries.length > 0)
                yield entries;
            if (problem !== undefined)
                throw problem;
        }
        void this.summary;
    }

    #take(text: string, entries: FileEntry[]): void {
        this.#line++;
        if (text === '' || text.trim() === '')
            return;
        const value = this.#parse(this.#line === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
        if (this.#summary !== undefined)
            throw badLine('IMPORT_LINE_INVALID', this.#line, 'there must be nothing after the last line of an export.', {expected: 'the end of the file'});
        if (!this.#hasHeader)
            this.#checkHeader(value);
        else if (Object.hasOwn(value, 'end'))
            this.#summary = this.#checkEnd(value['end'] as Json);
        else
            entries.push(this.#entry(parseEvent(value, this.#line)));
    }

    #parse(text: string): Json {
        let value: unknown;
        let why = 'it is no JSON object';
        try {
            value = JSON.parse(text);
        } catch (error) {
            why = `it is no JSON (${error instanceof Error ? error.message : String(error)})`;
        }
        if (typeof value === 'object' && value !== null && !Array.isArray(value))
            return value as Json;
        throw badLine(this.#hasHeader ? 'IMPORT_LINE_INVALID' : 'IMPORT_FORMAT', this.#line, `${why}.`, {expected: 'a JSON object'});
    }

    #checkHeader({woltage, format}: Json): void {
        const expected = `{"woltage": "events", "format": ${FORMAT}}`;
        if (woltage !== 'events' || format !== FORMAT)
            throw badLine('IMPORT_FORMAT', this.#line, `an export begins with ${expected}${woltage === 'events' ? `; its format ${JSON.stringify(format)} is not known here` : ''}.`, {expected});
        this.#hasHeader = true;
    }

    #entry(event: FileEvent): FileEntry {
        const line = this.#line;
        const text = eventLine(event);
        const other = this.#ids.addUuid(event.id, line);
        if (other !== undefined)
            throw badLine('IMPORT_DUPLICATE_ID', line, `the id ${event.id} is that of the event in line ${other} as well.`, {id: event.id, other, expected: 'an id of its own'});
        if (this.#checks.keepsRevisions)
            this.#checkRevision(event);
        this.#hash.update(text).update('\n');
        this.#events++;
        return {event, line, text};
    }

    #checkRevision({aggregateName, aggregateId, revision}: FileEvent): void {
        const isFull = this.#streams.isFull;
        const next = this.#streams.set(`${aggregateName}\n${aggregateId}`, revision === undefined ? 0 : Number(revision) + 1);
        const isStart = next === undefined && this.#checks.isWhole && !isFull;
        if (revision === undefined || next === undefined && !isStart)
            return;
        const expected = next ?? 0;
        if (Number(revision) !== expected)
            throw badLine('IMPORT_REVISION_GAP', this.#line, `'${aggregateName}/${aggregateId}' goes on with revision ${revision}, where ${expected} was expected. `
                + 'An export of some types, or from a position on, is imported with `revisions: \'renumber\'`, or into a store that has what came before.', {
                aggregateName, aggregateId, revision: String(revision), expected: String(expected)
            });
    }

    #checkEnd(end: Json | null): FileSummary {
        const {events, sha256} = end ?? {};
        if (events !== this.#events)
            throw badLine('IMPORT_COUNT_MISMATCH', this.#line, `the export had ${JSON.stringify(events)} events, and here are ${this.#events}.`, {expected: events, events: this.#events});
        const actual = this.#hash.digest('hex');
        if (sha256 !== actual)
            throw badLine('IMPORT_HASH_MISMATCH', this.#line, `the hash of the events is ${actual}, and not ${JSON.stringify(sha256)}: something was changed.`, {expected: sha256, sha256: actual});
        return {events: this.#events, sha256: actual};
    }
}
