import {StaleRecordError} from '../errors/index.ts';
import {decodeJson, encodeJson} from '../shared/json-codec.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {CommitBatch, RecordWrite, RowWrite, StoreRecord} from './store.ts';

/** A value that is replaced as a whole: text, and a token that is new with every change. */
export interface RedoLog {
    readonly text: string;
    readonly token: string;
}

/** A record that is to be written, or removed where the value is null. */
export type RecordChange = Pick<RecordWrite, 'key' | 'value' | 'token'>;

/**
 * What a database must offer for one scope so that {@link RedoCommit} can commit: each call touches one key atomically, or several that
 * are not atomic together. Rows and records carry the number of the commit that wrote them; one that is removed leaves its number behind for as long as {@link RedoStore.forgetRemoved}
 * allows.
 */
export interface RedoStore {
    readLog(): Promise<RedoLog | undefined>;
    /** Replaces the log if it has the expected token (null: if there is none). @returns Whether it was replaced */
    swapLog(expected: string | null, log: RedoLog): Promise<boolean>;
    /** Writes or removes each row, unless it carries this commit's number or a later one. */
    applyRows(writes: readonly RowWrite[], commit: number): Promise<void>;
    /** Writes or removes each record, unless it carries this commit's number or a later one. */
    applyRecords(changes: readonly RecordChange[], commit: number): Promise<void>;
    readRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]>;
    /** Forgets rows and records that were removed before this time, in ms since the Unix epoch. */
    forgetRemoved(before: number): Promise<void>;
}

interface Log {
    /** The number of the last commit. */
    readonly commit: number;
    /** What the last commit writes, as long as that may not all be written. */
    readonly redo: CommitBatch | null;
}

/** Longer than any process is paused in the middle of a commit and goes on: a day, in ms. */
const REMEMBER_REMOVED_MS = 86_400_000;
const FORGET_EVERY_MS = 600_000;

/**
 * Atomic commits for databases that write one key at a time. The whole batch is written into a log first: that one write is the commit. Then it is applied, and the
 * log is cleared. Whoever comes after a crash applies what the log holds before anything else; whoever wakes up late and applies an old batch changes nothing, for
 * all rows and records carry the number of the commit that wrote them. The reasoning is in docs/adr/0006-redo-record.md.
 */
export class RedoCommit {
    readonly #store: RedoStore;
    /** The log as this instance has left it; another process may have replaced it. */
    #known: {readonly token: string; readonly commit: number} | undefined;
    #forgotAt = -Infinity;

    constructor(store: RedoStore) {
        this.#store = store;
    }

    /** @throws StaleRecordError when a record's token is not the expected one; nothing is written then */
    async commit(batch: CommitBatch): Promise<void> {
        for (;;) {
            const isKnown = this.#known !== undefined;
            const log = this.#known ?? await this.#recover();
            const stale = await this.#findStale(batch.records ?? []);
            if (stale !== undefined && !isKnown)
                throw new StaleRecordError(`Record '${stale}' was changed by somebody else.`, {details: {key: stale}});
            if (stale === undefined && await this.#tryOnce(batch, log))
                return;
            // Another process has committed since this one last looked.
            this.#known = undefined;
        }
    }

    /** Brings to its end what a process has left in the middle. To be called before records are read. */
    async settle(): Promise<void> {
        await this.#recover();
    }

    async #tryOnce(batch: CommitBatch, last: {readonly token: string; readonly commit: number}): Promise<boolean> {
        const commit = last.commit + 1;
        const token = uuidV7();
        if (!await this.#store.swapLog(last.token, {token, text: encodeLog({commit, redo: batch})}))
            return false;
        this.#known = undefined;
        await this.#finish(token, commit, batch);
        return true;
    }

    /** @returns The log, with nothing in it that is left to do */
    async #recover(): Promise<{readonly token: string; readonly commit: number}> {
        for (;;) {
            const found = await this.#store.readLog();
            if (found === undefined) {
                const token = uuidV7();
                if (await this.#store.swapLog(null, {token, text: encodeLog({commit: 0, redo: null})}))
                    return this.#known = {token, commit: 0};
                continue;
            }
            const {commit, redo} = decodeLog(found.text);
            if (redo === null)
                return this.#known = {token: found.token, commit};
            const known = await this.#finish(found.token, commit, redo);
            if (known !== undefined)
                return known;
        }
    }

    /** Applies what a log holds and clears it. @returns The log; `undefined` when somebody else has cleared it first */
    async #finish(token: string, commit: number, {writes = [], records = []}: CommitBatch): Promise<{readonly token: string; readonly commit: number} | undefined> {
        await this.#store.applyRows(writes, commit);
        await this.#store.applyRecords(records, commit);
        const cleared = uuidV7();
        if (!await this.#store.swapLog(token, {token: cleared, text: encodeLog({commit, redo: null})}))
            return undefined;
        await this.#forget();
        return this.#known = {token: cleared, commit};
    }

    async #findStale(records: readonly RecordWrite[]): Promise<string | undefined> {
        const expecting = records.filter(({expected}) => expected !== undefined);
        if (expecting.length === 0)
            return undefined;
        const found = await this.#store.readRecords(expecting.map(({key}) => key));
        return expecting.find(({expected}, i) => (found[i]?.token ?? null) !== expected)?.key;
    }

    async #forget(): Promise<void> {
        if (performance.now() - this.#forgotAt < FORGET_EVERY_MS)
            return;
        this.#forgotAt = performance.now();
        await this.#store.forgetRemoved(Date.now() - REMEMBER_REMOVED_MS);
    }
}

const encodeLog = ({commit, redo}: Log): string => encodeJson({commit, redo: redo && {
    writes: redo.writes ?? [], records: (redo.records ?? []).map(({key, value, token}) => ({key, value, token}))
}});
const decodeLog = (text: string): Log => decodeJson(text) as Log;
