import type {Filter, FindOptions} from './query.ts';
import type {TableDefinition, TableDefinitionMap, TableEntry, TableKey, TableValues} from './table-definition.ts';

/**
 * A table, the same on every store. What comes back belongs to the caller: changing it changes nothing in the store.
 *
 * @throws BadRequestError `INVALID_KEY` when a key field is missing, `UNKNOWN_FIELD` when a query names a field that the
 * schema doesn't have, `NOT_ENCODABLE` for values that can't be stored
 */
export interface ITable<D extends TableDefinition = TableDefinition> {
    /** The row with this key, or null. */
    get(key: TableKey<D>): Promise<TableEntry<D> | null>;
    /** Writes a whole row, new or not. */
    set(entry: TableEntry<D>): Promise<void>;
    /** Changes some fields of an existing row (`undefined` removes one). Resolves to false, and does nothing, where there is no such row. */
    update(key: TableKey<D>, values: Partial<TableValues<D>>): Promise<boolean>;
    /** Removes the row, where there is one. */
    remove(key: TableKey<D>): Promise<void>;
    /** The rows that match. Fields that are searched often deserve an index in the table's definition. */
    find(filter?: Filter<TableEntry<D>>, options?: FindOptions<TableEntry<D>>): Promise<TableEntry<D>[]>;
    /** The first row that matches, or null. */
    findOne(filter?: Filter<TableEntry<D>>, options?: FindOptions<TableEntry<D>>): Promise<TableEntry<D> | null>;
    /** The number of rows that match. */
    count(filter?: Filter<TableEntry<D>>): Promise<number>;
}

/** The tables of a definition, by name. */
export type TableMap<T extends TableDefinitionMap = TableDefinitionMap> = {readonly [Name in keyof T]: ITable<T[Name]>};
