import {randomBytes} from 'node:crypto';
import {isWoltageError, UnavailableError, WoltageError} from '../../errors/index.ts';
import {committed} from '../../ports/committed.ts';
import type {IStore, RecordWrite, StoreRecord} from '../../ports/index.ts';
import {uuidV7} from '../../shared/uuid.ts';
import {KEY_BYTES} from './envelope.ts';
import {KeyCache, type SubjectKey} from './key-cache.ts';

/** Changes whenever a subject is forgotten. */
const LAST_FORGOTTEN = 'forgotten';
const INTEGRITY = 'integrity';
const KEY = 'key/';
/** In place of a key. */
const DESTROYED = 'destroyed';
const MAX_CACHED = 10_000;
const MAX_RACES = 20;

/** The keys of the subjects, in records that change by compare-and-set: of processes that make one at the same time, all use the first. */
export class KeyRing {
    readonly #store: IStore;
    readonly #cache = new KeyCache(MAX_CACHED);
    #integrityKey: Uint8Array | undefined;

    /** @param store A scope of its own */
    constructor(store: IStore) {
        this.#store = store;
    }

    /** What makes sealed fields recognisable as untouched. It is never destroyed. @throws UnavailableError `CLOSED` before {@link open} */
    get integrityKey(): Uint8Array {
        if (this.#integrityKey === undefined)
            throw new UnavailableError('The key store is not open.', {code: 'CLOSED'});
        return this.#integrityKey;
    }

    async open(): Promise<void> {
        this.#integrityKey = await reaching(async () => {
            await this.#store.createTables();
            for (; ;) {
                const [record] = await this.#store.getRecords([INTEGRITY]);
                if (record !== undefined)
                    return bytesOf(INTEGRITY, record.value);
                await this.#tryCommit([newRecord(INTEGRITY, randomBytes(KEY_BYTES).toString('base64'))]);
            }
        });
    }

    /** Drops what is cached, also what is being read. */
    clear(): void {
        this.#cache.clear();
    }

    /** What changes whenever a subject is forgotten, by whichever process. */
    lastForgotten(): Promise<string | undefined> {
        return reaching(async () => (await this.#store.getRecords([LAST_FORGOTTEN]))[0]?.token);
    }

    /**
     * The keys of subjects, in one round trip; a subject without one is left out.
     *
     * @throws UnavailableError when the key store can't be reached
     */
    async find(subjects: Iterable<string>): Promise<ReadonlyMap<string, SubjectKey>> {
        const found = new Map<string, SubjectKey>();
        const unknown: string[] = [];
        for (const subject of subjects) {
            const key = this.#cache.get(subject);
            if (key === undefined)
                unknown.push(subject);
            else
                found.set(subject, key);
        }
        if (unknown.length > 0)
            await this.#read(unknown, found);
        return found;
    }

    /**
     * The keys of subjects; those that have none yet get one.
     *
     * @throws UnavailableError when the key store can't be reached
     */
    async findOrCreate(subjects: Iterable<string>): Promise<ReadonlyMap<string, SubjectKey>> {
        const wanted = [...subjects];
        for (let races = 0; races < MAX_RACES; races++) {
            const found = await this.find(wanted);
            const missing = wanted.filter(subject => !found.has(subject));
            if (missing.length === 0)
                return found;
            // What was written is read again: only what the store holds is used.
            await reaching(() => this.#tryCommit(missing.map(subject => newRecord(KEY + subject, randomBytes(KEY_BYTES).toString('base64')))));
        }
        throw new UnavailableError('Others were faster to make keys again and again.', {code: 'KEY_STORE_UNAVAILABLE'});
    }

    /** Destroys a subject's key. What is left keeps it from being made anew. */
    async forget(subject: string): Promise<void> {
        const key = KEY + subject;
        await reaching(async () => {
            for (; ;) {
                const [record] = await this.#store.getRecords([key]);
                if (record?.value === DESTROYED)
                    return;
                const marker = {key, value: DESTROYED, token: uuidV7(), expected: record?.token ?? null};
                if (await this.#tryCommit([marker, {key: LAST_FORGOTTEN, value: String(Date.now()), token: uuidV7()}]))
                    return;
            }
        });
        this.#cache.clear();
    }

    async #read(subjects: readonly string[], found: Map<string, SubjectKey>): Promise<void> {
        const {era} = this.#cache;
        const records: readonly (StoreRecord | undefined)[] = await reaching(() => this.#store.getRecords(subjects.map(subject => KEY + subject)));
        for (const [i, record] of records.entries()) {
            if (record === undefined)
                continue;
            const subject = subjects[i] as string;
            const key = record.value === DESTROYED ? 'forgotten' : bytesOf(KEY + subject, record.value);
            found.set(subject, key);
            this.#cache.add(subject, key, era);
        }
    }

    /** @returns False when somebody else was faster */
    async #tryCommit(records: readonly RecordWrite[]): Promise<boolean> {
        return committed(this.#store.commit({records}));
    }
}

const newRecord = (key: string, value: string): RecordWrite => ({key, value, token: uuidV7(), expected: null});

function bytesOf(record: string, value: string): Uint8Array {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.length !== KEY_BYTES)
        throw new WoltageError(`The record '${record}' of the key store holds no key.`, 500, {code: 'PERSONAL_KEY_MISSING', details: {record}});
    return bytes;
}

/** @throws UnavailableError for whatever goes wrong on the way to the key store */
async function reaching<R>(run: () => Promise<R>): Promise<R> {
    try {
        return await run();
    } catch (error) {
        throw isWoltageError(error) ? error : new UnavailableError(`The key store can't be reached: ${error instanceof Error ? error.message : String(error)}`, {code: 'KEY_STORE_UNAVAILABLE', cause: error});
    }
}
