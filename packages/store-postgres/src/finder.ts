import {statementName, textArray, type Database, type Statement, type TextRow} from '@woltage/postgres';
import {compareRows, matches, type Row, type StoreQuery} from 'woltage';
import {toRowId} from './encode-rows.ts';
import {countStatement, findStatement, oddStatement} from './find-sql.ts';
import {ID, type TableLayout} from './table-layout.ts';

/** For each scope of a store; a connection keeps each in some 10 kB. */
const MAX_KEPT_PLANS = 32;

/** Answers queries as `matches` and `compareRows` define them. */
export class Finder {
    readonly #database: Pick<Database, 'query'>;
    /** Names of the statements that PostgreSQL keeps the plans of, by their text. */
    readonly #names = new Map<string, string>();

    constructor(database: Pick<Database, 'query'>) {
        this.#database = database;
    }

    /** The rows with these ids, in their order. */
    async get(layout: TableLayout, ids: readonly string[]): Promise<(Row | undefined)[]> {
        if (ids.length === 0)
            return [];
        const keys = ids.map(toRowId);
        const found = await this.#database.query({
            name: layout.statements.get, text: `SELECT ${ID}, ${layout.selection} FROM ${layout.quoted} WHERE ${ID} = ANY($1::text[])`, values: [textArray(keys)]
        });
        const rows = new Map(found.map(text => [text[0], text]));
        return keys.map(key => {
            const text = rows.get(key);
            return text && layout.toRow(text, 1);
        });
    }

    async find(layout: TableLayout, query: StoreQuery): Promise<Row[]> {
        const {where, sort, limit, cursor} = query;
        if (limit === 0)
            return [];
        const {isFiltered, isSorted, ...statement} = findStatement(layout, query);
        const found = await this.#query(statement);
        const order = compareRows(sort);
        const accepts = (row: Row, isKnown: boolean): boolean => (isKnown && isFiltered || matches(row, where)) && (isKnown && isSorted || cursor === undefined || order(row, cursor) > 0);
        const rows: Row[] = [];
        let mustSort = !isSorted;
        for (const text of found) {
            const row = layout.toRow(text);
            const isRegular = !isOdd(text);
            if (!accepts(row, isRegular))
                continue;
            rows.push(row);
            mustSort ||= !isRegular;
        }
        return mustSort ? rows.sort(order).slice(0, limit) : rows;
    }

    async count(layout: TableLayout, where: StoreQuery['where']): Promise<number> {
        const statement = countStatement(layout, where);
        if (statement === undefined)
            return (await this.find(layout, {where, sort: [], limit: undefined, cursor: undefined})).length;
        const [row] = await this.#query(statement) as readonly [TextRow];
        const odd = row[1] === 't' ? await this.#query(oddStatement(layout, where)) : [];
        return Number(row[0]) + odd.filter(text => matches(layout.toRow(text), where)).length;
    }

    /** Planning takes longer than most queries do: plans are kept of the first kinds of queries that come. */
    #query(statement: Statement): Promise<readonly TextRow[]> {
        const {text} = statement;
        if (!this.#names.has(text) && this.#names.size < MAX_KEPT_PLANS)
            this.#names.set(text, statementName('find', text));
        return this.#database.query({...statement, name: this.#names.get(text)});
    }
}

const isOdd = (text: TextRow): boolean => text[0] !== null;
