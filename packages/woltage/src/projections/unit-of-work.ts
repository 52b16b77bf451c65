import {mergeRow, type IStore, type Row, type RowWrite, type StoreQuery, type TableAccess, type TableSpec} from '../ports/index.ts';
import {roughSize} from '../shared/data.ts';
import {copyStorable} from '../shared/json-codec.ts';
import {KeyFilter} from './key-filter.ts';
import {countThroughWrites, findThroughWrites} from './pending-query.ts';
import {RowCache} from './row-cache.ts';

export interface UnitOfWorkOptions {
    /** Bound of the row cache, in bytes. */
    readonly cacheBytes: number;
    /** Writes what is pending, because a native call is about to look at the database. */
    readonly flush: () => Promise<void>;
}

interface TableState {
    readonly pending: Map<string, Row | null>;
    readonly cache: RowCache;
    readonly known: KeyFilter | undefined;
    cached: boolean;
}

interface Undo {
    readonly pending: Map<string, Row | null>;
    readonly id: string;
    readonly before: Row | null | undefined;
}

/** Pending rows of a table that a query looks through at most, before the batch is committed. */
const MAX_PENDING_QUERIED = 128;
const KEY_FILTER_BYTES = 16 * 1024 * 1024;

/**
 * The writes of a batch before they are committed, and the rows that the projection knows. Reads see the batch's own writes;
 * many writes to a row become one. The writes of one event can be taken back.
 */
export class UnitOfWork implements TableAccess {
    readonly #store: IStore;
    readonly #options: UnitOfWorkOptions;
    readonly #tables = new Map<string, TableState>();
    #undo: Undo[] = [];
    #pendingBytes = 0;
    #fromNothing = false;
    #wantsCommit = false;

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

    /**
     * Forgets everything.
     *
     * @param fromNothing True in a rebuild from nothing: keys never written here have no row anywhere, and cost no round trip
     */
    reset(fromNothing: boolean): void {
        this.#tables.clear();
        this.#undo = [];
        this.#pendingBytes = 0;
        this.#wantsCommit = false;
        this.#fromNothing = fromNothing;
    }

    /** Marks the point that {@link rollback} goes back to. */
    beginEvent(): void {
        if (this.#undo.length > 0)
            this.#undo = [];
    }

    /** Takes back the writes since {@link beginEvent}. */
    rollback(): void {
        for (const {pending, id, before} of this.#undo.reverse()) {
            if (before === undefined)
                pending.delete(id);
            else
                pending.set(id, before);
        }
        this.#undo = [];
    }

    pendingWrites(): RowWrite[] {
        const writes: RowWrite[] = [];
        for (const [table, {pending}] of this.#tables) {
            for (const [id, row] of pending)
                writes.push({table, id, row});
        }
        return writes;
    }

    /** The pending writes have been committed: from now on they are known rows. */
    markCommitted(): void {
        for (const {pending, cache, cached} of this.#tables.values()) {
            if (cached) {
                for (const [id, row] of pending)
                    cache.set(id, row);
            }
            pending.clear();
        }
        this.#undo = [];
        this.#pendingBytes = 0;
        this.#wantsCommit = false;
    }

    async get(table: TableSpec, id: string): Promise<Row | null> {
        const state = this.#table(table);
        const {pending, cache, known} = state;
        let row = pending.get(id);
        if (row === undefined && state.cached) {
            row = cache.get(id);
            if (row === undefined && known !== undefined && !known.mayHave(id))
                row = null;
        }
        if (row === undefined) {
            row = (await this.#store.getRows(table, [id]))[0] ?? null;
            if (state.cached)
                cache.set(id, row);
            // Somebody may have written it while this was reading.
            row = pending.get(id) ?? row;
        }
        return row === null ? null : copyStorable(row);
    }

    async set(table: TableSpec, id: string, row: Row): Promise<void> {
        this.#write(table, id, copyStorable(row));
    }

    async remove(table: TableSpec, id: string): Promise<void> {
        this.#write(table, id, null);
    }

    async update(table: TableSpec, id: string, values: Row): Promise<boolean> {
        const row = await this.get(table, id);
        if (row === null)
            return false;
        this.#write(table, id, copyStorable(mergeRow(table, row, values)));
        return true;
    }

    async find(table: TableSpec, query: StoreQuery): Promise<Row[]> {
        return findThroughWrites(this.#store, table, query, this.#pendingForQuery(table));
    }

    async count(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        return countThroughWrites(this.#store, table, where, this.#pendingForQuery(table));
    }

    async beforeNative(table: TableSpec): Promise<void> {
        const state = this.#table(table);
        state.cached = false;
        state.cache.clear();
        await this.#options.flush();
    }

    #pendingForQuery(table: TableSpec): ReadonlyMap<string, Row | null> {
        const {pending} = this.#table(table);
        this.#wantsCommit ||= pending.size > MAX_PENDING_QUERIED;
        return pending;
    }

    #write({name}: TableSpec, id: string, row: Row | null): void {
        const state = this.#tables.get(name) ?? this.#addTable(name);
        const before = state.pending.get(id);
        this.#undo.push({pending: state.pending, id, before});
        state.pending.set(id, row);
        if (before === undefined) {
            this.#pendingBytes += 64 + id.length * 2 + roughSize(row);
            state.known?.add(id);
        }
    }

    #table({name}: TableSpec): TableState {
        return this.#tables.get(name) ?? this.#addTable(name);
    }

    #addTable(name: string): TableState {
        const state: TableState = {
            pending: new Map(),
            cache: new RowCache(this.#options.cacheBytes),
            known: this.#fromNothing ? new KeyFilter(KEY_FILTER_BYTES) : undefined,
            cached: true
        };
        this.#tables.set(name, state);
        return state;
    }
}
