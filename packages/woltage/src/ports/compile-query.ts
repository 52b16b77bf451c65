import {BadRequestError} from '../errors/index.ts';
import {encodeValue} from '../shared/json-codec.ts';
import type {Condition, Operator, StoreQuery} from './query.ts';
import type {TableSpec} from './table-access.ts';
import type {Row} from './table-definition.ts';

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
    ['$eq', 'eq'], ['$ne', 'ne'], ['$gt', 'gt'], ['$gte', 'gte'], ['$lt', 'lt'], ['$lte', 'lte'], ['$in', 'in']
]);

const fail = (spec: TableSpec, why: string, code = 'INVALID_QUERY'): BadRequestError =>
    new BadRequestError(`Query on table '${spec.name}': ${why}`, {code});

/** @throws BadRequestError `UNKNOWN_FIELD`, `INVALID_QUERY` or `NOT_ENCODABLE` */
export function compileFilter(spec: TableSpec, filter: object = {}): Condition[] {
    if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
        throw fail(spec, 'a filter is an object of fields, such as {userId: \'1\'}.');
    const conditions: Condition[] = [];
    for (const [field, value] of Object.entries(filter)) {
        checkField(spec, field);
        if (isOperators(value))
            conditions.push(...compileOperators(spec, field, value));
        else
            conditions.push({field, operator: 'eq', value: checkValue(value)});
    }
    return conditions;
}

/** @throws BadRequestError like {@link compileFilter} */
export function compileQuery(
    spec: TableSpec,
    filter: object | undefined,
    options: {sort?: object | undefined; limit?: number | undefined; cursor?: object | undefined} = {}
): StoreQuery {
    const {limit, cursor} = options;
    if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0))
        throw fail(spec, `limit must be a whole number of rows, not ${String(limit)}.`);
    const sort = Object.entries(options.sort ?? {}).map(([field, direction]: [string, unknown]) => {
        checkField(spec, field);
        if (direction !== 'asc' && direction !== 'desc')
            throw fail(spec, `sort by '${field}' must be 'asc' or 'desc'.`);
        return {field, descending: direction === 'desc'};
    });
    for (const field of spec.keyFields) {
        if (!sort.some(s => s.field === field))
            sort.push({field, descending: false});
    }
    checkCursor(spec, cursor);
    return {where: compileFilter(spec, filter), sort, limit, cursor};
}

/** Anything but a row would find its place before all others, and silently give the first page again. */
function checkCursor(spec: TableSpec, cursor: object | undefined): asserts cursor is Row | undefined {
    if (cursor === undefined)
        return;
    const isRow = typeof cursor === 'object' && cursor !== null
        && spec.keyFields.every(field => Object.hasOwn(cursor, field) && (cursor as Row)[field] !== null && (cursor as Row)[field] !== undefined);
    if (!isRow)
        throw fail(spec, `the cursor must be a row with its key (${spec.keyFields.join(', ')}): the last one of the page before.`);
}

function checkField(spec: TableSpec, field: string): void {
    if (spec.fields !== undefined && !spec.fields.has(field))
        throw fail(spec, `'${field}' is not one of its fields (${[...spec.fields].join(', ')}).`, 'UNKNOWN_FIELD');
}

/** Checks that the value can be stored, and so compared. */
function checkValue(value: unknown): unknown {
    if (value !== undefined)
        encodeValue(value);
    return value;
}

function isOperators(value: unknown): value is Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date)
        return false;
    const keys = Object.keys(value);
    return keys.length > 0 && keys.every(key => key.startsWith('$'));
}

function compileOperators(spec: TableSpec, field: string, operators: Record<string, unknown>): Condition[] {
    return Object.entries(operators).filter(([, value]) => value !== undefined).map(([name, value]) => {
        const operator = OPERATORS.get(name);
        if (operator === undefined)
            throw fail(spec, `'${name}' is not an operator (${[...OPERATORS.keys()].join(', ')}).`);
        if (operator === 'in' && !Array.isArray(value))
            throw fail(spec, `$in of '${field}' needs an array.`);
        if (operator !== 'in' && operator !== 'eq' && operator !== 'ne' && !isComparable(value))
            throw fail(spec, `${name} of '${field}' compares strings, numbers, bigints and dates only.`);
        return {field, operator, value: checkValue(value)};
    });
}

const isComparable = (value: unknown): boolean =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || value instanceof Date;
