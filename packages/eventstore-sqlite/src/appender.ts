import type {SQLiteDatabase, SQLiteStatement} from '@woltage/sqlite';
import {BadRequestError, ConflictError, STATE_EXISTS, STATE_NEW, type AppendResult, type EventData, type ExpectedRevision, type StreamAppend} from 'woltage';
import {COLUMNS} from './schema.ts';

type LastRow = readonly [revision: number, position: number];

/** Checks and inserts events, inside a transaction that the caller has opened. */
export class Appender {
    readonly #last: SQLiteStatement;
    readonly #byId: SQLiteStatement;
    readonly #at: SQLiteStatement;
    readonly #insert: SQLiteStatement;

    constructor(database: SQLiteDatabase) {
        this.#last = database.prepare(`SELECT revision, position FROM events WHERE aggregate_id = ? AND aggregate_name = ? ORDER BY revision DESC LIMIT 1`).raw();
        this.#byId = database.prepare('SELECT aggregate_id, aggregate_name, revision FROM events WHERE id = ?').raw();
        this.#at = database.prepare('SELECT id, position FROM events WHERE aggregate_id = ? AND aggregate_name = ? AND revision = ?').raw();
        this.#insert = database.prepare(`INSERT INTO events (${COLUMNS.replace('position, ', '')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    }

    /** @returns The result, and whether rows were written (not so for the repetition of an earlier append) */
    append({aggregateName, aggregateId, events, revision}: StreamAppend): AppendResult & {readonly isNew: boolean} {
        const first = events[0];
        if (first === undefined)
            throw new BadRequestError('There is nothing to append.', {code: 'NO_EVENTS'});
        const [last] = (this.#last.get(aggregateId, aggregateName) ?? [-1, -1]) as LastRow;
        if (!isAsExpected(last, revision)) {
            const start = revision === STATE_NEW ? 0 : typeof revision === 'bigint' ? Number(revision) + 1 : -1;
            const repeated = start < 0 ? undefined : this.#repeated(aggregateName, aggregateId, events, start);
            if (repeated !== undefined)
                return repeated;
            throw new ConflictError(`Aggregate '${aggregateName}/${aggregateId}' is at revision ${last}, not at ${String(revision)}.`,
                {code: 'REVISION_CONFLICT', details: {current: String(last), expected: String(revision)}});
        }
        for (const [index, event] of events.entries()) {
            const known = this.#byId.get(event.id) as readonly [string, string, number] | undefined;
            if (known === undefined)
                continue;
            const isHere = index === 0 && known[0] === aggregateId && known[1] === aggregateName && typeof revision !== 'bigint';
            const repeated = isHere ? this.#repeated(aggregateName, aggregateId, events, known[2]) : undefined;
            if (repeated !== undefined)
                return repeated;
            throw new ConflictError(`Event id ${event.id} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id: event.id}});
        }
        return this.#write(aggregateName, aggregateId, events, last);
    }

    #write(aggregateName: string, aggregateId: string, events: readonly EventData[], last: number): AppendResult & {readonly isNew: true} {
        let revision = last;
        for (const event of events) {
            this.#insert.run(
                aggregateName, aggregateId, ++revision, event.id, event.type, event.version, event.timestamp,
                JSON.stringify(event.payload), JSON.stringify(event.meta), event.correlationId, event.causationId,
                event.tags.length === 0 ? null : JSON.stringify(event.tags)
            );
        }
        const [, position] = this.#last.get(aggregateId, aggregateName) as LastRow;
        return {revision: BigInt(revision), position: BigInt(position), isNew: true};
    }

    /** The result of an earlier append of these very events at this revision; `undefined` when others stand there. */
    #repeated(aggregateName: string, aggregateId: string, events: readonly EventData[], start: number): AppendResult & {readonly isNew: false} | undefined {
        let position = -1;
        for (const [index, event] of events.entries()) {
            const row = this.#at.get(aggregateId, aggregateName, start + index) as readonly [string, number] | undefined;
            if (row?.[0] !== event.id)
                return undefined;
            position = row[1];
        }
        return {revision: BigInt(start + events.length - 1), position: BigInt(position), isNew: false};
    }
}

function isAsExpected(last: number, expected: ExpectedRevision | undefined): boolean {
    if (expected === undefined)
        return true;
    return expected === STATE_NEW ? last < 0 : expected === STATE_EXISTS ? last >= 0 : BigInt(last) === expected;
}
