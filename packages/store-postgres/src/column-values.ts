import {quoteElement, toSortableText} from '@woltage/postgres';
import {BadRequestError, encodeValue} from 'woltage';
import type {Column} from './columns.ts';
import {toJsonText} from './json-text.ts';
import type {Kind} from './schema-kind.ts';
import {sortable} from './sortable.ts';
import {EARLIEST_MS, toTimestamp} from './timestamp.ts';

const INT64_END = 2n ** 63n;

/** How a value went into its column: all of it, as the NULL that is read as something else, or not at all. */
export type Fit = 'fits' | 'null' | 'missing' | 'odd';

/** The values of one column, row by row, as an array of PostgreSQL's: made as text at once, which spares gathering them first. */
export class ColumnValues {
    readonly column: Column;
    readonly #encode: (column: Column, value: unknown) => string | undefined;
    readonly #readsNull: boolean;
    #values = '';
    #orders = '';

    constructor(column: Column) {
        this.column = column;
        this.#encode = ENCODERS[column.kind];
        this.#readsNull = column.isNullable && !column.isOptional;
    }

    /** @throws BadRequestError `NOT_ENCODABLE` */
    add(value: unknown): Fit {
        if (value === undefined || value === null) {
            this.#push('NULL', null);
            return (value === null) === this.#readsNull ? 'fits' : value === null ? 'null' : 'missing';
        }
        const encoded = this.#encode(this.column, value);
        this.#push(encoded ?? 'NULL', encoded === undefined ? null : value);
        return encoded === undefined ? 'odd' : 'fits';
    }

    get values(): string {
        return `{${this.#values.slice(1)}}`;
    }

    /** What the rows are sorted by, where that is another column. */
    get orders(): string | undefined {
        return this.column.orderName === undefined ? undefined : `{${this.#orders.slice(1)}}`;
    }

    #push(element: string, value: unknown): void {
        this.#values += `,${element}`;
        if (this.column.orderName === undefined)
            return;
        const order = sortable(value);
        this.#orders += order === null ? ',NULL' : `,${quoteElement(order)}`;
    }
}

/** A value as an element of an array; `undefined` where it doesn't fit into the column. */
const ENCODERS: Readonly<Record<Kind, (column: Column, value: unknown) => string | undefined>> = {
    text(column, value) {
        if (typeof value !== 'string')
            return undefined;
        const text = toSortableText(value);
        return fits(column, text) ? quoteElement(text) : undefined;
    },
    double: (_, value) => typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined,
    bigint: ({field}, value) => typeof value === 'bigint' ? int64(field, value) : undefined,
    boolean: (_, value) => typeof value === 'boolean' ? String(value) : undefined,
    timestamp: (_, value) => value instanceof Date && value.getTime() >= EARLIEST_MS ? toTimestamp(value) : undefined,
    json: ({field}, value) => typeof value === 'object' && !(value instanceof Date) ? quoteElement(toField(field, value)) : undefined,
    mixed: (column, value) => fits(column, sortable(value) as string) ? quoteElement(toField(column.field, value)) : undefined
};

const fits = ({maxBytes}: Column, text: string): boolean => text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;

function int64(field: string, value: bigint): string {
    if (value >= INT64_END || value < -INT64_END)
        throw new BadRequestError(`The value at '${field}' can't be stored: ${value} is beyond the 64 bits of PostgreSQL's bigint.`, {code: 'NOT_ENCODABLE', details: {path: [field]}});
    return String(value);
}

function toField(field: string, value: unknown): string {
    try {
        return toJsonText(value);
    } catch (error) {
        // Once more, with the field's name in the path.
        encodeValue({[field]: value});
        throw error;
    }
}
