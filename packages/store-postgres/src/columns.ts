import {fromSortableText, quote} from '@woltage/postgres';
import type {TableSpec} from 'woltage';
import {fromJsonText} from './json-text.ts';
import {columnName, orderName} from './naming.ts';
import {fieldSchemas, kindOfSchema, type FieldKind, type Kind} from './schema-kind.ts';

/** A field that has a column of its own. */
export interface Column extends FieldKind {
    readonly field: string;
    /** Not quoted. */
    readonly name: string;
    readonly quoted: string;
    /** What it is sorted by, as SQL; missing values come first. */
    readonly order: string;
    /** The column beside it that it is sorted by, where its values are of several kinds. Not quoted. */
    readonly orderName: string | undefined;
    /** Longer values don't fit into an index, in bytes. */
    readonly maxBytes: number;
}

export const TYPES: Readonly<Record<Kind, string>> = {
    text: 'text', double: 'double precision', bigint: 'bigint', boolean: 'boolean', timestamp: 'timestamp with time zone', json: 'jsonb', mixed: 'jsonb'
};

/** PostgreSQL allows 1,600 columns; fields beyond these have none. */
const MAX_COLUMNS = 400;
/** What an index entry may hold, with some room to spare. */
const MAX_INDEX_BYTES = 2500;

/** The columns of a table: one for each field that the schemas or the indexes name. */
export function columnsOf({definition, keyFields, fields, indexes}: TableSpec): Column[] {
    const schemas = new Map([...fieldSchemas(definition.schema), ...fieldSchemas(definition.key)]);
    const names = new Set([...keyFields, ...indexes.flat(), ...fields ?? []]);
    return [...names].slice(0, MAX_COLUMNS).map(field => columnOf(field, kindOfSchema(schemas.get(field)), maxBytes(field, indexes)));
}

function columnOf(field: string, kind: FieldKind, bytes: number): Column {
    const name = columnName(field);
    const quoted = quote(name);
    const besides = kind.kind === 'mixed' ? orderName(field) : undefined;
    const order = besides !== undefined ? quote(besides) : kind.kind === 'json' ? `(${quoted} IS NOT NULL)` : quoted;
    return {...kind, field, name, quoted, order, orderName: besides, maxBytes: bytes};
}

const maxBytes = (field: string, indexes: TableSpec['indexes']): number =>
    Math.min(Infinity, ...indexes.filter(index => index.includes(field)).map(({length}) => Math.floor(MAX_INDEX_BYTES / length)));

/** What is selected of a column. */
export const selection = ({kind, quoted}: Column): string => kind === 'timestamp' ? `(extract(epoch FROM ${quoted}) * 1000)::bigint` : quoted;

/** The value of a column, from its text. */
export const DECODERS: Readonly<Record<Kind, (text: string) => unknown>> = {
    text: fromSortableText,
    double: Number,
    bigint: BigInt,
    boolean: text => text === 't',
    timestamp: text => new Date(Number(text)),
    json: fromJsonText,
    mixed: fromJsonText
};
