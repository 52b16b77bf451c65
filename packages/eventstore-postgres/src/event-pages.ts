import {statementName, textArray, toText, type Database, type TextRow} from '@woltage/postgres';
import {COLUMNS, tableNames, type EventRow} from './schema.ts';

export interface EventPage {
    readonly rows: readonly EventRow[];
    /** Everything up to here is in `rows` or doesn't match. */
    readonly position: bigint;
    readonly caughtUp: boolean;
}

export interface StreamPage {
    readonly rows: readonly EventRow[];
    readonly isErased: boolean;
}

/** Positions that one call looks through at most where a filter may match little. */
const WINDOW = 50_000n;

/** Reads pages of events: of all streams in the order of their positions, or of one stream. */
export class EventPages {
    readonly #database: Database;
    readonly #events: string;
    readonly #head: string;
    readonly #erased: string;

    constructor(database: Database, schema: string) {
        this.#database = database;
        ({events: this.#events, head: this.#head, erased: this.#erased} = tableNames(schema));
    }

    /**
     * The next page after a position. Rows and head are read in one snapshot. Commits come in the order of positions, so that nothing can appear
     * at or below the head later.
     */
    async next(after: bigint, types: readonly string[] | undefined, limit: number): Promise<EventPage> {
        const end = types === undefined ? '' : `AND position <= $1::bigint + ${WINDOW} AND type = ANY($3)`;
        const found = await this.#database.query({
            name: this.#name(types === undefined ? 'page' : 'typed page'), text: `SELECT position, ${COLUMNS.replace('position, ', '')} FROM (
                    SELECT ${COLUMNS} FROM ${this.#events} WHERE position > $1 ${end} ORDER BY position LIMIT $2) page
                UNION ALL SELECT position, ${'NULL, '.repeat(COLUMNS.split(',').length - 2)}NULL FROM ${this.#head}`,
            values: [after, limit, ...types === undefined ? [] : [textArray(types.map(toText))]]
        });
        return toPage(found, after, limit, types !== undefined);
    }

    /** Part of a stream, from a revision on, in either direction. Whether it was erased is read in the same snapshot. */
    async stream(aggregateName: string, aggregateId: string, direction: 'forwards' | 'backwards', from: bigint, limit: number): Promise<StreamPage> {
        const [compare, order] = direction === 'forwards' ? ['>=', 'ASC'] : ['<=', 'DESC'];
        const found = await this.#database.query({
            name: this.#name(`stream ${direction}`), text: `SELECT position, ${COLUMNS.replace('position, ', '')} FROM (
                    SELECT ${COLUMNS} FROM ${this.#events} WHERE aggregate_id = $1 AND aggregate_name = $2 AND revision ${compare} $3 ORDER BY revision ${order} LIMIT $4) page
                UNION ALL SELECT ${'NULL, '.repeat(COLUMNS.split(',').length - 1)}NULL FROM ${this.#erased} WHERE aggregate_id = $1 AND aggregate_name = $2`,
            values: [toText(aggregateId), toText(aggregateName), from, limit]
        });
        const isErased = found.length > 0 && found.at(-1)?.[0] === null;
        return {rows: (isErased ? found.slice(0, -1) : found) as unknown as readonly EventRow[], isErased};
    }

    /** The last event that matches among those up to a position (looking back over a window, no further), and where to go on. */
    async latestBefore(types: readonly string[], end: bigint): Promise<{readonly found: bigint | undefined; readonly next: bigint}> {
        const next = end > WINDOW ? end - WINDOW : 0n;
        const [row] = await this.#database.query({
            text: `SELECT position FROM ${this.#events} WHERE position > $1 AND position <= $2 AND type = ANY($3) ORDER BY position DESC LIMIT 1`,
            values: [next, end, textArray(types.map(toText))]
        });
        return {found: row === undefined ? undefined : BigInt(row[0] as string), next};
    }

    #name(what: string): string {
        return statementName(what, this.#events);
    }

    /** The position of the last event; 0 where there is none. */
    async head(): Promise<bigint> {
        const [row] = await this.#database.query({text: `SELECT position FROM ${this.#head}`});
        return BigInt(row?.[0] ?? 0);
    }
}

function toPage(found: readonly TextRow[], after: bigint, limit: number, isFiltered: boolean): EventPage {
    const head = BigInt(found.at(-1)?.[0] as string);
    const rows = found.slice(0, -1) as unknown as readonly EventRow[];
    const end = isFiltered && after + WINDOW < head ? after + WINDOW : head;
    if (end <= after)
        return {rows: [], position: after, caughtUp: true};
    const position = rows.length < limit ? end : BigInt(rows.at(-1)?.[0] as string);
    return {rows, position, caughtUp: position >= head};
}
