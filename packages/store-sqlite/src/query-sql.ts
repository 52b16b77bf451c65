import type {SQLiteValue} from '@woltage/sqlite';
import {BadRequestError, type Condition, type Row, type StoreQuery} from 'woltage';

/** Part of a WHERE clause. */
interface Clause {
    readonly sql: string;
    readonly values: readonly SQLiteValue[];
}

export interface CompiledWhere {
    readonly sql: string;
    readonly values: readonly SQLiteValue[];
    /** Whether the SQL says all that the conditions say; otherwise it lets through too much, and never too little. */
    readonly isExact: boolean;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_IN = 500;

/** The JSON path of a field, as SQL text. */
function path(field: string, tag?: string): string {
     
    if (/["\\\u0000-\u001f]/.test(field))
        throw new BadRequestError(`The field '${field}' can't be searched in SQLite: its name has quotes, backslashes or control characters.`, {code: 'INVALID_QUERY'});
    const label = `$."${field}"${tag === undefined ? '' : `."${tag}"`}`;
    return `'${label.replaceAll('\'', '\'\'')}'`;
}

/**
 * A field's value as something that SQLite can compare: dates are ms, bigints integers. Indexes and queries use this very text,
 * so that SQLite recognises the one in the other.
 */
export function sortExpression(field: string): string {
    return `CASE json_type(data, ${path(field)}) WHEN 'object' THEN coalesce(data ->> ${path(field, '$date')}, `
        + `CAST(data ->> ${path(field, '$bigint')} AS INTEGER)) ELSE data ->> ${path(field)} END`;
}

/** The value that {@link sortExpression} gives for a field that holds `value`; `undefined` where it has none. */
function sortValue(value: unknown): SQLiteValue | undefined {
    switch (typeof value) {
        case 'string':
        case 'number':
            return value;
        case 'bigint':
            return value <= MAX_INT64 && value >= -MAX_INT64 ? value : undefined;
        case 'boolean':
            return value ? 1 : 0;
        default:
            return value instanceof Date ? value.getTime() : undefined;
    }
}

export function compileWhere(where: readonly Condition[]): CompiledWhere {
    const clauses = where.map(compileCondition);
    const known = clauses.filter(clause => clause !== undefined);
    return {
        sql: known.map(({sql}) => `(${sql})`).join(' AND '),
        values: known.flatMap(({values}) => values),
        isExact: known.length === clauses.length
    };
}

/** `undefined` where SQL can't say it. */
function compileCondition({field, operator, value}: Condition): Clause | undefined {
    switch (operator) {
        case 'eq':
            return equals(field, value);
        case 'ne':
            return undefined;
        case 'in':
            return isIn(field, value as readonly unknown[]);
        case 'gt':
            return compare(field, '>', value);
        case 'gte':
            return compare(field, '>=', value);
        case 'lt':
            return compare(field, '<', value);
        case 'lte':
            return compare(field, '<=', value);
    }
}

function equals(field: string, value: unknown): Clause | undefined {
    if (value === undefined || value === null)
        return {sql: `coalesce(json_type(data, ${path(field)}), 'null') = 'null'`, values: []};
    const key = sortValue(value);
    if (key === undefined)
        return undefined;
    const type = typeof value === 'number' ? ' IN (\'integer\', \'real\')' : typeof value === 'string' ? ' = \'text\'' : value === true ? ' = \'true\'' : ' = \'false\'';
    return typeof value === 'bigint' || value instanceof Date
        ? {sql: `${sortExpression(field)} = ? AND json_type(data, ${path(field, typeof value === 'bigint' ? '$bigint' : '$date')}) IS NOT NULL`, values: [key]}
        : {sql: `${sortExpression(field)} = ? AND json_type(data, ${path(field)})${type}`, values: [key]};
}

function isIn(field: string, values: readonly unknown[]): Clause | undefined {
    if (values.length === 0)
        return {sql: '0', values: []};
    const clauses = values.length > MAX_IN ? [undefined] : values.map(value => equals(field, value));
    if (clauses.includes(undefined))
        return undefined;
    return {
        sql: clauses.map(clause => `(${clause?.sql})`).join(' OR '),
        values: clauses.flatMap(clause => clause?.values ?? [])
    };
}

function compare(field: string, operator: string, value: unknown): Clause | undefined {
    const key = sortValue(value);
    if (key === undefined)
        return undefined;
    const isKind = typeof value === 'string'
        ? `json_type(data, ${path(field)}) = 'text'`
        : value instanceof Date
            ? `json_type(data, ${path(field, '$date')}) IS NOT NULL`
            : `(json_type(data, ${path(field)}) IN ('integer', 'real') OR json_type(data, ${path(field, '$bigint')}) IS NOT NULL)`;
    return {sql: `${sortExpression(field)} ${operator} ? AND ${isKind}`, values: [key]};
}

export const compileOrder = (sort: StoreQuery['sort']): string =>
    sort.map(({field, descending}) => `${sortExpression(field)}${descending ? ' DESC' : ''}`).join(', ');

/** Leaves out most of what lies before the cursor, so that an index can jump to it; never too much. */
export function compileCursor(sort: StoreQuery['sort'], cursor: Row | undefined): Clause | undefined {
    const first = sort[0];
    const key = first === undefined || cursor === undefined ? undefined : sortValue(cursor[first.field]);
    if (first === undefined || key === undefined)
        return undefined;
    const expression = sortExpression(first.field);
    return first.descending
        ? {sql: `${expression} <= ? OR ${expression} IS NULL`, values: [key]}
        : {sql: `${expression} >= ?`, values: [key]};
}
