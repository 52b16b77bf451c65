import {mergeRow, type IStore, type Row, type RowWrite, type StoreQuery, type StoreTransaction, type TableAccess, type TableSpec} from '../ports/index.ts';
import {copyStorable} from '../shared/json-codec.ts';
import {KeyFilter} from './key-filter.ts';
import {countThroughWrites, findThroughWrites} from './pending-query.ts';
import {TableRows} from './table-rows.ts';

export interface UnitOfWorkOptions {
    /** Bound of the row cache, in bytes. */
    readonly cacheBytes: number;
    /** Commits what is pending, because a native call is about to look at the database: where the store has no transactions for native calls. */
    readonly flush: () => Promise<void>;
}

interface TableState {
    readonly rows: TableRows;
    readonly known: KeyFilter | undefined;
    cached: boolean;
}

/** Pending rows of a table that a query looks through at most, before the batch is committed. */
const MAX_PENDING_QUERIED = 128;
const KEY_FILTER_BYTES = 16 * 1024 * 1024;
const DONE = Promise.resolve();

/**
 * The writes of a batch before they are committed, and the rows that the projection knows. Reads see the batch's own writes;
 * many writes to a row become one. The writes of one event can be taken back.
 */
export class UnitOfWork implements TableAccess {
    readonly #store: IStore;
    readonly #options: UnitOfWorkOptions;
    readonly #tables = new Map<string, TableState>();
    #pendingBytes = 0;
    #fromNothing = false;
    #wantsCommit = false;
    /** The building of the declared indexes; `undefined` while they are left for later. */
    #indexing: Promise<void> | undefined;
    #opening: Promise<StoreTransaction> | undefined;
    #transaction: StoreTransaction | undefined;

    constructor(store: IStore, options: UnitOfWorkOptions) {
        this.#store = store;
        this.#options = options;
    }

    /** Roughly what the pending writes occupy, in bytes. */
    get pendingBytes(): number {
        return this.#pendingBytes;
    }

    /** True when queries have become slow because of what is pending. */
    get wantsCommit(): boolean {
        return this.#wantsCommit;
    }

    /** What native calls of this batch have run in: the batch must be committed in it. Writes of the event can't be told from those before it then. */
    get transaction(): StoreTransaction | undefined {
        return this.#transaction;
    }

    /** Takes back what was done in the transaction, and forgets everything; does nothing where there is none. @returns Whether there was one */
    async abandon(): Promise<boolean> {
        const opening = this.#opening;
        if (opening === undefined)
            return false;
        this.#clear(false);
        await opening.then(transaction => transaction.rollback(), () => undefined);
        return true;
    }

    /**
     * Forgets everything.
     *
     * @param fromNothing True in a rebuild from nothing: keys never written here have no row anywhere, and cost no round trip
     */
    reset(fromNothing: boolean): void {
        this.#indexing = fromNothing && this.#store.createBareTables !== undefined ? undefined : DONE;
        this.#clear(fromNothing);
    }

    /** Builds the declared indexes where that was left for later. */
    buildIndexes(): Promise<void> {
        return this.#indexing ??= this.#store.createTables().catch((error: unknown) => {
            this.#indexing = undefined;
            throw error;
        });
    }

    #clear(fromNothing: boolean): void {
        this.#tables.clear();
        this.#pendingBytes = 0;
        this.#wantsCommit = false;
        this.#opening = this.#transaction = undefined;
        this.#fromNothing = fromNothing;
    }

    /** Marks the point that {@link rollback} goes back to. */
    beginEvent(): void {
        for (const {rows} of this.#tables.values())
            rows.beginEvent();
    }

    /** Takes back the writes since {@link beginEvent}. */
    rollback(): void {
        for (const {rows} of this.#tables.values())
            rows.rollback();
    }

    pendingWrites(): RowWrite[] {
        const writes: RowWrite[] = [];
        for (const [table, {rows}] of this.#tables) {
            for (const {id, row} of rows.dirty)
                writes.push({table, id, row});
        }
        return writes;
    }

    /** The pending writes have been committed: from now on they are known rows. */
    markCommitted(): void {
        this.#settle();
        this.#opening = this.#transaction = undefined;
    }

    async get(table: TableSpec, id: string): Promise<Row | null> {
        const {rows, known, cached} = this.#table(table);
        const entry = rows.get(id);
        if (entry !== undefined)
            return copyOf(entry.row);
        if (cached && known !== undefined && !known.mayHave(id))
            return null;
        const row = (await this.#reader.getRows(table, [id]))[0] ?? null;
        // Somebody may have written it while this was reading.
        const written = rows.get(id);
        if (written !== undefined)
            return copyOf(written.row);
        if (cached)
            rows.add(id, row);
        return copyOf(row);
    }

    // Not async: on a hot path every promise counts.
    set(table: TableSpec, id: string, row: Row): Promise<void> {
        this.#write(table, id, copyStorable(row));
        return DONE;
    }

    remove(table: TableSpec, id: string): Promise<void> {
        this.#write(table, id, null);
        return DONE;
    }

    async update(table: TableSpec, id: string, values: Row): Promise<boolean> {
        const row = await this.get(table, id);
        if (row === null)
            return false;
        this.#write(table, id, copyStorable(mergeRow(table, row, values)));
        return true;
    }

    async find(table: TableSpec, query: StoreQuery): Promise<Row[]> {
        await this.buildIndexes();
        return findThroughWrites(this.#reader, table, query, this.#pendingForQuery(table));
    }

    async count(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        await this.buildIndexes();
        return countThroughWrites(this.#reader, table, where, this.#pendingForQuery(table));
    }

    async beforeNative(table: TableSpec): Promise<void> {
        await this.buildIndexes();
        const state = this.#table(table);
        state.cached = false;
        state.rows.drop();
        if (this.#store.begin === undefined)
            return this.#options.flush();
        this.#opening ??= this.#store.begin();
        this.#transaction = await this.#opening;
        const writes = this.pendingWrites();
        if (writes.length === 0)
            return;
        this.#settle();
        await this.#transaction.write(writes);
    }

    /** Within the transaction there is more to see than outside. */
    get #reader(): Pick<IStore, 'getRows' | 'findRows' | 'countRows'> {
        return this.#transaction ?? this.#store;
    }

    #settle(): void {
        for (const {rows, cached} of this.#tables.values())
            rows.settle(cached);
        this.#pendingBytes = 0;
        this.#wantsCommit = false;
    }

    #pendingForQuery(table: TableSpec): ReadonlyMap<string, Row | null> {
        const {dirty} = this.#table(table).rows;
        this.#wantsCommit ||= dirty.length > MAX_PENDING_QUERIED;
        return new Map(dirty.map(({id, row}) => [id, row]));
    }

    #write(table: TableSpec, id: string, row: Row | null): void {
        const {rows, known} = this.#table(table);
        const bytes = rows.write(id, row);
        if (bytes > 0) {
            this.#pendingBytes += bytes;
            known?.add(id);
        }
    }

    #table({name}: TableSpec): TableState {
        return this.#tables.get(name) ?? this.#addTable(name);
    }

    #addTable(name: string): TableState {
        const state: TableState = {
            rows: new TableRows(this.#options.cacheBytes),
            known: this.#fromNothing ? new KeyFilter(KEY_FILTER_BYTES) : undefined,
            cached: true
        };
        this.#tables.set(name, state);
        return state;
    }
}

const copyOf = (row: Row | null): Row | null => row === null ? null : copyStorable(row);
