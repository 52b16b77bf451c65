import type {DurableEffect} from '../context/index.ts';
import type {RecordedEvent} from '../events/index.ts';
import type {IStore} from '../ports/index.ts';
import {currentClock} from '../shared/clock.ts';
import {decodeJson, encodeJson} from '../shared/json-codec.ts';
import type {StagedRecords} from './staged-records.ts';

/** An event that a projection couldn't handle and has put aside, or that waits behind such a one of its aggregate. */
export interface DeadLetter {
    /** The event's id; the event itself stays in the event store. */
    readonly eventId: string;
    /** `type@version`, as recorded. */
    readonly eventType: string;
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly revision: bigint;
    readonly position: bigint;
    /** Why it is here; null: it waits behind an earlier event of its aggregate. */
    readonly error: {readonly message: string; readonly code?: string | undefined} | null;
    /** How often it was tried. */
    readonly attempts: number;
    /** When it was put here or last tried, in ms since the Unix epoch. */
    readonly at: number;
}

/** A letter with what is needed to take it up again. */
export interface StoredLetter extends DeadLetter {
    /** Whether its side effects were due when it was put aside. */
    readonly fires: boolean;
    /** Its side effects that have run already. */
    readonly completed: readonly (readonly [key: string, durable: readonly DurableEffect[]])[];
}

const LETTER = 'letter/';
const POSITION_DIGITS = 20;
/** Letters of one slice. Beyond that something is wrong that no dead letters can mend. */
const MAX_LETTERS = 10_000;

const sequenceOf = ({aggregateName, aggregateId}: Pick<RecordedEvent, 'aggregateName' | 'aggregateId'>): string =>
    JSON.stringify([aggregateName, aggregateId]);

/**
 * The dead letters of a slice. They are sequenced: while an event of an aggregate is here, later events of that aggregate wait
 * behind it, so that none is ever handled before one that it may depend on.
 */
export class DeadLetters {
    readonly #prefix: string;
    readonly #staged: StagedRecords;
    /** Letters by sequence: committed, or staged by events before the current one. */
    readonly #counts = new Map<string, number>();
    #undo: string[] = [];
    #total = 0;

    constructor(slice: number, staged: StagedRecords) {
        this.#prefix = `${LETTER}${slice}/`;
        this.#staged = staged;
    }

    get isFull(): boolean {
        return this.#total >= MAX_LETTERS;
    }

    /** Whether the event has to wait behind another one. */
    blocks(record: RecordedEvent): boolean {
        return this.#counts.size > 0 && this.#counts.has(sequenceOf(record));
    }

    async load(store: IStore): Promise<void> {
        this.#counts.clear();
        this.#undo = [];
        this.#total = 0;
        for (const letter of await listLetters(store, this.#prefix))
            this.#count(sequenceOf(letter), 1);
    }

    beginEvent(): void {
        this.#undo = [];
    }

    rollback(): void {
        for (const sequence of this.#undo)
            this.#count(sequence, -1);
        this.#undo = [];
    }

    /** Puts an event aside, with the next commit. */
    add(record: RecordedEvent, rest: Pick<StoredLetter, 'error' | 'attempts' | 'fires' | 'completed'>): void {
        const {id, type, version, aggregateName, aggregateId, revision, position} = record;
        this.write({eventId: id, eventType: `${type}@${version}`, aggregateName, aggregateId, revision, position, at: currentClock().now(), ...rest});
        this.#undo.push(sequenceOf(record));
        this.#count(sequenceOf(record), 1);
    }

    /** Changes a letter, with the next commit. */
    write(letter: StoredLetter): void {
        this.#staged.set(this.#keyOf(letter), encodeJson(letter));
    }

    /** Removes a letter, with the next commit; {@link forget} it when that is done. */
    remove(letter: DeadLetter): void {
        this.#staged.set(this.#keyOf(letter), null);
    }

    forget(letter: DeadLetter): void {
        this.#count(sequenceOf(letter), -1);
    }

    /** The letters of the event's aggregate, in order. */
    async sequence(store: IStore, letter: Pick<DeadLetter, 'aggregateName' | 'aggregateId'>): Promise<readonly StoredLetter[]> {
        return listLetters(store, `${this.#prefix}${sequenceOf(letter)}/`);
    }

    #keyOf(letter: DeadLetter): string {
        return `${this.#prefix}${sequenceOf(letter)}/${letter.position.toString().padStart(POSITION_DIGITS, '0')}`;
    }

    #count(sequence: string, change: number): void {
        const count = (this.#counts.get(sequence) ?? 0) + change;
        this.#total += change;
        if (count > 0)
            this.#counts.set(sequence, count);
        else
            this.#counts.delete(sequence);
    }
}

/** The letters of a projection, an aggregate's in their order, with the slice that each belongs to. */
export async function listLetters(store: IStore, prefix = LETTER): Promise<(StoredLetter & {readonly slice: number})[]> {
    const records = await store.listRecords(prefix);
    return records.map(({key, value}) => ({...decodeJson(value) as StoredLetter, slice: Number.parseInt(key.slice(LETTER.length), 10)}));
}

/** What users see of a letter. */
export function toDeadLetter(letter: StoredLetter): DeadLetter {
    const {eventId, eventType, aggregateName, aggregateId, revision, position, error, attempts, at} = letter;
    return {eventId, eventType, aggregateName, aggregateId, revision, position, error, attempts, at};
}
