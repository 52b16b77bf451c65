import {textArray, type Statement} from '@woltage/postgres';
import type {CommitBatch} from 'woltage';
import {RowArrays, toRowId} from './encode-rows.ts';
import {ID, type TableLayout} from './table-layout.ts';

/** More rows go into several statements, so that none of them becomes huge. */
const MAX_ROWS = 4000;

export interface NamedStatement extends Statement {
    readonly name: string;
    readonly values: string[];
}

/** The statements that write rows, table by table. @throws BadRequestError `NOT_ENCODABLE` */
export function rowStatements(writes: NonNullable<CommitBatch['writes']>, layoutOf: (table: string) => TableLayout): NamedStatement[] {
    const tables = new Map<string, {layout: TableLayout; sets: RowArrays[]; removes: string[]}>();
    // In one order for all, so that commits wait for each other rather than get stuck.
    for (const {table: name, id, row} of [...writes].sort((a, b) => compare(a.id, b.id))) {
        let table = tables.get(name);
        if (table === undefined)
            tables.set(name, table = {layout: layoutOf(name), sets: [], removes: []});
        if (row === null) {
            table.removes.push(toRowId(id));
            continue;
        }
        let arrays = table.sets.at(-1);
        if (arrays === undefined || arrays.count >= MAX_ROWS)
            table.sets.push(arrays = new RowArrays(table.layout));
        arrays.add(id, row);
    }
    return [...tables].sort(([a], [b]) => compare(a, b)).flatMap(([, {layout, sets, removes}]) => [
        ...sets.map(arrays => setStatement(layout, arrays)),
        ...removes.length === 0 ? [] : [{
            name: layout.statements.remove, text: `DELETE FROM ${layout.quoted} WHERE ${ID} = ANY($1::text[])`, values: [textArray(removes)]
        }]
    ]);
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

const setStatement = (layout: TableLayout, arrays: RowArrays): NamedStatement =>
    ({...layout.upserts[arrays.isPlain ? 'plain' : 'full'], values: arrays.toValues()});
