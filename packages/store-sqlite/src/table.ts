import type {TableSpec} from 'woltage';
import {indexName, physicalName, quote} from './naming.ts';
import {sortExpression} from './sortable.ts';

/** A scope's table in the database, and the statements for its rows. */
export interface PhysicalTable {
    readonly name: string;
    /** The name, quoted. */
    readonly quoted: string;
    readonly select: string;
    readonly upsert: string;
    readonly remove: string;
}

export function physicalTable(namespace: string, table: string): PhysicalTable {
    const name = physicalName(namespace, table);
    const quoted = quote(name);
    return {
        name,
        quoted,
        select: `SELECT data FROM ${quoted} WHERE id = ?`,
        upsert: `INSERT INTO ${quoted} (id, data) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data`,
        remove: `DELETE FROM ${quoted} WHERE id = ?`
    };
}

/** Creates a table and its indexes where they are missing. */
export function creationSql({name, quoted}: PhysicalTable, {indexes}: TableSpec): string {
    return [
        `CREATE TABLE IF NOT EXISTS ${quoted} (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID`,
        ...indexes.map(fields => `CREATE INDEX IF NOT EXISTS ${quote(indexName(name, fields))} ON ${quoted} (${fields.map(sortExpression).join(', ')})`)
    ].join(';\n');
}
