import {quote, statementName} from '@woltage/postgres';
import type {Row, TableSpec} from 'woltage';
import {columnsOf, DECODERS, selection, TYPES, type Column} from './columns.ts';
import {fromJsonText} from './json-text.ts';
import {indexName, physicalName} from './naming.ts';

/** The columns that every table has: the row's id, fields without a column, and fields whose values don't fit into theirs. */
export const ID = '"$id"';
export const MORE = '"$more"';
export const ODD = '"$odd"';

/** In `$more` under the name of a nullable field: it is missing, and not null. */
export const MISSING = false;

type TextRow = readonly (string | null)[];

/** How a scope's table stands in the database. */
export class TableLayout {
    readonly spec: TableSpec;
    /** Not quoted, without schema. */
    readonly name: string;
    /** Quoted, with its schema. */
    readonly quoted: string;
    readonly columns: readonly Column[];
    readonly byField: ReadonlyMap<string, Column>;
    /** All that a row needs: `$odd`, `$more`, then the columns. */
    readonly selection: string;
    /** Names of prepared statements; other layouts of the same table have others. */
    readonly statements: {readonly get: string; readonly remove: string};
    /** Writes rows whose `$more` and `$odd` are empty, or any. */
    readonly upserts: Readonly<Record<'plain' | 'full', {readonly name: string; readonly text: string}>>;

    constructor(schema: string, namespace: string, spec: TableSpec) {
        this.spec = spec;
        this.name = physicalName(namespace, spec.name);
        this.quoted = `${quote(schema)}.${quote(this.name)}`;
        this.columns = columnsOf(spec);
        this.byField = new Map(this.columns.map(column => [column.field, column]));
        this.selection = [ODD, MORE, ...this.columns.map(selection)].join(', ');
        const name = (what: string): string => statementName(what, this.quoted, this.selection);
        this.statements = {get: name('get'), remove: name('remove')};
        this.upserts = {plain: {name: name('set plain'), text: this.#upsert(true)}, full: {name: name('set'), text: this.#upsert(false)}};
    }

    /** The row that was selected by {@link selection}, from a place on. */
    toRow(text: TextRow, start = 0): Row {
        const row: Record<string, unknown> = {};
        for (let i = 0; i < this.columns.length; i++) {
            const {field, kind, isNullable, isOptional} = this.columns[i] as Column;
            const value = text[start + 2 + i];
            if (value !== null && value !== undefined)
                set(row, field, DECODERS[kind](value));
            else if (isNullable && !isOptional)
                set(row, field, null);
        }
        this.#addMore(row, text[start + 1]);
        const odd = text[start];
        if (typeof odd === 'string') {
            for (const [field, value] of Object.entries(fromJsonText(odd) as Row))
                set(row, field, value);
        }
        return row;
    }

    #upsert(isPlain: boolean): string {
        const orders = this.columns.flatMap(({orderName}) => orderName === undefined ? [] : [quote(orderName)]);
        const besides = isPlain ? [] : [MORE, ODD];
        const names = [ID, ...this.columns.map(({quoted}) => quoted), ...orders, ...besides];
        const types = ['text', ...this.columns.map(({kind}) => TYPES[kind]), ...orders.map(() => 'text'), ...besides.map(() => 'jsonb')];
        const updates = [...names.slice(1).map(name => `${name} = excluded.${name}`), ...isPlain ? [`${MORE} = NULL`, `${ODD} = NULL`] : []];
        return `INSERT INTO ${this.quoted} (${names.join(', ')}) SELECT * FROM unnest(${types.map((type, i) => `$${i + 1}::${type}[]`).join(', ')}) `
            + `ON CONFLICT (${ID}) DO UPDATE SET ${updates.join(', ')}`;
    }

    #addMore(row: Record<string, unknown>, more: string | null | undefined): void {
        if (typeof more !== 'string')
            return;
        for (const [field, value] of Object.entries(fromJsonText(more) as Row)) {
            if (value === MISSING && this.byField.has(field))
                delete row[field];
            else
                set(row, field, value);
        }
    }

    /** The names and types of all columns but the id. */
    physicalColumns(): {readonly name: string; readonly type: string}[] {
        return [
            {name: '$more', type: 'jsonb'}, {name: '$odd', type: 'jsonb'}, ...this.columns.map(({name, kind}) => ({name, type: TYPES[kind]})),
            ...this.columns.flatMap(column => column.orderName === undefined ? [] : [{name: column.orderName, type: 'text'}])
        ];
    }

    /** Creates the declared indexes where they are missing. */
    indexStatements(): string[] {
        return this.spec.indexes.map(fields => {
            const expressions = fields.map(field => `${(this.byField.get(field) as Column).order} NULLS FIRST`);
            return `CREATE INDEX IF NOT EXISTS ${quote(indexName(this.name, expressions))} ON ${this.quoted} (${expressions.join(', ')})`;
        });
    }
}

function set(row: Record<string, unknown>, field: string, value: unknown): void {
    if (field === '__proto__')
        Object.defineProperty(row, field, {value, writable: true, enumerable: true, configurable: true});
    else
        row[field] = value;
}

/** A column's type with its order of text. */
export const columnType = (type: string): string => type === 'text' ? 'text COLLATE "C"' : type;
