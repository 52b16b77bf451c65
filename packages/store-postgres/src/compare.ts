import {toSortableText} from '@woltage/postgres';
import {kindOf} from 'woltage';
import type {Column} from './columns.ts';
import {kindText, nextKindText, sortable} from './sortable.ts';
import {SqlValues} from './sql-values.ts';
import {EARLIEST_MS, toTimestamp} from './timestamp.ts';

/*
 * How the values of a column stand to a value of any kind, as `compareValues` defines it. Values of a column are of one kind, but for those of a mixed
 * one; what doesn't fit into its column is not looked at here.
 */

export type Comparison = '>' | '>=' | '<' | '<=';

export const NEVER = 'false';
const isThere = ({quoted}: Column): string => `${quoted} IS NOT NULL`;
const isMissing = ({quoted}: Column): string => `${quoted} IS NULL`;

/** What a place in the order is, in a column: exactly at a value, or between two. */
type Point = {readonly value: Scalar; readonly type: string; readonly isExact: boolean} | 'before all' | 'behind all';
type Scalar = string | number | bigint | boolean;

const at = (value: Scalar, type: string): Point => ({value, type, isExact: true});
const below = (value: Scalar, type: string): Point => ({value, type, isExact: false});

const INT64_END = 2n ** 63n;

/** Where a value stands among those of a column that has one kind; `undefined` where the kinds differ. */
const pointOf = ({kind}: Column, value: unknown): Point | undefined => POINTS[kind](value);

const POINTS: Readonly<Record<Column['kind'], (value: unknown) => Point | undefined>> = {
    text: value => typeof value === 'string' ? at(toSortableText(value), 'text') : undefined,
    double: value => typeof value === 'number' ? at(value, 'float8') : typeof value === 'bigint' ? amongDoubles(value) : undefined,
    bigint: value => typeof value === 'bigint' ? amongBigints(value, true)
        : typeof value === 'number' ? amongBigints(BigInt(Math.ceil(value)), Number.isInteger(value)) : undefined,
    boolean: value => typeof value === 'boolean' ? at(value, 'boolean') : undefined,
    timestamp: value => !(value instanceof Date) ? undefined : value.getTime() < EARLIEST_MS ? 'before all' : at(toTimestamp(value), 'timestamptz'),
    json: () => undefined,
    mixed: () => undefined
};

function amongDoubles(value: bigint): Point {
    const nearest = Number(value);
    if (!Number.isFinite(nearest))
        return value < 0n ? 'before all' : 'behind all';
    const rest = value - BigInt(nearest);
    if (rest === 0n)
        return at(nearest, 'float8');
    // The value stands right below the double that comes next.
    return below(rest < 0n ? nearest : nextUp(nearest), 'float8');
}

/** @param isExact Whether it is that integer itself, or something below it */
function amongBigints(value: bigint, isExact: boolean): Point {
    if (value < -INT64_END)
        return 'before all';
    if (value >= INT64_END)
        return 'behind all';
    return isExact ? at(value, 'bigint') : below(value, 'bigint');
}

const view = new DataView(new ArrayBuffer(8));

function nextUp(value: number): number {
    view.setFloat64(0, value);
    const bits = view.getBigInt64(0);
    view.setBigInt64(0, value > 0 ? bits + 1n : bits - 1n);
    return view.getFloat64(0);
}

/** The rows whose value is of the kind of `value`, and stands so to it. */
export function compared(column: Column, operator: Comparison, value: unknown, values: SqlValues): string {
    if (column.kind === 'mixed') {
        const bound = operator.startsWith('>') ? `${column.order} < ${values.add(nextKindText(value), 'text')}` : `${column.order} >= ${values.add(kindText(value), 'text')}`;
        return `${column.order} ${operator} ${values.add(sortable(value), 'text')} AND ${bound}`;
    }
    const point = pointOf(column, value);
    return point === undefined ? NEVER : comparedToPoint(column, operator, point, values);
}

function comparedToPoint(column: Column, operator: Comparison, point: Point, values: SqlValues): string {
    if (point === 'before all' || point === 'behind all')
        return operator.startsWith('>') === (point === 'before all') ? isThere(column) : NEVER;
    const value = values.add(point.value, point.type);
    if (point.isExact)
        return `${column.quoted} ${operator} ${value}`;
    return `${column.quoted} ${operator.startsWith('>') ? '>=' : '<'} ${value}`;
}

/** The rows whose value comes neither before nor behind `value` in the order. */
export function inSamePlace(column: Column, value: unknown, values: SqlValues): string {
    if (value === undefined || value === null)
        return isMissing(column);
    if (column.kind === 'mixed')
        return `${column.order} = ${values.add(sortable(value), 'text')}`;
    if (column.kind === 'json')
        return kindOf(value) === 'other' ? isThere(column) : NEVER;
    const point = pointOf(column, value);
    return point !== undefined && typeof point === 'object' && point.isExact ? `${column.quoted} = ${values.add(point.value, point.type)}` : NEVER;
}

/** Whether there can be such rows at all. */
export const canBeInPlace = (column: Column, value: unknown): boolean => inSamePlace(column, value, new SqlValues()) !== NEVER;

/** The rows whose value comes behind `value` in the order: each part is a range of its own, and they follow each other. */
export function behind(column: Column, value: unknown, isDescending: boolean, values: SqlValues): string[] {
    const isNone = value === undefined || value === null;
    if (isDescending)
        return isNone ? [] : [...greaterOrLess(column, '<', value, values), isMissing(column)];
    return isNone ? [isThere(column)] : greaterOrLess(column, '>', value, values);
}

function greaterOrLess(column: Column, operator: '<' | '>', value: unknown, values: SqlValues): string[] {
    if (column.kind === 'mixed')
        return [`${column.order} ${operator} ${values.add(sortable(value), 'text')}`];
    const point = pointOf(column, value);
    const sql = point === undefined ? otherKind(column, operator, value) : comparedToPoint(column, operator, point, values);
    return sql === NEVER ? [] : [sql];
}

const RANKS = {boolean: 1, double: 2, bigint: 2, timestamp: 3, text: 4, json: 5} as const;
const RANK_OF_KIND = {none: 0, boolean: 1, number: 2, date: 3, string: 4, other: 5} as const;

/** All values of a column stand on one side of a value of another kind. */
function otherKind(column: Column, operator: '<' | '>', value: unknown): string {
    const difference = RANKS[column.kind as keyof typeof RANKS] - RANK_OF_KIND[kindOf(value)];
    return (operator === '>' ? difference > 0 : difference < 0) ? isThere(column) : NEVER;
}
