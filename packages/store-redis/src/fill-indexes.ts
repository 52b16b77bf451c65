import {decodeJson, type Row} from 'woltage';
import type {Connection} from './connection.ts';
import type {Contents, Layout} from './contents.ts';
import type {Keys} from './keys.ts';
import {FILL_INDEX} from './scripts.ts';
import {sortableFields} from './sortable.ts';

const ROWS_AT_ONCE = 500;

/**
 * Takes the rows that were there before them into the indexes that are not ready. Who writes meanwhile keeps these indexes already, and
 * what is written is not touched here; so it may be interrupted, repeated, and done by several at once.
 */
export async function fillIndexes(connection: Connection, keys: Keys, contents: Contents, {table, indexes}: Layout): Promise<void> {
    const missing = indexes.filter(({isReady}) => !isReady);
    if (missing.length === 0)
        return;
    let cursor = '0';
    do {
        const page = await connection.scan(keys.rows(table), cursor, ROWS_AT_ONCE);
        const rows = page.entries.map(([id, json]) => ({id, row: decodeJson(json) as Row}));
        for (const {fields} of missing)
            await connection.run(FILL_INDEX, [keys.rows(table), keys.index(table, fields), keys.entries(table, fields)], rows.flatMap(({id, row}) => [id, sortableFields(row, fields)]));
        cursor = page.cursor;
    } while (cursor !== '0');
    for (const {fields} of missing)
        await contents.markReady(table, fields);
}
