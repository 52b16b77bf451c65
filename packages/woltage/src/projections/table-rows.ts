import type {Row} from '../ports/index.ts';
import {roughSize} from '../shared/data.ts';

/** A row that is known, or known not to exist. */
export interface RowEntry {
    readonly id: string;
    row: Row | null;
    /** It has been written, and isn't committed. */
    isDirty: boolean;
    /** Roughly, in bytes. */
    size: number;
}

interface Undo {
    readonly entry: RowEntry;
    /** `undefined`: nothing was known. */
    readonly before: Row | null | undefined;
    readonly wasDirty: boolean;
}

const ENTRY_BYTES = 96;

/**
 * The rows of one table that were read or written last, bounded in bytes, and all that are not committed. Two generations: when the young one is full it
 * becomes the old one, and the old one is dropped. That keeps what is used at a fraction of a linked list's cost.
 */
export class TableRows {
    readonly #halfBytes: number;
    #young = new Map<string, RowEntry>();
    #old = new Map<string, RowEntry>();
    #youngBytes = 0;
    #dirty: RowEntry[] = [];
    #undo: Undo[] = [];

    /** @param maxBytes Bound of the committed rows that are kept */
    constructor(maxBytes: number) {
        this.#halfBytes = maxBytes / 2;
    }

    /** What has been written and isn't committed. */
    get dirty(): readonly RowEntry[] {
        return this.#dirty;
    }

    /** `undefined` when nothing is known. */
    get(id: string): RowEntry | undefined {
        const entry = this.#young.get(id);
        if (entry !== undefined)
            return entry;
        const old = this.#old.get(id);
        if (old !== undefined)
            this.#keep(old);
        return old;
    }

    /** Keeps what was read. */
    add(id: string, row: Row | null): void {
        this.#keep({id, row, isDirty: false, size: sizeOf(id, row)});
    }

    /** @returns By how many bytes what is to be committed has grown, roughly */
    write(id: string, row: Row | null): number {
        const entry = this.get(id);
        if (entry === undefined) {
            const added = {id, row, isDirty: true, size: sizeOf(id, row)};
            this.#undo.push({entry: added, before: undefined, wasDirty: false});
            this.#dirty.push(added);
            this.#keep(added);
            return added.size;
        }
        const {isDirty} = entry;
        this.#undo.push({entry, before: replaceRow(entry, row), wasDirty: isDirty});
        if (isDirty)
            return 0;
        entry.isDirty = true;
        this.#dirty.push(entry);
        const size = sizeOf(id, row);
        this.#youngBytes += size - entry.size;
        entry.size = size;
        return size;
    }

    /** Marks the point that {@link rollback} goes back to. */
    beginEvent(): void {
        if (this.#undo.length > 0)
            this.#undo = [];
    }

    rollback(): void {
        for (const {entry, before, wasDirty} of this.#undo.reverse()) {
            if (!wasDirty) {
                entry.isDirty = false;
                // What was written last became dirty last.
                this.#dirty.pop();
            }
            if (before === undefined)
                this.#forget(entry);
            else
                entry.row = before;
        }
        this.#undo = [];
    }

    /** What was written has been committed. @param keep Whether it may be kept as known */
    settle(keep: boolean): void {
        for (const entry of this.#dirty)
            entry.isDirty = false;
        this.#dirty = [];
        this.#undo = [];
        if (!keep)
            this.#clear();
    }

    /** Forgets what is known, but for what isn't committed. */
    drop(): void {
        this.#clear();
        for (const entry of this.#dirty)
            this.#young.set(entry.id, entry);
    }

    #clear(): void {
        this.#young = new Map();
        this.#old = new Map();
        this.#youngBytes = 0;
    }

    #keep(entry: RowEntry): void {
        this.#young.set(entry.id, entry);
        this.#youngBytes += entry.size;
        if (this.#youngBytes <= this.#halfBytes)
            return;
        this.#old = this.#young;
        this.#young = new Map();
        this.#youngBytes = 0;
        for (const dirty of this.#dirty)
            this.#young.set(dirty.id, dirty);
    }

    #forget({id}: RowEntry): void {
        this.#young.delete(id);
        this.#old.delete(id);
    }
}

const sizeOf = (id: string, row: Row | null): number => ENTRY_BYTES + id.length * 2 + roughSize(row);

/** Puts a row into an entry, into the row that is there where the fields allow it: that spares the garbage collector work. @returns The row before */
function replaceRow(entry: RowEntry, row: Row | null): Row | null {
    const known = entry.row;
    if (known === null || row === null || !hasAll(row, known)) {
        entry.row = row;
        return known;
    }
    const before = {...known};
    Object.assign(known, row);
    return before;
}

function hasAll(row: Row, other: Row): boolean {
    for (const field in other) {
        if (!(field in row))
            return false;
    }
    return true;
}
