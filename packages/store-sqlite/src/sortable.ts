import type {SQLiteValue} from '@woltage/sqlite';

/*
 * A field as one value that SQLite sorts as `compareValues` does, whatever kinds meet in it:
 *
 *   missing, null    NULL
 *   false, true      -Infinity, and the lowest of all doubles, which no number is given
 *   number, bigint   a REAL, an INTEGER (a REAL beyond 64 bits, for which see `isApproximate`)
 *   Date             text: 'd' and its ms, counted from the earliest date there is
 *   string           text: 's' and the string
 *   object, array    a blob, always the same: they have no order between them
 */
const FALSE = '-9e999';
const TRUE = '-1.7976931348623157e308';
const LOWEST_NUMBER = '-1.7976931348623155e308';
const OBJECT = new Uint8Array([0]);
const DATE_OFFSET = 8_640_000_000_000_000;
const DATE_DIGITS = 17;
const INT64_END = 2n ** 63n;

/** What bounds a kind of values from below (inclusive) and from above (exclusive), as SQL. */
export const KIND_BOUNDS = {
    number: {from: LOWEST_NUMBER, to: '\'\''},
    date: {from: '\'d\'', to: '\'e\''},
    string: {from: '\'s\'', to: '\'t\''}
} as const;

export type BoundedKind = keyof typeof KIND_BOUNDS;

/** The JSON path of a field as SQL text. A JSON string is what SQLite takes for a label, whatever is in it. */
function path(...labels: readonly string[]): string {
    return `'${`$.${labels.map(label => JSON.stringify(label)).join('.')}`.replaceAll('\'', '\'\'')}'`;
}

/** The type of a field's JSON: what it is stored as. */
export const typeExpression = (field: string): string => `json_type(data, ${path(field)})`;

/**
 * The sortable value of a field. Indexes and queries use this very text: that is how SQLite recognises the one in the other, so
 * a change of it gives indexes other names.
 */
export function sortExpression(field: string): string {
    const value = `data ->> ${path(field)}`;
    const date = `data ->> ${path(field, '$date')}`;
    const bigint = `data ->> ${path(field, '$bigint')}`;
    const number = (sql: string): string => `max(${sql}, ${LOWEST_NUMBER})`;
    return `CASE ${typeExpression(field)} WHEN 'text' THEN 's' || (${value}) `
        + `WHEN 'integer' THEN ${number(`CAST(${value} AS REAL)`)} WHEN 'real' THEN ${number(`CAST(${value} AS REAL)`)} `
        + `WHEN 'true' THEN ${TRUE} WHEN 'false' THEN ${FALSE} WHEN 'array' THEN x'00' WHEN 'object' THEN CASE data -> ${path(field)} `
        // The whole text is compared: an object with other fields beside such a one is no date.
        + `WHEN '{"$date":' || (${date}) || '}' THEN printf('d%0${DATE_DIGITS}d', (${date}) + ${DATE_OFFSET}) `
        + `WHEN '{"$bigint":"' || (${bigint}) || '"}' THEN ${number(`CAST(${bigint} AS NUMERIC)`)} ELSE x'00' END END`;
}

/** What {@link sortExpression} gives for a field that holds `value`, where it is exact. */
export function sortValue(value: unknown): SQLiteValue {
    switch (typeof value) {
        case 'string':
            return `s${value}`;
        case 'number':
        case 'bigint':
            return value;
        case 'boolean':
            return value ? -Number.MAX_VALUE : -Infinity;
        default:
            return value === undefined || value === null ? null : value instanceof Date ? dateValue(value) : OBJECT;
    }
}

const dateValue = (date: Date): string => `d${String(BigInt(date.getTime()) + BigInt(DATE_OFFSET)).padStart(DATE_DIGITS, '0')}`;

/**
 * True for values that SQLite can't order to the letter: numbers beyond 64 bits, and text with half a surrogate pair. Queries
 * that meet one are answered in JavaScript.
 */
export function isApproximate(value: unknown): boolean {
    switch (typeof value) {
        case 'number':
            return value >= 2 ** 63 || value <= -(2 ** 63);
        case 'bigint':
            return value >= INT64_END || value <= -INT64_END;
        case 'string':
            return /\p{Surrogate}/u.test(value);
        default:
            return false;
    }
}
