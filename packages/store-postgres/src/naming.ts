import {createHash} from 'node:crypto';

/**
 * The name of a scope's table in the database: readable, and different for every namespace and table, for example `account_1_accounts_5e1f2a7c`. The table
 * `woltage_tables` lists them.
 */
export function physicalName(namespace: string, table: string): string {
    const readable = `${namespace}_${table}`.toLowerCase().replace(/[^a-z0-9]+/g, '_').slice(0, 36);
    return `${readable}_${shortHash(JSON.stringify([namespace, table]))}`;
}

const MAX_NAME_BYTES = 63;
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/** A field's column has its name, unless PostgreSQL can't give it that. Names of other columns begin with a dollar sign. */
export function columnName(field: string): string {
    const isUsable = field !== '' && !field.startsWith('$') && !/[\0\p{Surrogate}]/u.test(field) && Buffer.byteLength(field) <= MAX_NAME_BYTES && !SYSTEM_COLUMNS.has(field);
    return isUsable ? field : `$field_${shortHash(field)}`;
}

/** The column by which a field is sorted whose values are of several kinds. */
export const orderName = (field: string): string => `$order_${shortHash(field)}`;

/** Indexes go by what they index, so that another definition is another index. */
export const indexName = (physicalTable: string, expressions: readonly string[]): string => `${physicalTable}_${shortHash(expressions.join('\n'))}`;

// JSON, because half a surrogate pair must make a difference.
export const shortHash = (text: string): string => createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, 12);
