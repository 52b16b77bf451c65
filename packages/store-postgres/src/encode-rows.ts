import {createHash} from 'node:crypto';
import {plainArray, textArray, toSortableText} from '@woltage/postgres';
import {BadRequestError, encodeValue, type Row} from 'woltage';
import type {Column} from './columns.ts';
import {toJsonText} from './json-text.ts';
import {sortable} from './sortable.ts';
import {MISSING, type TableLayout} from './table-layout.ts';
import {EARLIEST_MS, toTimestamp} from './timestamp.ts';

const INT64_END = 2n ** 63n;
const MAX_ID_BYTES = 2000;

/** A row's id as the table keeps it: as it is, or the hash of one that is too long for an index. JSON never begins with `#`. */
export const toRowId = (id: string): string =>
    id.length * 3 <= MAX_ID_BYTES || Buffer.byteLength(id) <= MAX_ID_BYTES ? id : `#${createHash('sha256').update(id).digest('hex')}`;

/** Rows to write, turned on their side: one array of PostgreSQL's for each physical column. */
export class RowArrays {
    readonly #layout: TableLayout;
    readonly #ids: string[] = [];
    readonly #more: (string | null)[] = [];
    readonly #odd: (string | null)[] = [];
    readonly #values: (string | number | bigint | boolean | null)[][];
    readonly #orders: (string | null)[][];

    constructor(layout: TableLayout) {
        this.#layout = layout;
        this.#values = layout.columns.map(() => []);
        this.#orders = layout.columns.map(() => []);
    }

    get count(): number {
        return this.#ids.length;
    }

    /** @throws BadRequestError `NOT_ENCODABLE` */
    add(id: string, row: Row): void {
        const {columns} = this.#layout;
        let more: Record<string, unknown> | undefined;
        let odd: Record<string, unknown> | undefined;
        let present = 0;
        for (let i = 0; i < columns.length; i++) {
            const column = columns[i] as Column;
            const {field} = column;
            const value = Object.hasOwn(row, field) ? (present++, row[field]) : undefined;
            const encoded = value === undefined || value === null ? null : encode(column, value);
            if (encoded === undefined)
                (odd ??= bare())[field] = value;
            if ((value === null || value === undefined) && (value === null) !== readsNull(column))
                (more ??= bare())[field] = value === null ? null : MISSING;
            (this.#values[i] as unknown[]).push(encoded ?? null);
            if (column.orderName !== undefined)
                (this.#orders[i] as (string | null)[]).push(encoded === undefined ? null : sortable(value));
        }
        if (present < Object.keys(row).length)
            more = Object.assign(more ?? bare(), this.#others(row));
        this.#ids.push(toRowId(id));
        this.#more.push(more === undefined ? null : jsonOf(more));
        this.#odd.push(odd === undefined ? null : jsonOf(odd));
    }

    /** In the order of the statement: the id, `$more`, `$odd`, the columns, and those to sort by. */
    toValues(): string[] {
        return [
            textArray(this.#ids), textArray(this.#more), textArray(this.#odd),
            ...this.#layout.columns.map(({kind}, i) => kind === 'text' || kind === 'json' || kind === 'mixed' ? textArray(this.#values[i] as string[]) : plainArray(this.#values[i] as string[])),
            ...this.#layout.columns.flatMap(({orderName}, i) => orderName === undefined ? [] : [textArray(this.#orders[i] as string[])])
        ];
    }

    #others(row: Row): Record<string, unknown> {
        const others = bare();
        for (const [field, value] of Object.entries(row)) {
            if (value !== undefined && !this.#layout.byField.has(field))
                others[field] = value;
        }
        return others;
    }
}

/** Without a prototype, so that any name is one like all others. */
const bare = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;

/** `null` where nothing is left. */
const jsonOf = (fields: Record<string, unknown>): string | null => Object.keys(fields).length === 0 ? null : toJsonText(fields);

/** Whether NULL in the column is read as null; otherwise the field is missing. */
const readsNull = ({isNullable, isOptional}: Column): boolean => isNullable && !isOptional;

/** What goes into the column; `undefined` where the value doesn't fit into it. */
function encode(column: Column, value: unknown): string | number | bigint | boolean | undefined {
    switch (column.kind) {
        case 'text':
            return typeof value === 'string' ? fitting(column, toSortableText(value)) : undefined;
        case 'double':
            return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
        case 'bigint':
            return typeof value === 'bigint' ? int64(column, value) : undefined;
        case 'boolean':
            return typeof value === 'boolean' ? value : undefined;
        case 'timestamp':
            return value instanceof Date && value.getTime() >= EARLIEST_MS ? toTimestamp(value) : undefined;
        case 'json':
            return typeof value === 'object' && !(value instanceof Date) ? toField(column, value) : undefined;
        case 'mixed':
            return fitting(column, sortable(value) as string) === undefined ? undefined : toField(column, value);
    }
}

const fitting = ({maxBytes}: Column, text: string): string | undefined => text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes ? text : undefined;

function int64({field}: Column, value: bigint): bigint {
    if (value >= INT64_END || value < -INT64_END)
        throw new BadRequestError(`The value at '${field}' can't be stored: ${value} is beyond the 64 bits of PostgreSQL's bigint.`, {code: 'NOT_ENCODABLE', details: {path: [field]}});
    return value;
}

function toField({field}: Column, value: unknown): string {
    try {
        return toJsonText(value);
    } catch {
        // Once more, with the field's name in the path.
        encodeValue({[field]: value});
        throw new BadRequestError(`The value at '${field}' can't be stored.`, {code: 'NOT_ENCODABLE', details: {path: [field]}});
    }
}
