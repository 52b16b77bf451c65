import {committed} from '../ports/committed.ts';
import type {IStore, StoreRecord} from '../ports/index.ts';
import {Mutex} from '../shared/mutex.ts';
import type {Owner, Self} from '../shared/owner.ts';
import {uuidV7} from '../shared/uuid.ts';

/** What is written down for a key. */
export interface KeyEntry {
    readonly fingerprint: string;
    /** ms since the epoch. */
    readonly at: number;
    /** Who works on it; null: nobody, but somebody has, and may have appended something. */
    readonly owner?: Owner | null | undefined;
    readonly answer?: unknown;
}

/** A claim that has not been renewed for so long is nobody's, in ms. */
const LEASE_MS = 10_000;

/** The right to work on a key. */
export class KeyClaim {
    readonly #store: IStore;
    readonly #id: string;
    readonly #entry: KeyEntry;
    readonly #renewal: NodeJS.Timeout;
    readonly #writes = new Mutex();
    #token: string;

    private constructor(store: IStore, id: string, entry: KeyEntry, token: string) {
        this.#store = store;
        this.#id = id;
        this.#entry = entry;
        this.#token = token;
        this.#renewal = setInterval(() => this.#renew(), LEASE_MS / 3);
        this.#renewal.unref();
    }

    /** `undefined` when somebody else was faster. */
    static async take(store: IStore, id: string, fingerprint: string, found: StoreRecord | undefined, owner: Owner): Promise<KeyClaim | undefined> {
        const entry = {fingerprint, at: Date.now(), owner};
        const token = uuidV7();
        const isDone = await committed(store.commit({records: [{key: id, value: JSON.stringify(entry), token, expected: found?.token ?? null}]}));
        return isDone ? new KeyClaim(store, id, entry, token) : undefined;
    }

    finish(answer: unknown): Promise<void> {
        clearInterval(this.#renewal);
        const {fingerprint, at} = this.#entry;
        return this.#write(JSON.stringify({fingerprint, at, answer}));
    }

    /** @param isInDoubt Something may have been appended */
    giveUp(isInDoubt: boolean): Promise<void> {
        clearInterval(this.#renewal);
        return this.#write(isInDoubt ? JSON.stringify({...this.#entry, owner: null}) : null);
    }

    #renew(): void {
        // When it is lost, the ids of the events see to it that nothing happens twice.
        this.#write(JSON.stringify(this.#entry)).catch(() => clearInterval(this.#renewal));
    }

    #write(value: string | null): Promise<void> {
        return this.#writes.run(async () => {
            const token = uuidV7();
            await this.#store.commit({records: [{key: this.#id, value, token, expected: this.#token}]});
            this.#token = token;
        });
    }
}

/** Watches a claim of somebody else, by this process's own clock. */
export class ClaimSighting {
    readonly #isGone: Self['isGone'];
    readonly #leaseMs: number;
    #token: string | undefined;
    #since = 0;

    constructor(isGone: Self['isGone'], leaseMs = LEASE_MS) {
        this.#isGone = isGone;
        this.#leaseMs = leaseMs;
    }

    /** Whether somebody holds it, as far as one can tell. */
    isHeld(record: StoreRecord | undefined, entry: Pick<KeyEntry, 'owner'> | undefined): boolean {
        if (record === undefined || !entry?.owner || this.#isGone(entry.owner))
            return false;
        if (record.token !== this.#token) {
            this.#token = record.token;
            this.#since = performance.now();
        }
        return performance.now() - this.#since < this.#leaseMs;
    }
}
