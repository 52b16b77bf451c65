import {compareRows, decodeJson, matches, type Row, type StoreQuery} from 'woltage';
import type {Connection} from './connection.ts';
import {isExactCursor, orderBy, segmentsAfter, type Segment} from './page.ts';
import {isApproximate} from './sortable.ts';
import {compileWhere, type Clause, type CompiledWhere} from './where.ts';

type Data = readonly [data: string];

/** The rows of a query, as `matches` and `compareRows` define them. */
export function findRows(connection: Connection, table: string, query: StoreQuery): Row[] {
    if (query.limit === 0)
        return [];
    const filter = compileWhere(query.where);
    return (isExactCursor(query.sort, query.cursor) ? findInOrder(connection, table, query, filter) : undefined)
        ?? findAndSort(connection, table, query, filter);
}

export function countRows(connection: Connection, table: string, where: StoreQuery['where']): number {
    const filter = compileWhere(where);
    if (filter.isExact) {
        const [count] = connection.select(`SELECT count(*) FROM ${table}${whereSql(filter.clauses)}`).get(...valuesOf(filter.clauses)) as [number];
        return count;
    }
    let count = 0;
    for (const row of iterate(connection, table, filter.clauses))
        count += matches(row, where) ? 1 : 0;
    return count;
}

/** Lets SQLite sort; `undefined` when a row has turned up for which it doesn't to the letter. */
function findInOrder(connection: Connection, table: string, query: StoreQuery, filter: CompiledWhere): Row[] | undefined {
    const rows: Row[] = [];
    for (const segment of segmentsAfter(query.sort, query.cursor)) {
        for (const [data] of read(connection, table, segment, filter, query.limit === undefined ? undefined : query.limit - rows.length)) {
            const row = decodeJson(data) as Row;
            if (query.sort.some(({field}) => isApproximate(row[field])))
                return undefined;
            if (filter.isExact || matches(row, query.where))
                rows.push(row);
            if (rows.length === query.limit)
                return rows;
        }
    }
    return rows;
}

function read(connection: Connection, table: string, {clauses, sort}: Segment, filter: CompiledWhere, limit: number | undefined): Iterable<Data> {
    const all = [...filter.clauses, ...clauses];
    // `LIMIT ?` alone would make SQLite plan the statement anew for each value.
    const canLimit = limit !== undefined && filter.isExact;
    const statement = connection.select(`SELECT data FROM ${table}${whereSql(all)} ORDER BY ${orderBy(sort)}${canLimit ? ' LIMIT ? + 0' : ''}`);
    return canLimit
        ? statement.all(...valuesOf(all), limit) as Data[]
        : statement.iterate(...valuesOf(all)) as IterableIterator<Data>;
}

function findAndSort(connection: Connection, table: string, {where, sort, cursor, limit}: StoreQuery, {clauses}: CompiledWhere): Row[] {
    const order = compareRows(sort);
    const rows: Row[] = [];
    for (const row of iterate(connection, table, clauses)) {
        if (matches(row, where) && (cursor === undefined || order(row, cursor) > 0))
            rows.push(row);
    }
    return rows.sort(order).slice(0, limit);
}

function* iterate(connection: Connection, table: string, clauses: readonly Clause[]): Generator<Row> {
    for (const [data] of connection.select(`SELECT data FROM ${table}${whereSql(clauses)}`).iterate(...valuesOf(clauses)) as IterableIterator<Data>)
        yield decodeJson(data) as Row;
}

const whereSql = (clauses: readonly Clause[]): string => clauses.length === 0 ? '' : ` WHERE ${clauses.map(({sql}) => `(${sql})`).join(' AND ')}`;

const valuesOf = (clauses: readonly Clause[]): Clause['values'] => clauses.flatMap(({values}) => values);
