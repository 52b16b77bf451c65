import {encodeJson, type CommitBatch, type Row} from 'woltage';
import {Contents, type Layout} from './contents.ts';
import type {Keys} from './keys.ts';
import {recordArguments} from './records.ts';
import {sortableFields} from './sortable.ts';

/** The writes of a commit to one table. Nothing is written twice: the last write to a row counts. */
export interface TableWrites {
    readonly table: string;
    readonly sets: ReadonlyMap<string, {readonly row: Row; readonly json: string}>;
    readonly removes: ReadonlySet<string>;
}

/** @throws BadRequestError `NOT_ENCODABLE` */
export function writesByTable(writes: NonNullable<CommitBatch['writes']>): TableWrites[] {
    const tables = new Map<string, {sets: Map<string, {row: Row; json: string}>; removes: Set<string>}>();
    for (const {table: name, id, row} of writes) {
        let table = tables.get(name);
        if (table === undefined)
            tables.set(name, table = {sets: new Map(), removes: new Set()});
        if (row === null) {
            table.removes.add(id);
            table.sets.delete(id);
        } else {
            table.sets.set(id, {row, json: encodeJson(row)});
            table.removes.delete(id);
        }
    }
    return Array.from(tables, ([table, {sets, removes}]) => ({table, sets, removes}));
}

/** The keys and arguments of the script `COMMIT`. */
export function commitArguments(
    keys: Keys, records: NonNullable<CommitBatch['records']>, tables: readonly (TableWrites & {readonly layout: Layout})[]
): {readonly keys: string[]; readonly values: string[]} {
    const names = [keys.records, keys.recordKeys, keys.contents];
    const values = [keys.channel, String(records.length), ...records.flatMap(recordArguments), String(tables.length)];
    for (const {table, sets, removes, layout} of tables) {
        names.push(keys.rows(table), ...layout.indexes.flatMap(({fields}) => [keys.index(table, fields), keys.entries(table, fields)]));
        values.push(Contents.fieldOf(table), layout.text, String(layout.indexes.length), String(sets.size), String(removes.size));
        for (const [id, {json}] of sets)
            values.push(id, json);
        for (const id of removes)
            values.push(id);
        for (const {fields} of layout.indexes) {
            for (const {row} of sets.values())
                values.push(sortableFields(row, fields));
        }
    }
    return {keys: names, values};
}
