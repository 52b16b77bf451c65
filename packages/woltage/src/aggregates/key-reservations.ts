import {ConflictError, GoneError} from '../errors/index.ts';
import {committed} from '../ports/committed.ts';
import type {IEventStore, IStore, StoreRecord} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';
import {taken, type Claim} from './unique-keys.ts';

interface Reservation {
    readonly aggregateId: string;
    readonly holderTag: string;
    /** When it was made, in ms since the epoch. */
    readonly at: number;
}

/** So long somebody may take between the reservation and the append, in ms. */
const APPEND_WITHIN_MS = 10_000;
const MAX_LOOKS = 5;

/**
 * Unique keys on an event store that can't append on a condition: a value is reserved before it is appended. A reservation whose aggregate doesn't hold the value, by its own events, is free
 * after a while, so that nothing needs to be given up.
 */
export class KeyReservations {
    readonly #store: IStore;
    readonly #eventStore: IEventStore;

    /** @param store A scope of its own */
    constructor(store: IStore, eventStore: IEventStore) {
        this.#store = store;
        this.#eventStore = eventStore;
    }

    /**
     * Reserves the values, and appends.
     *
     * @throws ConflictError `UNIQUE_KEY_TAKEN`
     */
    async hold<R>(claims: readonly Claim[], append: () => Promise<R>): Promise<R> {
        const made: {readonly claim: Claim; readonly token: string}[] = [];
        try {
            for (const claim of claims) {
                const token = await this.#reserve(claim);
                if (token !== undefined)
                    made.push({claim, token});
            }
            return await append();
        } catch (error) {
            // After any other error it isn't known whether something was appended.
            if (error instanceof ConflictError)
                await this.#release(made);
            throw error;
        }
    }

    /** @returns The token of a new reservation; `undefined` where the aggregate had it already. @throws ConflictError `UNIQUE_KEY_TAKEN` */
    async #reserve(claim: Claim): Promise<string | undefined> {
        for (let look = 1; ; look++) {
            const [record] = await this.#store.getRecords([claim.valueTag]);
            const known = record && JSON.parse(record.value) as Reservation;
            const isOwn = known?.aggregateId === claim.aggregateId;
            if (known !== undefined && !isOwn && (Date.now() - known.at < APPEND_WITHIN_MS || await this.#holds(claim, known)))
                throw taken(claim);
            // Written anew also where it is the aggregate's own: somebody may just have found that it doesn't hold the value any more.
            const token = await this.#write(claim, record);
            if (token !== undefined)
                return isOwn ? undefined : token;
            // Somebody was faster, maybe for the same aggregate.
            if (look >= MAX_LOOKS)
                throw taken(claim);
        }
    }

    /** @returns `undefined` when the reservation isn't as it was found */
    async #write({aggregateId, holderTag, valueTag}: Claim, found: StoreRecord | undefined): Promise<string | undefined> {
        const token = uuidV7();
        const value = JSON.stringify({aggregateId, holderTag, at: Date.now()} satisfies Reservation);
        return await committed(this.#store.commit({records: [{key: valueTag, value, token, expected: found?.token ?? null}]})) ? token : undefined;
    }

    /** Whether the last event of the aggregate that has to do with the key claims the value. */
    async #holds({aggregateName, valueTag}: Claim, {aggregateId, holderTag}: Reservation): Promise<boolean> {
        try {
            for await (const page of this.#eventStore.read(aggregateName, aggregateId, {direction: 'backwards'})) {
                const last = page.find(({tags}) => tags.includes(holderTag));
                if (last !== undefined)
                    return last.tags.includes(valueTag);
            }
            return false;
        } catch (error) {
            if (error instanceof GoneError)
                return false;
            throw error;
        }
    }

    /** As far as that is possible: what stays is free after a while. */
    async #release(made: readonly {readonly claim: Claim; readonly token: string}[]): Promise<void> {
        for (const {claim: {valueTag}, token} of made)
            await this.#store.commit({records: [{key: valueTag, value: null, token: uuidV7(), expected: token}]}).catch(() => undefined);
    }
}
