import {createHash} from 'node:crypto';
import {sortExpression} from './sortable.ts';
import {toText} from './text.ts';

/** Quotes an identifier of SQL. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * The name of a scope's table in the database: readable, and different for every namespace and table, for example
 * `account_1_accounts_5e1f2a7c`. The table `woltage_tables` lists them.
 */
export function physicalName(namespace: string, table: string): string {
    const readable = `${namespace}_${table}`.toLowerCase().replace(/[^a-z0-9]+/g, '_').slice(0, 48);
    return `${readable}_${shortHash(`${toText(namespace)}\n${table}`)}`;
}

/** Indexes go by what they index, so that another definition is another index. */
export const indexName = (physicalTable: string, fields: readonly string[]): string =>
    `${physicalTable}_${shortHash(fields.map(sortExpression).join('\n'))}`;

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
