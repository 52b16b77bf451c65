import {BadRequestError} from '../../errors/index.ts';
import type {EventClass, RecordedEvent} from '../../events/index.ts';
import type {IEventStore, IStore} from '../../ports/index.ts';
import type {Logger} from '../../shared/logger.ts';
import {referenceTo} from './envelope.ts';
import {ForgottenWatch} from './forgotten-watch.ts';
import {KeyRing} from './key-ring.ts';
import {PersonalEventStore} from './personal-event-store.ts';
import {PersonalEvents} from './personal-events.ts';

export interface PersonalDataOptions {
    readonly keyStore: IStore;
    readonly log: Logger;
    /**
     * Drops whatever was folded from events, for there may be in it what was forgotten. Called in every process soon after somebody was forgotten, wherever that was;
     * where it was, before `forget` resolves. It may be called more often than needed.
     */
    readonly onForgotten: () => void | Promise<void>;
}

/** Gives recorded events with their personal fields in the clear. */
export type Reveal = PersonalData['reveal'];

/** The personal data of one runtime. */
export class PersonalData {
    readonly #keys: KeyRing;
    readonly #events: PersonalEvents;
    readonly #watch: ForgottenWatch;
    readonly #onForgotten: PersonalDataOptions['onForgotten'];

    /** @returns `undefined` where no class has personal fields @throws ConfigError `EVENT_CLASS_INVALID` */
    static of(classes: readonly EventClass[], options: PersonalDataOptions): PersonalData | undefined {
        const keyStore = options.keyStore.scope({namespace: '_woltage_keys', tables: {}});
        const keys = new KeyRing(keyStore);
        const events = new PersonalEvents(classes, keys);
        return events.areThere ? new PersonalData(keyStore, keys, events, options) : undefined;
    }

    private constructor(keyStore: IStore, keys: KeyRing, events: PersonalEvents, {log, onForgotten}: PersonalDataOptions) {
        this.#keys = keys;
        this.#events = events;
        this.#onForgotten = onForgotten;
        this.#watch = new ForgottenWatch(keyStore, keys, log, async () => onForgotten());
    }

    /** The same event store with personal fields encrypted. */
    protect(eventStore: IEventStore): IEventStore {
        return new PersonalEventStore(eventStore, this.#events) as IEventStore;
    }

    /**
     * Recorded events with their personal fields in the clear, `Erased` where they have been forgotten.
     *
     * @throws WoltageError `PERSONAL_DATA_TAMPERED`, `PERSONAL_KEY_MISSING`
     * @throws UnavailableError when the key store can't be reached
     */
    reveal(records: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
        return this.#events.open(records, false);
    }

    /** @throws UnavailableError when the key store can't be reached */
    async open(): Promise<void> {
        await this.#keys.open();
        await this.#watch.open();
    }

    async close(): Promise<void> {
        await this.#watch.close();
        this.#keys.clear();
    }

    /** @throws BadRequestError `INVALID_SUBJECT` */
    async forget(subject: string): Promise<void> {
        if (typeof subject !== 'string' || subject === '')
            throw new BadRequestError('forget() takes the subject, a string that isn\'t empty.', {code: 'INVALID_SUBJECT'});
        // Before the key goes, so that nothing is left behind which nobody removes should the process die; and after it, for what has been made meanwhile.
        await this.#onForgotten();
        await this.#keys.forget(referenceTo(subject));
        await this.#onForgotten();
    }
}
