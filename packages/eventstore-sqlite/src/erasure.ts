import type {SQLiteDatabase, SQLiteStatement} from '@woltage/sqlite';
import {ConflictError, streamGone, type AppendResult} from 'woltage';
import type {EncodedAppend} from './encode.ts';

type Tombstone = readonly [id: string, revision: number, position: number];

/** As `openDatabase` leaves it: where rows are moved between pages, their old places are overwritten, but no page that is free. */
const WHILE_APPENDING = 'PRAGMA secure_delete = FAST';
const WHILE_ERASING = 'PRAGMA secure_delete = ON';

/** Removes streams, inside a transaction that the caller has opened, and knows which were. */
export class Erasure {
    readonly #database: SQLiteDatabase;
    readonly #tombstone: SQLiteStatement;
    readonly #exists: SQLiteStatement;
    readonly #remove: SQLiteStatement;
    readonly #mark: SQLiteStatement;
    readonly #taken: SQLiteStatement;

    constructor(database: SQLiteDatabase) {
        this.#database = database;
        this.#exists = database.prepare('SELECT 1 FROM erased_streams WHERE aggregate_id = ? AND aggregate_name = ?').raw();
        this.#tombstone = database.prepare(`SELECT id, revision, position FROM events WHERE position =
            (SELECT position FROM erased_streams WHERE aggregate_id = ? AND aggregate_name = ?)`).raw();
        this.#taken = database.prepare('SELECT 1 FROM events WHERE id = ?').raw();
        this.#remove = database.prepare('DELETE FROM events WHERE aggregate_id = ? AND aggregate_name = ? AND revision < ?');
        this.#mark = database.prepare('INSERT INTO erased_streams (aggregate_id, aggregate_name, position) VALUES (?, ?, ?)');
    }

    isErased(aggregateName: string, aggregateId: string): boolean {
        return this.#exists.get(aggregateId, aggregateName) !== undefined;
    }

    /** @throws GoneError */
    assertNotErased(aggregateName: string, aggregateId: string): void {
        if (this.isErased(aggregateName, aggregateId))
            throw streamGone(aggregateName, aggregateId);
    }

    /**
     * @param append Appends the tombstone
     * @throws GoneError when the stream was erased with another tombstone
     * @throws ConflictError `EVENT_ID_EXISTS`, and what `append` throws; nothing is written then
     */
    erase(tombstone: EncodedAppend, append: () => AppendResult): AppendResult {
        const {aggregateName, aggregateId, ids: [id = '']} = tombstone;
        const known = this.#tombstone.get(aggregateId, aggregateName) as Tombstone | undefined;
        if (known !== undefined) {
            if (known[0] !== id)
                throw streamGone(aggregateName, aggregateId);
            return {revision: BigInt(known[1]), position: BigInt(known[2])};
        }
        if (this.#taken.get(id) !== undefined)
            throw new ConflictError(`Event id ${id} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id}});
        const result = append();
        this.#removeBefore(aggregateName, aggregateId, result.revision);
        this.#mark.run(aggregateId, aggregateName, result.position);
        return result;
    }

    /** What SQLite frees is overwritten, which it otherwise leaves to whoever uses the page next. */
    #removeBefore(aggregateName: string, aggregateId: string, revision: bigint): void {
        this.#database.exec(WHILE_ERASING);
        try {
            this.#remove.run(aggregateId, aggregateName, revision);
        } finally {
            this.#database.exec(WHILE_APPENDING);
        }
    }
}
