import {StaleRecordError} from '../errors/index.ts';
import type {IStore, RecordWrite, StoreRecord} from '../ports/index.ts';
import {delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import {uuidV7} from '../shared/uuid.ts';

/** How often changes of other processes are looked for, in ms: while something is being waited for, and else. */
const EAGER_POLL_MS = 25;
const POLL_MS = 250;
/** Where the store pushes, looking is a precaution. */
const PUSHED_POLL_MS = 2000;
const MAX_POLL_MS = 5000;

type Listener = () => void;

/**
 * The records that all processes share, in the internal store: which projections there are, which versions are active, what
 * processes ask of each other. Each is changed by compare-and-set. A copy is kept here, which is this process's own writes at once
 * and other processes' within {@link POLL_MS}.
 */
export class Registry {
    readonly #store: IStore;
    readonly #log: Logger;
    readonly #listeners = new Set<Listener>();
    #records = new Map<string, StoreRecord>();
    #abort = new AbortController();
    #polling: Promise<void> = Promise.resolve();
    #refreshing: Promise<void> | undefined;
    #eager = 0;
    #wake = new AbortController();
    #writes = 0;

    constructor(store: IStore, log: Logger) {
        this.#store = store;
        this.#log = log;
    }

    /** Reads everything, and goes on looking for changes until {@link close}. */
    async open(): Promise<void> {
        this.#abort = new AbortController();
        const unwatch = await this.#store.watchRecords?.(() => this.#wake.abort());
        await this.refresh();
        this.#polling = this.#poll(this.#abort.signal, unwatch !== undefined).finally(() => unwatch?.());
    }

    async close(): Promise<void> {
        this.#abort.abort();
        await this.#polling;
    }

    get isClosed(): boolean {
        return this.#abort.signal.aborted;
    }

    get(key: string): StoreRecord | undefined {
        return this.#records.get(key);
    }

    /** The records whose keys start with the prefix. */
    list(prefix: string): readonly (readonly [key: string, record: StoreRecord])[] {
        return [...this.#records].filter(([key]) => key.startsWith(prefix));
    }

    /** @returns A function that ends it */
    onChange(listener: Listener): () => void {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
    }

    /** Brings the copy up to date. */
    async refresh(): Promise<void> {
        // A read that is under way may have begun too early to see what the caller wants to see.
        await this.#refreshing?.catch(() => undefined);
        this.#refreshing ??= this.#read().finally(() => this.#refreshing = undefined);
        await this.#refreshing;
    }

    /**
     * Writes records together; `null` removes one. Each must be as it is in the copy.
     *
     * @throws StaleRecordError when another process has changed one of them; the copy is up to date then
     */
    async write(changes: Readonly<Record<string, string | null>>): Promise<void> {
        const records = Object.entries(changes).map(([key, value]): RecordWrite =>
            ({key, value, token: uuidV7(), expected: this.#records.get(key)?.token ?? null}));
        try {
            await this.#store.commit({records});
        } catch (error) {
            if (error instanceof StaleRecordError)
                await this.refresh();
            throw error;
        }
        this.#writes++;
        const copy = new Map(this.#records);
        for (const {key, value, token} of records) {
            if (value === null)
                copy.delete(key);
            else
                copy.set(key, {value, token});
        }
        this.#replace(copy);
    }

    /** Resolves when the condition holds, looking for changes often; false after some ms, when the signal aborts, or when it is closed. */
    async until(isFulfilled: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
        if (isFulfilled())
            return true;
        const done = new AbortController();
        const unlisten = this.onChange(() => {
            if (isFulfilled())
                done.abort();
        });
        this.#eager++;
        this.#wake.abort();
        try {
            await delay(timeoutMs, AbortSignal.any([done.signal, this.#abort.signal, ...signal === undefined ? [] : [signal]]));
            return done.signal.aborted;
        } finally {
            this.#eager--;
            unlisten();
        }
    }

    /** Looks for changes often until the result is called: another process is expected to answer soon. */
    lookOften(): () => void {
        this.#eager++;
        this.#wake.abort();
        return () => {
            this.#eager--;
        };
    }

    async #read(): Promise<void> {
        for (;;) {
            const writes = this.#writes;
            const records = await this.#store.listRecords('');
            // What was read may be older than what this process has written meanwhile.
            if (writes === this.#writes)
                return this.#replace(new Map(records.map(({key, value, token}) => [key, {value, token}])));
        }
    }

    #replace(records: Map<string, StoreRecord>): void {
        const before = this.#records;
        this.#records = records;
        if (before.size === records.size && [...records].every(([key, {token}]) => before.get(key)?.token === token))
            return;
        for (const listener of [...this.#listeners])
            listener();
    }

    async #poll(signal: AbortSignal, isPushed: boolean): Promise<void> {
        let failures = 0;
        while (!signal.aborted) {
            this.#wake = new AbortController();
            const usual = isPushed ? PUSHED_POLL_MS : POLL_MS;
            const pauseMs = failures > 0 ? Math.min(MAX_POLL_MS, POLL_MS * 2 ** failures) : this.#eager > 0 ? EAGER_POLL_MS : usual;
            await delay(pauseMs, AbortSignal.any([signal, this.#wake.signal]));
            if (signal.aborted)
                return;
            try {
                await this.refresh();
                failures = 0;
            } catch (error) {
                if (failures++ === 0)
                    this.#log.warn({err: error}, 'The internal store can\'t be read: changes made by other processes are not seen until it is back');
            }
        }
    }
}
