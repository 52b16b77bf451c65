import {StaleRecordError, UnavailableError} from '../errors/index.ts';
import {
    compareRows, compileTables, directAccess, matches, PortableTable, type CommitBatch, type IStore, type ListRecordsOptions, type Row, type ScopeOptions,
    type StoreQuery, type StoreRecord, type TableDefinitionMap, type TableMap, type TableSpec
} from '../ports/index.ts';
import {copyStorable} from '../shared/json-codec.ts';
import {SortedRecords} from './sorted-records.ts';

interface ScopeData {
    readonly tables: Map<string, Map<string, Row>>;
    readonly records: SortedRecords;
}

/** What a {@link MemoryStore} holds; hand it to a second one to simulate a restart or a second process. */
export class MemoryStoreData {
    /** @internal */
    readonly scopes = new Map<string, ScopeData>();
    /** @internal */
    readonly listeners = new Set<{readonly namespace: string; readonly listener: () => void}>();
}

/** A store in memory: for tests, and for trying things out. Nothing survives the process. */
export class MemoryStore<T extends TableDefinitionMap = TableDefinitionMap> implements IStore<T> {
    readonly tables: TableMap<T>;
    readonly #data: MemoryStoreData;
    readonly #namespace: string;
    readonly #connection: {open: boolean};

    constructor(data: MemoryStoreData = new MemoryStoreData(), scope?: {readonly options: ScopeOptions<T>; readonly connection: {open: boolean}}) {
        this.#data = data;
        this.#namespace = scope?.options.namespace ?? '';
        this.#connection = scope?.connection ?? {open: false};
        const specs = compileTables(scope?.options.tables ?? {}, `'${this.#namespace}'`);
        const access = scope?.options.access?.(this) ?? directAccess(this);
        this.tables = Object.fromEntries(Array.from(specs, ([name, spec]) => [name, new PortableTable(spec, access)])) as unknown as TableMap<T>;
    }

    async connect(): Promise<void> {
        this.#connection.open = true;
    }

    async close(): Promise<void> {
        this.#connection.open = false;
    }

    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): MemoryStore<S> {
        return new MemoryStore<S>(this.#data, {options, connection: this.#connection});
    }

    async createTables(): Promise<void> {
        this.#scope();
    }

    async dropTables(): Promise<void> {
        this.#scope();
        this.#data.scopes.delete(this.#namespace);
    }

    async getRows({name}: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        const table = this.#scope().tables.get(name);
        return ids.map(id => {
            const row = table?.get(id);
            return row === undefined ? undefined : copyStorable(row);
        });
    }

    async findRows({name}: TableSpec, {where, sort, limit, cursor}: StoreQuery): Promise<readonly Row[]> {
        const order = compareRows(sort);
        const rows = [...this.#scope().tables.get(name)?.values() ?? []]
            .filter(row => matches(row, where) && (cursor === undefined || order(row, cursor) > 0))
            .sort(order);
        return copyStorable(limit === undefined ? rows : rows.slice(0, limit));
    }

    async countRows({name}: TableSpec, where: StoreQuery['where']): Promise<number> {
        return [...this.#scope().tables.get(name)?.values() ?? []].filter(row => matches(row, where)).length;
    }

    async getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        const {records} = this.#scope();
        return keys.map(key => copyOf(records.get(key)));
    }

    async listRecords(prefix: string, options: ListRecordsOptions = {}): Promise<readonly (StoreRecord & {readonly key: string})[]> {
        return this.#scope().records.list(prefix, options);
    }

    async watchRecords(listener: () => void): Promise<() => void> {
        const {listeners} = this.#data;
        const watch = {namespace: this.#namespace, listener};
        listeners.add(watch);
        return () => void listeners.delete(watch);
    }

    async commit({writes = [], records = []}: CommitBatch): Promise<void> {
        const scope = this.#scope();
        for (const {key, expected} of records) {
            if (expected !== undefined && (scope.records.get(key)?.token ?? null) !== expected)
                throw new StaleRecordError(`Record '${key}' was changed by somebody else.`, {details: {key}});
        }
        const copies = writes.map(({row}) => row === null ? null : copyStorable(row));
        writes.forEach(({table, id}, index) => {
            const rows = scope.tables.get(table) ?? new Map<string, Row>();
            scope.tables.set(table, rows);
            const row = copies[index];
            if (row === null || row === undefined)
                rows.delete(id);
            else
                rows.set(id, row);
        });
        for (const {key, value, token} of records) {
            if (value === null)
                scope.records.delete(key);
            else
                scope.records.set(key, {value, token});
        }
        if (records.length > 0)
            this.#tellListeners();
    }

    #tellListeners(): void {
        for (const {namespace, listener} of this.#data.listeners) {
            if (namespace === this.#namespace)
                queueMicrotask(listener);
        }
    }

    #scope(): ScopeData {
        if (!this.#connection.open)
            throw new UnavailableError('The store is not connected.', {code: 'CLOSED'});
        let scope = this.#data.scopes.get(this.#namespace);
        if (scope === undefined)
            this.#data.scopes.set(this.#namespace, scope = {tables: new Map(), records: new SortedRecords()});
        return scope;
    }
}

const copyOf = (record: StoreRecord | undefined): StoreRecord | undefined => record && {...record};
