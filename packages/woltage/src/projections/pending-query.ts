import {compareRows, matches, rowId, type IStore, type Row, type StoreQuery, type TableSpec} from '../ports/index.ts';
import {copyStorable} from '../shared/json-codec.ts';

type Pending = ReadonlyMap<string, Row | null>;

/** Runs a query as if the pending writes were in the store already: its rows that are still valid, and those to come. */
export async function findThroughWrites(store: Pick<IStore, 'findRows'>, table: TableSpec, query: StoreQuery, pending: Pending): Promise<Row[]> {
    if (pending.size === 0)
        return [...await store.findRows(table, query)];
    const {where, limit, cursor} = query;
    // Each pending write can take at most one row off the page.
    const stored = await store.findRows(table, {...query, limit: limit === undefined ? undefined : limit + pending.size});
    const rows = stored.filter(row => !pending.has(rowId(table, row)));
    const order = compareRows(query.sort);
    for (const row of pending.values()) {
        if (row !== null && matches(row, where) && (cursor === undefined || order(row, cursor) > 0))
            rows.push(copyStorable(row));
    }
    rows.sort(order);
    return limit === undefined ? rows : rows.slice(0, limit);
}

/** Counts as if the pending writes were in the store already. */
export async function countThroughWrites(
    store: Pick<IStore, 'countRows' | 'getRows'>, table: TableSpec, where: StoreQuery['where'], pending: Pending
): Promise<number> {
    const stored = await store.countRows(table, where);
    if (pending.size === 0)
        return stored;
    const before = await store.getRows(table, [...pending.keys()]);
    const counted = (rows: Iterable<Row | null | undefined>): number =>
        [...rows].filter(row => row !== null && row !== undefined && matches(row, where)).length;
    return stored - counted(before) + counted(pending.values());
}
