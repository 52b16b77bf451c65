import {createHash} from 'node:crypto';
import {textArray} from '@woltage/postgres';
import type {Row} from 'woltage';
import {ColumnValues, type Fit} from './column-values.ts';
import {toJsonText} from './json-text.ts';
import {MISSING, type TableLayout} from './table-layout.ts';

const MAX_ID_BYTES = 2000;

/** A row's id as the table keeps it: as it is, or the hash of one that is too long for an index. JSON never begins with `#`. */
export const toRowId = (id: string): string =>
    id.length * 3 <= MAX_ID_BYTES || Buffer.byteLength(id) <= MAX_ID_BYTES ? id : `#${createHash('sha256').update(id).digest('hex')}`;

/** Rows to write, turned on their side: one array of PostgreSQL's for each physical column. */
export class RowArrays {
    readonly #layout: TableLayout;
    readonly #columns: readonly ColumnValues[];
    readonly #ids: string[] = [];
    readonly #more: (string | null)[] = [];
    readonly #odd: (string | null)[] = [];
    #isPlain = true;

    constructor(layout: TableLayout) {
        this.#layout = layout;
        this.#columns = layout.columns.map(column => new ColumnValues(column));
    }

    get count(): number {
        return this.#ids.length;
    }

    /** @throws BadRequestError `NOT_ENCODABLE` */
    add(id: string, row: Row): void {
        const besides = new Besides();
        let present = 0;
        for (const column of this.#columns) {
            const {field} = column.column;
            const isPresent = Object.hasOwn(row, field);
            const value = isPresent ? row[field] : undefined;
            present += isPresent ? 1 : 0;
            const fit = column.add(value);
            if (fit !== 'fits')
                besides.add(field, value, fit);
        }
        if (present < Object.keys(row).length)
            this.#addOthers(row, besides);
        const {more, odd} = besides;
        this.#isPlain &&= more === null && odd === null;
        this.#ids.push(toRowId(id));
        this.#more.push(more);
        this.#odd.push(odd);
    }

    /** Whether all that the rows hold is in their columns: then `$more` and `$odd` need no arrays. */
    get isPlain(): boolean {
        return this.#isPlain;
    }

    /** In the order of the statement: the id, the columns, those to sort by, then `$more` and `$odd`. */
    toValues(): string[] {
        return [
            textArray(this.#ids), ...this.#columns.map(({values}) => values), ...this.#columns.flatMap(({orders}) => orders ?? []),
            ...this.#isPlain ? [] : [textArray(this.#more), textArray(this.#odd)]
        ];
    }

    #addOthers(row: Row, besides: Besides): void {
        for (const [field, value] of Object.entries(row)) {
            if (value !== undefined && !this.#layout.byField.has(field))
                besides.addOther(field, value);
        }
    }
}

/** What of a row stands beside its columns. */
class Besides {
    #more: Record<string, unknown> | undefined;
    #odd: Record<string, unknown> | undefined;

    get more(): string | null {
        return this.#more === undefined ? null : toJsonText(this.#more);
    }

    get odd(): string | null {
        return this.#odd === undefined ? null : toJsonText(this.#odd);
    }

    add(field: string, value: unknown, fit: Exclude<Fit, 'fits'>): void {
        if (fit === 'odd')
            (this.#odd ??= bare())[field] = value;
        else
            this.addOther(field, fit === 'null' ? null : MISSING);
    }

    addOther(field: string, value: unknown): void {
        (this.#more ??= bare())[field] = value;
    }
}

/** Without a prototype, so that any name is one like all others. */
const bare = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;
