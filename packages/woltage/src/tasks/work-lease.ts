import {StaleRecordError} from '../errors/index.ts';
import type {IStore, StoreRecord} from '../ports/index.ts';
import {systemClock, type Clock} from '../shared/clock.ts';
import {backoffMs, delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import type {Owner, Self} from '../shared/owner.ts';
import {uuidV7} from '../shared/uuid.ts';
import {ClaimSighting} from './key-claim.ts';

export interface WorkLeaseOptions {
    /** The scope of the lease's record, whose tables have been created. */
    readonly store: IStore;
    /** The record's key. */
    readonly key: string;
    readonly self: Self;
    readonly log: Logger;
    /** How long it is waited before work that has ended is begun anew. Leases are on real time whatever it says. @default the system's */
    readonly clock?: Clock | undefined;
    /** How long a holder may be silent before another takes over, in ms. @default 10000 */
    readonly leaseMs?: number | undefined;
}

/** What the record says: who holds it, and by which call, as there may be several in a process. */
interface Holder extends Owner {
    readonly hold: string;
}

/** How often those who stand by look, at least, in ms. */
const MAX_STANDBY_POLL_MS = 500;
const MAX_PAUSE_MS = 5000;

/**
 * Has one process at a time do some work, as far as one can tell: the others stand by, and take over as soon as the holder has let it go, is known to be gone, or has been silent for the time of
 * a lease by the clock of whoever looks. It is politeness, not fencing: a holder that was taken for dead may go on for a moment, so what it writes must be fenced by
 * tokens of its own, as marks and claims of tasks are.
 */
export class WorkLease {
    readonly #store: IStore;
    readonly #key: string;
    readonly #self: Self;
    readonly #log: Logger;
    readonly #clock: Clock;
    readonly #leaseMs: number;

    constructor({store, key, self, log, clock = systemClock, leaseMs = 10_000}: WorkLeaseOptions) {
        this.#store = store;
        this.#key = key;
        this.#self = self;
        this.#log = log;
        this.#clock = clock;
        this.#leaseMs = leaseMs;
    }

    /**
     * Calls `work` while this process holds the lease. Work that ends or fails before its time is begun anew after a pause. A store that is away is waited for. Never rejects.
     *
     * @param work Its signal aborts when the lease is lost, and when `signal` does; it is waited for then
     * @param signal Ends it: the lease is given back, so that another process takes over at once
     */
    async run(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
        const hold = uuidV7();
        while (!signal.aborted) {
            const token = await this.#acquire(hold, signal);
            if (token !== undefined)
                await this.#hold(hold, token, work, signal);
        }
    }

    /** @returns The record's token; `undefined` when the signal aborts */
    async #acquire(hold: string, signal: AbortSignal): Promise<string | undefined> {
        const sighting = new ClaimSighting(this.#self.isGone, this.#leaseMs);
        for (let outages = 0; !signal.aborted;) {
            let pauseMs = Math.min(MAX_STANDBY_POLL_MS, this.#leaseMs / 4);
            try {
                const token = await this.#tryOnce(hold, sighting);
                if (token !== undefined)
                    return token;
                outages = 0;
            } catch (err) {
                if (outages === 0)
                    this.#log.warn({err, lease: this.#key}, 'A lease waits for its store');
                pauseMs = backoffMs(outages++, 100, MAX_PAUSE_MS);
            }
            await delay(pauseMs, signal);
        }
        return undefined;
    }

    async #tryOnce(hold: string, sighting: ClaimSighting): Promise<string | undefined> {
        const [record] = await this.#store.getRecords([this.#key]);
        const holder = holderOf(record);
        if (record !== undefined && holder?.hold === hold)
            return record.token;
        if (sighting.isHeld(record, {owner: holder}))
            return undefined;
        try {
            return await this.#write(hold, record?.token ?? null);
        } catch (error) {
            if (error instanceof StaleRecordError)
                return undefined;
            throw error;
        }
    }

    async #hold(hold: string, token: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
        const lost = new AbortController();
        const over = new AbortController();
        const renewing = this.#renew(hold, token, lost, over.signal);
        await this.#work(work, AbortSignal.any([signal, lost.signal]));
        over.abort();
        const last = await renewing;
        if (!lost.signal.aborted)
            await this.#release(hold, last);
    }

    async #work(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
        for (let failures = 0; !signal.aborted; failures++) {
            const began = performance.now();
            let err: unknown;
            try {
                await work(signal);
            } catch (error) {
                err = error;
            }
            if (signal.aborted)
                return;
            if (performance.now() - began > MAX_PAUSE_MS)
                failures = 0;
            const pauseMs = backoffMs(failures, 100, MAX_PAUSE_MS, this.#clock.isSteady === true ? 1 : undefined);
            this.#log.warn({err, lease: this.#key, pauseMs}, err === undefined ? 'Work that one process at a time does has ended, and is begun anew' : 'Work that one process at a time does has failed, and is begun anew');
            await this.#clock.delay(pauseMs, signal);
        }
    }

    /** Keeps the lease until it is over. @returns The record's last token. Never rejects */
    async #renew(hold: string, first: string, lost: AbortController, over: AbortSignal): Promise<string> {
        let token = first;
        const isSilent = (): void => this.#lose(lost, undefined);
        let silence = setTimeout(isSilent, this.#leaseMs);
        let pauseMs = this.#leaseMs / 3;
        for (await delay(pauseMs, over); !over.aborted && !lost.signal.aborted; await delay(pauseMs, over)) {
            const began = performance.now();
            pauseMs = this.#leaseMs / 3;
            try {
                token = await this.#write(hold, token);
                clearTimeout(silence);
                silence = setTimeout(isSilent, Math.max(0, began + this.#leaseMs - performance.now()));
            } catch (err) {
                const own = err instanceof StaleRecordError ? await this.#ownToken(hold) : token;
                if (own === undefined)
                    this.#lose(lost, err);
                token = own ?? token;
                pauseMs = this.#leaseMs / 20;
            }
        }
        clearTimeout(silence);
        return token;
    }

    #lose(lost: AbortController, err: unknown): void {
        this.#log.warn({err, lease: this.#key}, 'A lease was lost: it could not be renewed in time');
        lost.abort(new Error(`The lease '${this.#key}' was lost.`));
    }

    /** The token of a write of our own whose answer was lost; the token is of no use where the store is away. */
    async #ownToken(hold: string): Promise<string | undefined> {
        try {
            const [record] = await this.#store.getRecords([this.#key]);
            return holderOf(record)?.hold === hold ? record?.token : undefined;
        } catch {
            return '';
        }
    }

    async #release(hold: string, token: string): Promise<void> {
        try {
            await this.#remove(token).catch(async (error: unknown) => {
                const own = error instanceof StaleRecordError ? await this.#ownToken(hold) : token;
                if (own !== undefined)
                    await this.#remove(own);
            });
        } catch (err) {
            this.#log.warn({err, lease: this.#key}, 'A lease could not be given back: others take over when it is over');
        }
    }

    #remove(token: string): Promise<void> {
        return this.#store.commit({records: [{key: this.#key, value: null, token: uuidV7(), expected: token}]});
    }

    async #write(hold: string, expected: string | null): Promise<string> {
        const token = uuidV7();
        const holder: Holder = {...this.#self.owner, hold};
        await this.#store.commit({records: [{key: this.#key, value: JSON.stringify(holder), token, expected}]});
        return token;
    }
}

const holderOf = (record: StoreRecord | undefined): Holder | undefined => record && JSON.parse(record.value) as Holder;
