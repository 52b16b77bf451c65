import type {SQLiteDatabase, SQLiteStatement} from '@woltage/sqlite';
import {ConflictError, STATE_EXISTS, STATE_NEW, type AppendResult, type ExpectedRevision} from 'woltage';
import type {EncodedAppend} from './encode.ts';
import {Erasure} from './erasure.ts';
import {COLUMNS} from './schema.ts';

interface Inserted {
    readonly changes: number;
    readonly lastInsertRowid: number | bigint;
}

/** Checks and inserts events, inside a transaction that the caller has opened. */
export class Appender {
    readonly #lastRevision: SQLiteStatement;
    readonly #byId: SQLiteStatement;
    readonly #at: SQLiteStatement;
    readonly #insert: SQLiteStatement;
    readonly #erasure: Erasure;

    constructor(database: SQLiteDatabase) {
        this.#erasure = new Erasure(database);
        this.#lastRevision = database.prepare(`SELECT revision FROM events WHERE aggregate_id = ? AND aggregate_name = ? ORDER BY revision DESC LIMIT 1`).raw();
        this.#byId = database.prepare('SELECT aggregate_id, aggregate_name, revision FROM events WHERE id = ?').raw();
        this.#at = database.prepare('SELECT id, position FROM events WHERE aggregate_id = ? AND aggregate_name = ? AND revision = ?').raw();
        this.#insert = database.prepare(`INSERT INTO events (${COLUMNS.replace('position, ', '')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    }

    /**
     * @param careful Looks for ids that are taken before anything is written. Otherwise the unique index finds them, which costs
     * nothing while there are none, but breaks off amid the writing with SQLite's own error.
     * @throws ConflictError `REVISION_CONFLICT`, and `EVENT_ID_EXISTS` when careful; nothing is written then
     * @throws GoneError
     */
    append(append: EncodedAppend, careful: boolean): AppendResult {
        if (append.isErasure === true)
            return this.#erasure.erase(append, () => this.#append(append, careful));
        this.#erasure.assertNotErased(append.aggregateName, append.aggregateId);
        return this.#append(append, careful);
    }

    #append(append: EncodedAppend, careful: boolean): AppendResult {
        const {aggregateName, aggregateId, revision} = append;
        const [last] = (this.#lastRevision.get(aggregateId, aggregateName) ?? [-1]) as readonly [number];
        if (!isAsExpected(last, revision)) {
            const start = revision === STATE_NEW ? 0 : typeof revision === 'bigint' ? Number(revision) + 1 : -1;
            const repeated = start < 0 ? undefined : this.#repeated(append, start);
            if (repeated !== undefined)
                return repeated;
            throw new ConflictError(`Aggregate '${aggregateName}/${aggregateId}' is at revision ${last}, not at ${String(revision)}.`,
                {code: 'REVISION_CONFLICT', details: {current: String(last), expected: String(revision)}});
        }
        return careful && this.#repeatedAnywhere(append) || this.#write(append, last);
    }

    #write({aggregateName, aggregateId, values}: EncodedAppend, last: number): AppendResult {
        let revision = last;
        let position: number | bigint = 0;
        for (const columns of values)
            ({lastInsertRowid: position} = this.#insert.run(aggregateName, aggregateId, ++revision, ...columns) as Inserted);
        return {revision: BigInt(revision), position: BigInt(position)};
    }

    /**
     * The result of an earlier append of these very events to this stream; `undefined` when all of them are new.
     *
     * @throws ConflictError `EVENT_ID_EXISTS`
     */
    #repeatedAnywhere(append: EncodedAppend): AppendResult | undefined {
        const {aggregateName, aggregateId, revision, ids} = append;
        const seen = new Set<string>();
        for (const [index, id] of ids.entries()) {
            const known = this.#byId.get(id) as readonly [string, string, number] | undefined;
            if (known === undefined && seen.size < seen.add(id).size)
                continue;
            const isHere = known !== undefined && index === 0 && known[0] === aggregateId && known[1] === aggregateName && typeof revision !== 'bigint';
            const repeated = isHere ? this.#repeated(append, known[2]) : undefined;
            if (repeated !== undefined)
                return repeated;
            throw new ConflictError(`Event id ${id} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id}});
        }
        return undefined;
    }

    /** The result of an earlier append of these very events at this revision; `undefined` when others stand there. */
    #repeated({aggregateName, aggregateId, ids}: EncodedAppend, start: number): AppendResult | undefined {
        let position = -1;
        for (const [index, id] of ids.entries()) {
            const row = this.#at.get(aggregateId, aggregateName, start + index) as readonly [string, number] | undefined;
            if (row?.[0] !== id)
                return undefined;
            position = row[1];
        }
        return {revision: BigInt(start + ids.length - 1), position: BigInt(position)};
    }
}

function isAsExpected(last: number, expected: ExpectedRevision | undefined): boolean {
    if (expected === undefined)
        return true;
    return expected === STATE_NEW ? last < 0 : expected === STATE_EXISTS ? last >= 0 : BigInt(last) === expected;
}
