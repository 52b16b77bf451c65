import {compareRows, compareValues, decodeJson, TopRows, type FoundRow, type Row, type StoreQuery} from 'woltage';
import type {Connection} from './connection.ts';
import {Contents, type Layout} from './contents.ts';
import type {Keys} from './keys.ts';
import {intersection, type Branch, type Plan, type Range} from './plan.ts';
import {COUNT_INDEX, READ_INDEX} from './scripts.ts';
import {BEHIND, sortableFields} from './sortable.ts';

const MIN_PAGE = 16;
const MAX_PAGE = 1000;

/** The indexes are no longer what the plan was made for. */
export class OutdatedPlan extends Error {}

interface Page {
    readonly found: readonly FoundRow[];
    /** The rest of the range; `undefined` at its end. */
    readonly rest: Range | undefined;
}

/** What a reader works on. */
export interface IndexReaderOptions {
    readonly connection: Connection;
    readonly keys: Keys;
    readonly layout: Layout;
    readonly plan: Plan;
    readonly query: StoreQuery;
    /** Whether a row belongs to the answer. */
    readonly accepts: (found: FoundRow) => boolean;
}

/** Reads the rows of a query from an index, page by page. A row that is changed meanwhile may come twice. */
export class IndexReader {
    readonly #options: IndexReaderOptions;
    readonly #firstPage: number;

    constructor(options: IndexReaderOptions) {
        this.#options = options;
        this.#firstPage = Math.min(MAX_PAGE, Math.max(MIN_PAGE, (options.query.limit ?? Infinity) + 1));
    }

    /** The rows of a branch that belong to the answer, in the query's order. */
    async *inOrder(branch: Branch): AsyncGenerator<FoundRow> {
        const {cursor, sort} = this.#options.query;
        const behind = cursor === undefined ? 'all' : partBehind(branch, sort, cursor);
        if (behind !== 'none')
            yield* this.#stretch(branch.prefix, branch, 0, behind === 'all' ? undefined : cursor);
    }

    /** The rows of a range that belong to the answer, as they come. */
    async *rows(range: Range, isFalling = false): AsyncGenerator<FoundRow> {
        let rest: Range | undefined = range;
        for (let size = this.#firstPage; rest !== undefined; size = nextPage(size)) {
            const page: Page = await this.#page(rest, isFalling, size);
            yield* page.found.filter(this.#options.accepts);
            rest = page.rest;
        }
    }

    /** How many rows a range holds. */
    async count({from, to}: Range): Promise<number> {
        const {connection, keys, layout: {table, text}, plan} = this.#options;
        const count = await connection.run(
            COUNT_INDEX, [keys.contents, keys.index(table, plan.index.fields)], [Contents.fieldOf(table), text, `[${from}`, `(${to}`]
        );
        if (count === null)
            throw new OutdatedPlan();
        return count as number;
    }

    /** Rows of a range in the query's order, from its field number `level` on: those before are the same in all of the range. */
    async *#stretch(prefix: string, range: Range, level: number, cursor: Row | undefined): AsyncGenerator<FoundRow> {
        const {fields, sort} = this.#options.plan;
        const end = this.#endOfRun(level);
        if (end === level)
            return yield* await this.#sorted(range);
        const run = fields.slice(level, end);
        const isFalling = sort[level]?.descending === true;
        let ahead = range;
        if (cursor !== undefined) {
            const at = prefix + sortableFields(cursor, run);
            if (end < sort.length)
                yield* this.#stretch(at, intersection(range, groupOf(at)), end, cursor);
            ahead = beyond(range, at, isFalling);
        }
        yield* end === sort.length ? this.rows(ahead, isFalling) : this.#groups(prefix, ahead, level, end);
    }

    /** Group by group, where the order goes on in another direction within each. What a page holds the beginning of alone is read as a range of its own. */
    async *#groups(prefix: string, range: Range, level: number, end: number): AsyncGenerator<FoundRow> {
        const {plan, query, accepts} = this.#options;
        const run = plan.fields.slice(level, end);
        const isFalling = plan.sort[level]?.descending === true;
        const order = compareRows(query.sort);
        let ahead = range;
        for (let size = this.#firstPage; ; size = nextPage(size)) {
            const {found, rest} = await this.#page(ahead, isFalling, size);
            const last = found.at(-1);
            const open = rest === undefined || last === undefined ? undefined : sortableFields(last.row, run);
            const complete = open === undefined ? found : found.filter(({row}) => sortableFields(row, run) !== open);
            yield* complete.filter(accepts).sort((a, b) => order(a.row, b.row));
            if (open === undefined)
                return;
            const at = prefix + open;
            yield* this.#stretch(at, intersection(range, groupOf(at)), end, undefined);
            ahead = beyond(ahead, at, isFalling);
        }
    }

    /** All rows of a range, where the index has no order for them. */
    async #sorted(range: Range): Promise<FoundRow[]> {
        const {sort, limit} = this.#options.query;
        const top = new TopRows(compareRows(sort), limit);
        for await (const found of this.rows(range))
            top.add(found);
        return top.inOrder();
    }

    /** Where the fields of the order end that go in one direction and stand in the index. */
    #endOfRun(level: number): number {
        const {sort, sorted} = this.#options.plan;
        let end = level;
        while (end < sorted && sort[end]?.descending === sort[level]?.descending)
            end++;
        return end;
    }

    async #page({from, to}: Range, isFalling: boolean, size: number): Promise<Page> {
        const {connection, keys, layout: {table, text}, plan} = this.#options;
        const [least, greatest] = [`[${from}`, `(${to}`];
        const reply = await connection.run(
            READ_INDEX,
            [keys.contents, keys.index(table, plan.index.fields), keys.rows(table)],
            [Contents.fieldOf(table), text, ...isFalling ? ['ZREVRANGEBYLEX', greatest, least] : ['ZRANGEBYLEX', least, greatest], String(size)]
        ) as readonly [last: string, ids: readonly string[], rows: readonly (string | null)[]] | readonly [] | null;
        if (reply === null)
            throw new OutdatedPlan();
        const [last, ids = [], rows = []] = reply;
        return {
            found: ids.flatMap((id, i) => typeof rows[i] === 'string' ? [{id, row: decodeJson(rows[i]) as Row}] : []),
            rest: last === undefined || ids.length < size ? undefined : isFalling ? {from, to: last} : {from: `${last}\0`, to}
        };
    }
}

const nextPage = (size: number): number => Math.min(MAX_PAGE, 4 * size);

const groupOf = (at: string): Range => ({from: at, to: at + BEHIND});

const beyond = (range: Range, at: string, isFalling: boolean): Range => intersection(range, isFalling ? {from: '', to: at} : {from: at + BEHIND, to: range.to});

/** What part of a branch lies behind the cursor, as far as the fields tell that are the same in all of it. */
function partBehind({values}: Branch, sort: StoreQuery['sort'], cursor: Row): 'all' | 'some' | 'none' {
    let isFirst = true;
    for (const {field, descending} of sort) {
        if (!Object.hasOwn(values, field)) {
            isFirst = false;
            continue;
        }
        const order = compareValues(values[field], cursor[field]) * (descending ? -1 : 1);
        if (order !== 0)
            return isFirst && order < 0 ? 'none' : 'all';
    }
    return 'some';
}
