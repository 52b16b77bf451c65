import type {IStore, RecordWrite} from '../../ports/index.ts';
import {decodeJson, encodeJson} from '../../shared/json-codec.ts';
import {Mutex} from '../../shared/mutex.ts';
import {uuidV7} from '../../shared/uuid.ts';
import type {GroupCommit} from '../../tasks/index.ts';
import type {KeptOutcome} from '../command-traces.ts';

/** A command or decision that a run of an action has begun. */
export interface JournalEntry {
    /** Of the command or decision. */
    readonly name: string;
    /** The aggregate's id, or what stands for the input of a decision. */
    readonly target: string;
    /** The how manieth call of the handler it was, from 0. */
    readonly place: number;
    /** Stands for the payload. */
    readonly payload?: string | undefined;
    /** When it was begun, in ms since the Unix epoch. */
    readonly at: number;
    /** The event store's end before it began, where it can't be found in a stream. */
    readonly head?: string | undefined;
    /** What it did; left out while that isn't known. */
    readonly kept?: KeptOutcome | undefined;
}

/** Where journals are kept. */
export interface JournalPlace {
    readonly store: IStore;
    /** Writes what many runs have begun together. */
    readonly commits: GroupCommit;
}

const digits = (n: number): string => n.toString().padStart(6, '0');

/**
 * What the runs of one task have begun: written down before it is done, so that a repetition knows what to look for. Whoever is late can't write: each entry must be new.
 */
export class Journal {
    readonly #place: JournalPlace | undefined;
    readonly #isNew: boolean;
    readonly #taskId: string;
    readonly #entries = new Map<number, JournalEntry>();
    #next = 0;
    readonly #matched = new Set<number>();
    readonly #writes = new Mutex();
    /** Entries whose outcome is known and not written yet. */
    readonly #unwritten = new Set<number>();
    #loading: Promise<void> | undefined;
    #known = 0;

    /** @param place Where it is kept; `undefined`: nowhere, for runs that nobody repeats @param isNew Whether it is certain that no earlier run has begun anything */
    constructor(place: JournalPlace | undefined, taskId: string, isNew = false) {
        this.#place = place;
        this.#taskId = taskId;
        this.#isNew = isNew;
    }

    /** Loads what earlier runs have begun; once. */
    load(): Promise<void> {
        return this.#loading ??= this.#load();
    }

    entry(index: number): JournalEntry | undefined {
        return this.#entries.get(index);
    }

    /** Whether an earlier run has begun it. */
    isOld(index: number): boolean {
        return index < this.#known;
    }

    /** The first entry of an earlier run for the same thing that has not been asked for in this run: one with the same payload, if there is any, for calls that are made at once may come in another order. */
    match({name, target, payload}: Pick<JournalEntry, 'name' | 'target' | 'payload'>): number | undefined {
        const candidates = this.#free(entry => entry.name === name && entry.target === target);
        const index = candidates.find(candidate => this.#entries.get(candidate)?.payload === payload) ?? candidates[0];
        return index === undefined ? undefined : this.take(index);
    }

    /** The entries of earlier runs for the same call of the handler, with the same payload, that nobody has asked for in this run. */
    free({name, place, payload}: Pick<JournalEntry, 'name' | 'place' | 'payload'>): readonly number[] {
        return this.#free(entry => entry.name === name && entry.place === place && entry.payload === payload);
    }

    #free(fits: (entry: JournalEntry) => boolean): readonly number[] {
        return Array.from(this.#entries).flatMap(([i, entry]) => this.isOld(i) && !this.#matched.has(i) && fits(entry) ? [i] : []);
    }

    take(index: number): number {
        this.#matched.add(index);
        return index;
    }

    /** Writes down that something begins. @throws StaleRecordError when another run of the task is further */
    async begin(entry: JournalEntry): Promise<number> {
        const index = this.#next++;
        this.#entries.set(index, entry);
        await this.#writes.run(async () => {
            const outcomes = [...this.#unwritten];
            this.#unwritten.clear();
            await this.#place?.commits.write([this.#write(index, null), ...outcomes.map(i => this.#write(i))]);
        });
        return index;
    }

    /** Notes an outcome. It is written with the next beginning: until then it would be found by its events. */
    finish(index: number, kept: KeptOutcome): void {
        this.#entries.set(index, {...this.#entries.get(index) as JournalEntry, kept});
        this.#unwritten.add(index);
    }

    /** Writes down what is known, before another attempt. */
    async flush(): Promise<void> {
        await this.#writes.run(async () => {
            const outcomes = [...this.#unwritten];
            this.#unwritten.clear();
            if (outcomes.length > 0)
                await this.#place?.commits.write(outcomes.map(i => this.#write(i)));
        });
    }

    /** Removes it, and those of the same task's final failures. */
    async removal(): Promise<readonly RecordWrite[]> {
        const keys = this.#isNew ? Array.from(this.#entries.keys(), i => this.#key(i)) : (await this.#place?.store.listRecords(`journal/${this.#taskId}`) ?? []).map(({key}) => key);
        return keys.map(key => ({key, value: null, token: uuidV7()}));
    }

    async #load(): Promise<void> {
        const records = this.#isNew ? [] : await this.#place?.store.listRecords(`journal/${this.#taskId}/`) ?? [];
        // What could not be written has left a gap.
        for (const {key, value} of records) {
            const index = Number(key.slice(key.lastIndexOf('/') + 1));
            this.#entries.set(index, decodeJson(value) as JournalEntry);
            this.#next = this.#known = index + 1;
        }
    }

    #write(index: number, expected?: null): RecordWrite {
        return {key: this.#key(index), value: encodeJson(this.#entries.get(index)), token: uuidV7(), expected};
    }

    #key(index: number): string {
        return `journal/${this.#taskId}/${digits(index)}`;
    }
}
