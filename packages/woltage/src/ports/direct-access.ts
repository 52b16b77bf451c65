import type {IStore} from './store.ts';
import type {TableAccess, TableSpec} from './table-access.ts';
import type {Row} from './table-definition.ts';

/** Merges changed fields into a row; `undefined` removes a field. The key fields stay as they are. */
export function mergeRow(spec: TableSpec, row: Row, values: Row): Row {
    const merged: Record<string, unknown> = {...row, ...values};
    for (const field of spec.keyFields)
        merged[field] = row[field];
    return merged;
}

/** Access without a unit of work: every call goes to the store, every write is a commit of its own. */
export function directAccess(store: IStore): TableAccess {
    const get = async (table: TableSpec, id: string): Promise<Row | null> => (await store.getRows(table, [id]))[0] ?? null;
    const write = (table: TableSpec, id: string, row: Row | null): Promise<void> =>
        store.commit({writes: [{table: table.name, id, row}]});
    return {
        get,
        set: write,
        remove: (table, id) => write(table, id, null),
        async update(table, id, values) {
            const row = await get(table, id);
            if (row === null)
                return false;
            await write(table, id, mergeRow(table, row, values));
            return true;
        },
        find: async (table, query) => [...await store.findRows(table, query)],
        count: (table, where) => store.countRows(table, where),
        beforeNative: () => Promise.resolve()
    };
}
