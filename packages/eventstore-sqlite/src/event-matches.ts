import type {SQLiteDatabase, SQLiteStatement} from '@woltage/sqlite';
import type {EventCriterion, EventQuery} from 'woltage';
import {COLUMNS, type EventRow} from './schema.ts';

/** One way through an index: rising positions, each of them of an event that meets a criterion. */
interface Arm {
    readonly sql: string;
    readonly values: readonly string[];
}

const OF_EVENT = COLUMNS.split(', ').map(column => `e.${column}`).join(', ');

/** How many postings of each tag are counted at first, to go by the rarest; eight times as many the next time. */
const FIRST_COUNT = 64;
/** Where even the rarest has more, counting would take longer than going through it. */
const LAST_COUNT = FIRST_COUNT * 8 ** 3;

/** Finds events by their types and tags. */
export class EventMatches {
    readonly #database: SQLiteDatabase;
    readonly #statements = new Map<string, SQLiteStatement>();

    constructor(database: SQLiteDatabase) {
        this.#database = database;
    }

    /**
     * The first events that match, in the order of their positions, each once. All of it is read up to one head: what lies at or below it
     * was committed before, so that nothing of it can be missed though other processes go on meanwhile.
     */
    page(query: EventQuery, after: number, until: number, limit: number): readonly EventRow[] {
        const end = Math.min(until, this.head());
        if (end <= after)
            return [];
        const positions = new Set<number>();
        for (const criterion of query) {
            for (const {sql, values} of this.#arms(criterion, after, end)) {
                for (const [position] of this.#all<[number]>(sql, ...values, after, end, limit))
                    positions.add(position);
            }
        }
        const rising = Float64Array.from(positions).sort().subarray(0, limit);
        // The list is gone through in its order: CROSS keeps SQLite from turning the join round.
        return this.#all(`SELECT ${OF_EVENT} FROM json_each(?) found CROSS JOIN events e ON e.position = found.value`, `[${rising.join(',')}]`);
    }

    /** The position of the last event; 0 where there is none. */
    head(): number {
        return (this.#prepare('SELECT max(position) FROM events').get() as readonly [number | null])[0] ?? 0;
    }

    #arms({types, tags}: EventCriterion, after: number, end: number): readonly Arm[] {
        if (tags === undefined) {
            // Named, because without statistics SQLite would rather go through all positions of the range.
            const [from, keys] = types === undefined ? ['WHERE', [[]]] : ['INDEXED BY events_type WHERE type = ? AND', types.map(type => [type])];
            return keys.map(values => ({sql: `SELECT position FROM events ${from} position > ? AND position <= ? ORDER BY position LIMIT ? + 0`, values}));
        }
        const driver = this.#rarest(tags, types, after, end);
        const others = tags.filter(tag => tag !== driver);
        const sql = `SELECT position FROM event_tags t WHERE ${others.map(() => 'EXISTS (SELECT 1 FROM event_tags WHERE tag = ? AND type = t.type AND position = t.position) AND').join(' ')}
            tag = ? AND type = ? AND position > ? AND position <= ? ORDER BY position LIMIT ? + 0`;
        return (types ?? this.#typesOf(driver)).map(type => ({sql, values: [...others, driver, type]}));
    }

    /** The tag that the fewest events in the range carry, as far as it can be told without counting long lists to their end. */
    #rarest(tags: readonly string[], types: readonly string[] | undefined, after: number, end: number): string {
        const [first = '', ...others] = tags;
        if (others.length === 0)
            return first;
        const lists = tags.map(tag => [tag, types ?? this.#typesOf(tag)] as const);
        for (let most = FIRST_COUNT; ; most *= 8) {
            const counted = lists.map(([tag, ofTypes]) => [tag, ofTypes.reduce((sum, type) => sum + this.#count(tag, type, after, end, most), 0)] as const);
            const [rarest, count] = counted.reduce((a, b) => b[1] < a[1] ? b : a);
            if (count < most || most >= LAST_COUNT)
                return rarest;
        }
    }

    #count(tag: string, type: string, after: number, end: number, most: number): number {
        const sql = 'SELECT count(*) FROM (SELECT 1 FROM event_tags WHERE tag = ? AND type = ? AND position > ? AND position <= ? LIMIT ? + 0)';
        return (this.#prepare(sql).get(tag, type, after, end, most) as readonly [number])[0];
    }

    /** The types of the events that carry a tag: one step in the index for each. */
    #typesOf(tag: string): readonly string[] {
        const types: string[] = [];
        const next = this.#prepare('SELECT type FROM event_tags WHERE tag = ? AND type > ? ORDER BY type LIMIT 1');
        for (let last = ''; ; types.push(last)) {
            const row = next.get(tag, last) as readonly [string] | undefined;
            if (row === undefined)
                return types;
            [last] = row;
        }
    }

    #all<R>(sql: string, ...values: readonly (string | number)[]): readonly R[] {
        return this.#prepare(sql).all(...values) as readonly R[];
    }

    #prepare(sql: string): SQLiteStatement {
        let statement = this.#statements.get(sql);
        if (statement === undefined)
            this.#statements.set(sql, statement = this.#database.prepare(sql).raw());
        return statement;
    }
}
