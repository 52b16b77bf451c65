import {StaleRecordError} from '../errors/index.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {inBackground} from '../shared/background.ts';

// Taken when the module is loaded: fake timers of a test runner, installed later, must not stop the work.
const {setImmediate: soon} = globalThis;

interface Entry {
    readonly records: readonly RecordWrite[];
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
}

/** Entries of a commit at most. */
const MAX_ENTRIES = 250;
/** Characters of the values of a commit, unless an entry alone has more: databases limit what is written at once. */
const MAX_CHARACTERS = 1_000_000;

/** Commits together what is asked for at the same time, or while a commit is under way. Each entry stands for itself: it is written whole, or fails with an error of its own. */
export class GroupCommit {
    readonly #store: IStore;
    #waiting: Entry[] = [];
    #isBusy = false;

    constructor(store: IStore) {
        this.#store = store;
    }

    /** @throws StaleRecordError when one of the records isn't as expected; whatever becomes of others */
    write(records: readonly RecordWrite[]): Promise<void> {
        return new Promise((resolve, reject) => {
            this.#waiting.push({records, resolve, reject});
            if (this.#isBusy)
                return;
            this.#isBusy = true;
            // What ends in this turn comes along.
            soon(() => inBackground(this.#flush(), error => this.#waiting.splice(0).forEach(entry => entry.reject(error))));
        });
    }

    async #flush(): Promise<void> {
        while (this.#waiting.length > 0)
            await this.#commit(this.#take());
        this.#isBusy = false;
    }

    /** What can be committed together: a record is written once. */
    #take(): Entry[] {
        const keys = new Set<string>();
        const taken: Entry[] = [];
        const left: Entry[] = [];
        let characters = 0;
        for (const entry of this.#waiting) {
            characters += entry.records.reduce((sum, {value}) => sum + (value?.length ?? 0), 0);
            const fits = taken.length < MAX_ENTRIES && (characters <= MAX_CHARACTERS || taken.length === 0) && !entry.records.some(({key}) => keys.has(key));
            (fits ? taken : left).push(entry);
            for (const {key} of entry.records)
                keys.add(key);
        }
        this.#waiting = left;
        return taken;
    }

    async #commit(entries: readonly Entry[]): Promise<void> {
        try {
            await this.#store.commit({records: entries.flatMap(({records}) => records)});
            for (const {resolve} of entries)
                resolve();
        } catch (error) {
            if (error instanceof StaleRecordError && entries.length > 1) {
                const half = Math.ceil(entries.length / 2);
                await this.#commit(entries.slice(0, half));
                await this.#commit(entries.slice(half));
                return;
            }
            for (const {reject} of entries)
                reject(error);
        }
    }
}
