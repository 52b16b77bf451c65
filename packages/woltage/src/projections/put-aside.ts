import type {DurableEffect} from '../context/index.ts';
import type {RecordedEvent} from '../events/index.ts';
import type {IStore} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import {sliceKey} from './checkpoint.ts';
import type {DeadLetters} from './dead-letters.ts';
import {SKIP} from './fault.ts';
import type {HandlerFailure} from './handler-failure.ts';
import {observeDeadLetter} from './observe.ts';
import type {StagedRecords} from './staged-records.ts';

export interface PutAsideOptions {
    readonly id: string;
    readonly slice: number;
    readonly log: Logger;
    readonly staged: StagedRecords;
    readonly letters: DeadLetters;
}

interface Parked {
    readonly eventId: string;
    readonly message: string;
    readonly code: string | undefined;
    readonly attempts: number;
}

/** Which events are not handled in their turn: those to be skipped, those that keep failing, and those that wait behind such a one. */
export class PutAside {
    readonly #options: PutAsideOptions;
    #skip: string | undefined;
    #parked: Parked | undefined;

    constructor(options: PutAsideOptions) {
        this.#options = options;
    }

    async load(store: IStore): Promise<void> {
        const [skip] = await store.getRecords([sliceKey(SKIP, this.#options.slice)]);
        this.#skip = skip?.value;
    }

    /** From now on the event is put to the dead letters instead of being handled. */
    park({eventId, reason, cause}: HandlerFailure, attempts: number): void {
        const {code} = (cause ?? {}) as {code?: unknown};
        this.#parked = {eventId, message: reason, code: typeof code === 'string' ? code : undefined, attempts};
    }

    /**
     * Skips an event, or puts it to the dead letters, where that is due.
     *
     * @param completed The effects that it has had
     * @returns Whether it is dealt with
     */
    takes(record: RecordedEvent, fires: boolean, completed: ReadonlyMap<string, readonly DurableEffect[]> | undefined): boolean {
        const {letters} = this.#options;
        if (record.id === this.#skip)
            this.#skipIt(record);
        else if (letters.blocks(record))
            letters.add(record, {error: null, attempts: 0, fires, completed: []});
        else if (record.id === this.#parked?.eventId)
            this.#addLetter(record, this.#parked, fires, completed);
        else
            return false;
        return true;
    }

    #skipIt(record: RecordedEvent): void {
        const {id, slice, log, staged} = this.#options;
        log.warn({projection: id, event: record.id, position: record.position.toString()}, 'Event skipped, as told');
        staged.set(sliceKey(SKIP, slice), null);
        this.#skip = undefined;
    }

    #addLetter(record: RecordedEvent, {message, code, attempts}: Parked, fires: boolean, completed: ReadonlyMap<string, readonly DurableEffect[]> = new Map()): void {
        const {id, log, letters} = this.#options;
        log.error({projection: id, event: record.id, position: record.position.toString(), attempts, reason: message}, 'Event put to the dead letters');
        observeDeadLetter(id);
        letters.add(record, {error: {message, code}, attempts, fires, completed: [...completed]});
    }
}
