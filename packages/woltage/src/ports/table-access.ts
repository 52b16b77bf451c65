import type {StoreQuery} from './query.ts';
import type {Row, TableDefinition} from './table-definition.ts';

/** A table definition, looked through once. */
export interface TableSpec {
    readonly name: string;
    readonly definition: TableDefinition;
    /** In the order of the key's schema. */
    readonly keyFields: readonly string[];
    /** All field names, where the schemas tell them; `undefined`: any field may occur. */
    readonly fields: ReadonlySet<string> | undefined;
    readonly indexes: readonly (readonly string[])[];
}

/** How a table's methods reach its rows: straight to the store, or through a projection's unit of work. */
export interface TableAccess {
    get(table: TableSpec, id: string): Promise<Row | null>;
    /** The access keeps no reference to `row`. */
    set(table: TableSpec, id: string, row: Row): Promise<void>;
    update(table: TableSpec, id: string, values: Row): Promise<boolean>;
    remove(table: TableSpec, id: string): Promise<void>;
    find(table: TableSpec, query: StoreQuery): Promise<Row[]>;
    count(table: TableSpec, where: StoreQuery['where']): Promise<number>;
    /**
     * Adapters await this before every native call on a table: what is pending gets written first, and from then on
     * nothing of the table is cached.
     */
    beforeNative(table: TableSpec): Promise<void>;
    /** To be asked after {@link beforeNative}: the `StoreTransaction` of the store that native calls must run in, if there is one. */
    readonly transaction?: object | undefined;
}
