import type {RecordWrite} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';

/** Records that are to be written with the next commit. What one event has staged can be taken back. */
export class StagedRecords {
    #staged = new Map<string, string | null>();
    #undo: (readonly [key: string, before: string | null | undefined])[] = [];

    get isEmpty(): boolean {
        return this.#staged.size === 0;
    }

    /** @param value null removes the record */
    set(key: string, value: string | null): void {
        this.#undo.push([key, this.#staged.get(key)]);
        this.#staged.set(key, value);
    }

    /** What is staged under a key; `undefined` where nothing is. */
    get(key: string): string | null | undefined {
        return this.#staged.get(key);
    }

    /** Marks the point that {@link rollback} goes back to. */
    beginEvent(): void {
        this.#undo = [];
    }

    rollback(): void {
        for (const [key, before] of this.#undo.reverse()) {
            if (before === undefined)
                this.#staged.delete(key);
            else
                this.#staged.set(key, before);
        }
        this.#undo = [];
    }

    /** The writes for a commit. They stay staged until {@link clear}. */
    writes(): RecordWrite[] {
        return Array.from(this.#staged, ([key, value]) => ({key, value, token: uuidV7()}));
    }

    clear(): void {
        this.#staged = new Map();
        this.#undo = [];
    }
}
