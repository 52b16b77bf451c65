import {textArray, type Statement} from '@woltage/postgres';
import {idsOf, type StoreQuery} from 'woltage';
import type {Column} from './columns.ts';
import {behind, canBeInPlace, inSamePlace} from './compare.ts';
import {toRowId} from './encode-rows.ts';
import {SqlValues} from './sql-values.ts';
import {ID, ODD, type TableLayout} from './table-layout.ts';
import {conditionSql} from './where.ts';

/** A statement, and whether its answer needs nothing more to be done: but for odd rows, which are all among it. */
export interface FindStatement extends Statement {
    /** Whether all conditions are in the statement. */
    readonly isFiltered: boolean;
    /** Whether rows come in the query's order, behind its cursor, and no more than its limit. */
    readonly isSorted: boolean;
}

interface Where {
    readonly clauses: readonly string[];
    readonly isExact: boolean;
}

/** The rows of a query, and behind them all odd ones, that only `matches` can tell of. */
export function findStatement(layout: TableLayout, query: StoreQuery): FindStatement {
    const {where, sort, limit, cursor} = query;
    const values = new SqlValues();
    const {clauses, isExact} = whereOf(layout, where, values);
    const order = sort.map(({field}) => layout.byField.get(field));
    const isSorted = isExact && order.every(column => column !== undefined);
    const select = `SELECT ${layout.selection} FROM ${layout.quoted} WHERE`;
    const segments = isSorted ? segmentsBehind(order, sort, cursor, values) : [{clauses: [], orderBy: ''}];
    if (segments.length === 0)
        return {...oddStatement(layout, where), isFiltered: true, isSorted: true};
    const limitSql = isSorted && limit !== undefined ? ` LIMIT ${values.add(limit, 'bigint')}` : '';
    const parts = segments.map(segment => `(${select} ${[...clauses, ...segment.clauses].map(clause => `(${clause})`).join(' AND ')}${segment.orderBy}${limitSql})`);
    const odd = ` UNION ALL (${select} ${[ODD_ROWS, ...idClause(layout, where, values)].join(' AND ')})`;
    const regular = parts.length === 1 ? parts[0] as string : `(SELECT * FROM (${parts.join(' UNION ALL ')}) AS page${limitSql})`;
    return {text: regular + odd, values: values.list, isFiltered: isExact, isSorted};
}

/** Counts the rows that match, and tells whether there are odd ones; `undefined` when it takes more than SQL. */
export function countStatement(layout: TableLayout, where: StoreQuery['where']): Statement | undefined {
    const values = new SqlValues();
    const {clauses, isExact} = whereOf(layout, where, values);
    if (!isExact)
        return undefined;
    const odd = [ODD_ROWS, ...idClause(layout, where, values)].join(' AND ');
    return {
        text: `SELECT (SELECT count(*) FROM ${layout.quoted} WHERE ${clauses.map(clause => `(${clause})`).join(' AND ')}), EXISTS (SELECT FROM ${layout.quoted} WHERE ${odd})`,
        values: values.list
    };
}

/** The odd rows that may match. */
export function oddStatement(layout: TableLayout, where: StoreQuery['where']): Statement {
    const values = new SqlValues();
    return {text: `SELECT ${layout.selection} FROM ${layout.quoted} WHERE ${[ODD_ROWS, ...idClause(layout, where, values)].join(' AND ')}`, values: values.list};
}

const ODD_ROWS = `${ODD} IS NOT NULL`;

function whereOf(layout: TableLayout, where: StoreQuery['where'], values: SqlValues): Where {
    const clauses = [`${ODD} IS NULL`, ...idClause(layout, where, values)];
    let isExact = true;
    for (const condition of where) {
        const column = layout.byField.get(condition.field);
        if (column === undefined)
            isExact = false;
        else
            clauses.push(conditionSql(column, condition, values));
    }
    return {clauses, isExact};
}

function idClause({spec}: TableLayout, where: StoreQuery['where'], values: SqlValues): string[] {
    const ids = idsOf(spec, where);
    return ids === undefined ? [] : [`${ID} = ANY(${values.add(textArray(ids.map(toRowId)), 'text[]')})`];
}

/** A part of what follows a cursor: the parts one after the other are the whole of it, each a single range of an index. */
interface Segment {
    readonly clauses: readonly string[];
    readonly orderBy: string;
}

/**
 * Splits "after the row `(x, y)` in the order of `a, b`" into `a = x AND b > y` and then `a > x`. Written with OR, it would make PostgreSQL read all that
 * lies before.
 */
function segmentsBehind(columns: readonly (Column | undefined)[], sort: StoreQuery['sort'], cursor: StoreQuery['cursor'], values: SqlValues): Segment[] {
    const order = columns.map((column, i) => ({column: column as Column, isDescending: sort[i]?.descending === true}));
    const orderBy = (from: number): string => from >= order.length ? '' : ` ORDER BY ${order.slice(from).map(({column, isDescending}) =>
        `${column.order} ${isDescending ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`).join(', ')}`;
    if (cursor === undefined)
        return [{clauses: [], orderBy: orderBy(0)}];
    const valueOf = ({field}: Column): unknown => Object.hasOwn(cursor, field) ? cursor[field] : undefined;
    const segments: Segment[] = [];
    for (let depth = order.length - 1; depth >= 0; depth--) {
        const {column, isDescending} = order[depth] as typeof order[number];
        const before = order.slice(0, depth).map(one => one.column);
        if (before.some(one => !canBeInPlace(one, valueOf(one))))
            continue;
        const clauses = behind(column, valueOf(column), isDescending, values);
        if (clauses.length === 0)
            continue;
        const same = before.map(one => inSamePlace(one, valueOf(one), values));
        segments.push(...clauses.map(clause => ({clauses: [...same, clause], orderBy: orderBy(depth)})));
    }
    return segments;
}
