import {ConflictError} from '../errors/index.ts';
import type {Logger} from '../shared/logger.ts';
import {delay} from '../shared/delay.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {IEventStore, IStore, StoreRecord} from '../ports/index.ts';
import {sliceKey} from './checkpoint.ts';
import {listLetters, toDeadLetter, type DeadLetter} from './dead-letters.ts';
import {FAULT, parseFault, SKIP} from './fault.ts';
import {discardLetter, retryLetters, unknownLetter, type LetterOutcome} from './letter-handling.ts';
import type {ProjectionEntry} from './projection-entry.ts';
import type {ProjectionSet} from './projection-set.ts';
import {Requests, type Request} from './requests.ts';

interface SliceFault {
    readonly slice: number;
    readonly eventId: string;
    readonly record: StoreRecord;
}

/** How long a retry waits for the projection to leave its fault, in ms. */
const WAKE_MS = 1000;

/** What an operator does for projections that are in trouble, from any process: retry, skip, dead letters. */
export class ProjectionCare {
    readonly #set: ProjectionSet;
    readonly #eventStore: IEventStore;
    readonly #log: Logger;
    readonly #requests: Requests;

    constructor(set: ProjectionSet, eventStore: IEventStore, log: Logger) {
        this.#set = set;
        this.#eventStore = eventStore;
        this.#log = log;
        const server = {
            serves: (id: string, slice: number) => set.get(id)?.parts?.work.workers[slice]?.isOwner ?? false,
            serve: (request: Request) => this.#serve(request)
        };
        this.#requests = new Requests(set.registry, server, log);
        set.onChange(() => this.#requests.serveAll());
    }

    /** Starts a faulted projection again, from the event that it failed at. @throws NotFoundError `UNKNOWN_PROJECTION` */
    async retry(name: string, version: number): Promise<void> {
        const entry = this.#set.find(name, version);
        if (entry.data === undefined)
            return;
        for (const {slice, record} of await faultsOf(entry))
            await entry.data.commit({records: [{key: sliceKey(FAULT, slice), value: null, token: uuidV7(), expected: record.token}]});
        await wake(entry);
    }

    /**
     * Has a faulted projection go on behind the event that it failed at.
     *
     * @param eventId The event that is meant; by default whichever it is
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     * @throws ConflictError `PROJECTION_NOT_FAULTED` when it is not faulted, or not at that event
     */
    async skip(name: string, version: number, eventId?: string): Promise<void> {
        const entry = this.#set.find(name, version);
        const faults = (await faultsOf(entry)).filter(fault => eventId === undefined || fault.eventId === eventId);
        if (entry.data === undefined || faults.length === 0)
            throw new ConflictError(`Projection '${entry.projection.id}' is not faulted${eventId === undefined ? '' : ` at event '${eventId}'`}: there is nothing to skip.`, {code: 'PROJECTION_NOT_FAULTED'});
        for (const {slice, record, eventId: skipped} of faults) {
            await entry.data.commit({records: [
                {key: sliceKey(FAULT, slice), value: null, token: uuidV7(), expected: record.token},
                {key: sliceKey(SKIP, slice), value: skipped, token: uuidV7()}
            ]});
        }
        await wake(entry);
    }

    /** The dead letters of a projection: those of an aggregate in their order. @throws NotFoundError `UNKNOWN_PROJECTION` */
    async deadLetters(name: string, version: number): Promise<readonly DeadLetter[]> {
        const {data} = this.#set.find(name, version);
        return data === undefined ? [] : (await listLetters(data)).map(toDeadLetter);
    }

    /**
     * Handles the dead letters of the event's aggregate, in order, until one fails.
     *
     * @throws NotFoundError `UNKNOWN_PROJECTION`, `UNKNOWN_DEAD_LETTER`
     * @throws UnavailableError `REQUEST_TIMEOUT` when nobody works on the projection
     */
    retryLetter(name: string, version: number, eventId: string): Promise<LetterOutcome> {
        return this.#request('retry', name, version, eventId);
    }

    /** Removes a dead letter; those behind it are handled. @throws like {@link retryLetter} */
    discardLetter(name: string, version: number, eventId: string): Promise<LetterOutcome> {
        return this.#request('discard', name, version, eventId);
    }

    async #request(kind: string, name: string, version: number, eventId: string): Promise<LetterOutcome> {
        const {data, projection} = this.#set.find(name, version);
        const letter = data && await findLetter(data, eventId);
        if (letter === undefined)
            throw unknownLetter(eventId);
        return await this.#requests.send({projection: projection.id, slice: letter.slice, kind, argument: eventId}) as LetterOutcome;
    }

    async #serve({projection, slice, kind, argument: eventId}: Request): Promise<LetterOutcome> {
        const parts = this.#set.get(projection)?.parts;
        const letter = parts && await findLetter(parts.store, eventId);
        const worker = parts?.work.workers[slice];
        if (parts === undefined || worker === undefined || letter === undefined)
            throw unknownLetter(eventId);
        return worker.inTurn(runner => {
            const place = {runner, store: parts.store, eventStore: this.#eventStore, log: this.#log};
            return kind === 'discard' ? discardLetter(place, eventId, letter) : retryLetters(place, letter);
        });
    }
}

async function findLetter(data: IStore, eventId: string) {
    return (await listLetters(data)).find(letter => letter.eventId === eventId);
}

async function faultsOf({data, definition}: ProjectionEntry): Promise<readonly SliceFault[]> {
    const slices = Array.from({length: definition.partitions}, (_, slice) => slice);
    const records = await data?.getRecords(slices.map(slice => sliceKey(FAULT, slice))) ?? [];
    return records.flatMap((record, slice) => record === undefined ? [] : [{slice, record, eventId: parseFault(record).eventId}]);
}

/** Has this process look at once, and gives it a moment to begin. */
async function wake({parts}: ProjectionEntry): Promise<void> {
    parts?.work.wake();
    if (parts?.work.state === 'faulted')
        await Promise.race([parts.work.next(['state']), delay(WAKE_MS)]);
}
