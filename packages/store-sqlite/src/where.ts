import type {SQLiteValue} from '@woltage/sqlite';
import type {Condition} from 'woltage';
import {isApproximate, KIND_BOUNDS, sortExpression, sortValue, typeExpression, type BoundedKind} from './sortable.ts';

/** Part of a WHERE clause. */
export interface Clause {
    readonly sql: string;
    readonly values: readonly SQLiteValue[];
}

export interface CompiledWhere {
    readonly clauses: readonly Clause[];
    /** Whether the SQL says all that the conditions say; otherwise it lets through too much, and never too little. */
    readonly isExact: boolean;
}

/** A clause, and whether it says all; `undefined` where SQL can't say anything. */
type Compiled = (Clause & {readonly isExact: boolean}) | undefined;

/** SQLite allows 32,766 parameters in a statement. */
const MAX_IN = 8192;

export function compileWhere(where: readonly Condition[]): CompiledWhere {
    const compiled = where.map(condition => compileCondition(condition, where));
    return {
        clauses: compiled.filter(clause => clause !== undefined),
        isExact: compiled.every(clause => clause?.isExact === true)
    };
}

function compileCondition({field, operator, value}: Condition, where: readonly Condition[]): Compiled {
    switch (operator) {
        case 'eq':
            return equals(field, value);
        case 'ne':
            return differs(field, value);
        case 'in':
            return isIn(field, value as readonly unknown[]);
        case 'gt':
            return range(field, '>', value, hasOther(where, field, value, ['lt', 'lte']));
        case 'gte':
            return range(field, '>=', value, hasOther(where, field, value, ['lt', 'lte']));
        case 'lt':
            return range(field, '<', value, hasOther(where, field, value, ['gt', 'gte']));
        case 'lte':
            return range(field, '<=', value, hasOther(where, field, value, ['gt', 'gte']));
    }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !(value instanceof Date);

function equals(field: string, value: unknown): Compiled {
    if (isApproximate(value))
        return undefined;
    const expression = sortExpression(field);
    if (value === undefined || value === null)
        return {sql: `${expression} IS NULL`, values: [], isExact: true};
    return {sql: `${expression} = ?${storedAs(field, value)}`, values: [sortValue(value)], isExact: !isObject(value)};
}

/** A number and a bigint sort alike, but aren't equal. */
function storedAs(field: string, value: unknown): string {
    switch (typeof value) {
        case 'number':
            return ` AND ${typeExpression(field)} IN ('integer', 'real')`;
        case 'bigint':
            return ` AND ${typeExpression(field)} = 'object'`;
        default:
            return '';
    }
}

function differs(field: string, value: unknown): Compiled {
    const equal = equals(field, value);
    return equal?.isExact === true ? {...equal, sql: `(${equal.sql}) IS NOT TRUE`} : undefined;
}

function isIn(field: string, values: readonly unknown[]): Compiled {
    if (values.length === 0)
        return {sql: '0', values: [], isExact: true};
    if (values.length > MAX_IN || values.some(isApproximate))
        return undefined;
    const groups = new Map<string, unknown[]>();
    for (const value of values) {
        const kind = value === undefined || value === null ? 'none' : typeof value === 'number' || typeof value === 'bigint' ? typeof value : 'other';
        groups.set(kind, [...groups.get(kind) ?? [], value]);
    }
    const clauses = Array.from(groups, ([kind, group]): Clause => {
        if (kind === 'none')
            return {sql: `${sortExpression(field)} IS NULL`, values: []};
        const list = padded(group.map(sortValue));
        return {sql: `${sortExpression(field)} IN (${list.map(() => '?').join(', ')})${storedAs(field, group[0])}`, values: list};
    });
    return {
        sql: clauses.map(({sql}) => clauses.length === 1 ? sql : `(${sql})`).join(' OR '),
        values: clauses.flatMap(clause => clause.values),
        isExact: !values.some(isObject)
    };
}

/** Repeats the last value up to a power of two, so that lists of any length share few statements. */
function padded(values: readonly SQLiteValue[]): SQLiteValue[] {
    const length = 2 ** Math.ceil(Math.log2(values.length));
    return Array.from({length}, (_, i) => values[Math.min(i, values.length - 1)] as SQLiteValue);
}

function kindOfBound(value: unknown): BoundedKind {
    return typeof value === 'string' ? 'string' : value instanceof Date ? 'date' : 'number';
}

/** Whether the field is bounded on the other side as well. */
const hasOther = (where: readonly Condition[], field: string, value: unknown, operators: readonly string[]): boolean =>
    where.some(other => other.field === field && operators.includes(other.operator) && !isApproximate(other.value)
        && kindOfBound(other.value) === kindOfBound(value));

/** A range ends where the values' kind ends. That is said only where nothing narrower is, or SQLite may take the wide one for the index. */
function range(field: string, operator: string, value: unknown, isBounded: boolean): Compiled {
    if (isApproximate(value))
        return undefined;
    const expression = sortExpression(field);
    const {from, to} = KIND_BOUNDS[kindOfBound(value)];
    const end = isBounded ? '' : operator.startsWith('>') ? ` AND ${expression} < ${to}` : ` AND ${expression} >= ${from}`;
    return {sql: `${expression} ${operator} ?${end}`, values: [sortValue(value)], isExact: true};
}
