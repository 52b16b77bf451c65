import type {SQLiteDatabase, SQLiteStatement} from '@woltage/sqlite';
import {COLUMNS, type EventRow} from './schema.ts';

export interface EventPage {
    readonly rows: readonly EventRow[];
    /** Everything up to here is in `rows` or doesn't match. */
    readonly position: number;
    readonly caughtUp: boolean;
}

/** Positions that one call looks through at most: a filter that matches little must not hold up the process. */
const WINDOW = 20_000;

/** Reads pages of events: of all streams in the order of their positions, or of one stream. */
export class EventPages {
    readonly #database: SQLiteDatabase;
    readonly #headPosition: SQLiteStatement;
    readonly #statements = new Map<string, SQLiteStatement>();

    constructor(database: SQLiteDatabase) {
        this.#database = database;
        this.#headPosition = database.prepare('SELECT max(position) FROM events').raw();
    }

    /**
     * The next page after a position. What lies at or below the head was committed when the head was read, and SQLite has one
     * writer at a time, so that nothing can appear below it later.
     */
    next(after: number, types: readonly string[] | undefined, limit: number): EventPage {
        const head = this.head() ?? 0;
        const end = types === undefined ? head : Math.min(head, after + WINDOW);
        if (end <= after)
            return {rows: [], position: after, caughtUp: true};
        const rows = types?.length === 0 ? [] : this.#select(types).all(after, end, ...types ?? [], limit) as EventRow[];
        const position = rows.length < limit ? end : rows.at(-1)?.[0] ?? end;
        return {rows, position, caughtUp: position >= head};
    }

    /** Part of a stream, from a revision on, in either direction. */
    stream(aggregateName: string, aggregateId: string, direction: 'forwards' | 'backwards', from: number, limit: number): readonly EventRow[] {
        // `LIMIT ?` alone makes SQLite plan the statement anew for each value, which takes six times as long as the search.
        const [compare, order] = direction === 'forwards' ? ['>=', 'ASC'] : ['<=', 'DESC'];
        return this.#prepare(`SELECT ${COLUMNS} FROM events WHERE aggregate_id = ? AND aggregate_name = ? AND revision ${compare} ? ORDER BY revision ${order} LIMIT ? + 0`)
            .all(aggregateId, aggregateName, from, limit) as EventRow[];
    }

    /** The last event that matches among those up to a position (looking back over a window, no further), and where to go on. */
    latestBefore(types: readonly string[], end: number): {readonly found: number | undefined; readonly next: number} {
        const next = Math.max(0, end - WINDOW);
        const row = this.#prepare(`SELECT position FROM events WHERE position > ? AND position <= ? AND type IN (${placeholders(types)}) ORDER BY position DESC LIMIT 1`)
            .get(next, end, ...types) as readonly [number] | undefined;
        return {found: row?.[0], next};
    }

    /** The position of the last event. */
    head(): number | null {
        return (this.#headPosition.get() as readonly [number | null])[0];
    }

    #select(types: readonly string[] | undefined): SQLiteStatement {
        const filter = types === undefined ? '' : `AND type IN (${placeholders(types)})`;
        return this.#prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? AND position <= ? ${filter} ORDER BY position LIMIT ? + 0`);
    }

    #prepare(sql: string): SQLiteStatement {
        let statement = this.#statements.get(sql);
        if (statement === undefined)
            this.#statements.set(sql, statement = this.#database.prepare(sql).raw());
        return statement;
    }
}

const placeholders = (values: readonly unknown[]): string => values.map(() => '?').join(', ');
