import {plainArray, textArray, toSortableText} from '@woltage/postgres';
import type {Condition} from 'woltage';
import type {Column} from './columns.ts';
import {compared, NEVER, type Comparison} from './compare.ts';
import {toJsonText} from './json-text.ts';
import {sortable} from './sortable.ts';
import type {SqlValues} from './sql-values.ts';
import {EARLIEST_MS, toTimestamp} from './timestamp.ts';

/** A condition as SQL, to the letter, for all rows whose values are in their columns. */
export function conditionSql(column: Column, {operator, value}: Condition, values: SqlValues): string {
    switch (operator) {
        case 'eq':
            return isIn(column, [value], values);
        case 'ne':
            return `(${isIn(column, [value], values)}) IS NOT TRUE`;
        case 'in':
            return isIn(column, value as readonly unknown[], values);
        default:
            return compared(column, COMPARISONS[operator], value, values);
    }
}

const COMPARISONS: Readonly<Record<'gt' | 'gte' | 'lt' | 'lte', Comparison>> = {gt: '>', gte: '>=', lt: '<', lte: '<='};

function isIn(column: Column, list: readonly unknown[], values: SqlValues): string {
    const there = list.filter(value => value !== undefined && value !== null);
    const parts = [
        ...there.length < list.length ? [`${column.quoted} IS NULL`] : [],
        ...there.length > 0 ? equalToOne(column, there, values) : []
    ];
    return parts.length === 0 ? NEVER : parts.join(' OR ');
}

function equalToOne(column: Column, list: readonly unknown[], values: SqlValues): string[] {
    const {quoted, order, kind} = column;
    if (kind === 'json' || kind === 'mixed') {
        const documents = values.add(textArray(list.map(toJsonText)), 'jsonb[]');
        return [kind === 'json' ? `${quoted} = ANY(${documents})` : `(${order} = ANY(${values.add(textArray(list.map(sortable)), 'text[]')}) AND ${quoted} = ANY(${documents}))`];
    }
    const known = list.flatMap(value => scalarOf(kind, value) ?? []);
    if (known.length === 0)
        return [];
    // One value by itself lets the planner know more.
    if (known.length === 1)
        return [`${quoted} = ${values.add(known[0] as string, SCALAR_TYPES[kind])}`];
    return [`${quoted} = ANY(${values.add(kind === 'text' ? textArray(known as string[]) : plainArray(known), `${SCALAR_TYPES[kind]}[]`)})`];
}

type Scalar = 'text' | 'double' | 'bigint' | 'boolean' | 'timestamp';

const SCALAR_TYPES: Readonly<Record<Scalar, string>> = {text: 'text', double: 'float8', bigint: 'bigint', boolean: 'boolean', timestamp: 'timestamptz'};

/** As the column has it; `undefined` for what no such column has. A number is never equal to a bigint. */
const scalarOf = (kind: Scalar, value: unknown): string | number | bigint | boolean | undefined => SCALARS[kind](value);

const SCALARS: Readonly<Record<Scalar, (value: unknown) => string | number | bigint | boolean | undefined>> = {
    text: value => typeof value === 'string' ? toSortableText(value) : undefined,
    double: value => typeof value === 'number' ? value : undefined,
    bigint: value => typeof value === 'bigint' && BigInt.asIntN(64, value) === value ? value : undefined,
    boolean: value => typeof value === 'boolean' ? value : undefined,
    timestamp: value => value instanceof Date && value.getTime() >= EARLIEST_MS ? toTimestamp(value) : undefined
};
