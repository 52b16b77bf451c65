import {BACKWARDS, END, FORWARDS, START, type KurrentDBClient, type ReadStreamOptions, type ResolvedEvent} from '@kurrent/kurrentdb-client';
import {GoneError} from 'woltage';
import type {Calls} from './calls.ts';
import {isDeletedStream, isMissingStream} from './kurrentdb-error.ts';
import {isTombstone} from './metadata.ts';
import type {Settings} from './options.ts';
import {locate, type LocatedEvent} from './records.ts';
import type {StreamAddress, StreamNames} from './stream-names.ts';

/** Reads pages of a stream. */
export class StreamReader {
    readonly #client: KurrentDBClient;
    readonly #calls: Calls;
    readonly #names: StreamNames;

    readonly #credentials: Settings['credentials'];
    /** Called for a stream that has events before its tombstone still. */
    cutShort: (stream: string, before: bigint) => Promise<void> = () => Promise.resolve();

    constructor(client: KurrentDBClient, calls: Calls, names: StreamNames, {credentials}: Settings) {
        this.#client = client;
        this.#calls = calls;
        this.#names = names;
        this.#credentials = credentials;
    }

    /**
     * Up to `limit` events of a stream in its order, or against it. Fewer mean that there are no more.
     *
     * @param from Inclusive; the stream's start or end by default
     * @param tombstone Whether an erased stream is read as its tombstone
     * @throws GoneError
     */
    async page(stream: string, direction: 'forwards' | 'backwards', from: bigint | undefined, limit: number, tombstone = false): Promise<LocatedEvent[]> {
        const events = await this.remains(stream, direction, from, limit);
        const end = events.find(({event}) => isTombstone(event.metadata));
        if (end === undefined)
            return events;
        // The one who erased it did not get so far.
        if (events.length > 1)
            await this.cutShort(stream, end.event.revision);
        if (!tombstone)
            throw gone(stream, this.#names.fromStream(stream));
        return [end];
    }

    /** @throws GoneError */
    async assertNotErased(stream: string): Promise<void> {
        await this.page(stream, 'backwards', undefined, 1);
    }

    /** Like {@link page}, also of a stream that was erased: the tombstone is all that is left of it. @throws GoneError where the server itself has ended it */
    async remains(stream: string, direction: 'forwards' | 'backwards', from: bigint | undefined, limit: number): Promise<LocatedEvent[]> {
        const isForwards = direction === 'forwards';
        if (limit < 1)
            return [];
        if (from !== undefined && from < 0n) {
            if (!isForwards)
                return [];
            from = undefined;
        }
        const options: ReadStreamOptions = {direction: isForwards ? FORWARDS : BACKWARDS, fromRevision: from ?? (isForwards ? START : END), maxCount: limit, ...this.#credentials && {credentials: this.#credentials}};
        try {
            return await this.#calls.make(() => gather(this.#client.readStream(stream, options), this.#names));
        } catch (error) {
            if (isMissingStream(error))
                return [];
            throw isDeletedStream(error) ? gone(stream, this.#names.fromStream(stream)) : error;
        }
    }
}

/** All of a bounded read. It is never left half-way: the client has no means to end it. */
export async function gather(events: AsyncIterable<ResolvedEvent>, names: StreamNames): Promise<LocatedEvent[]> {
    const located: LocatedEvent[] = [];
    for await (const resolved of events) {
        const event = locate(names, resolved);
        if (event !== undefined)
            located.push(event);
    }
    return located;
}

export const gone = (stream: string, address: StreamAddress | undefined): GoneError =>
    new GoneError(address === undefined ? `The stream '${stream}' was erased.` : `Aggregate '${address.aggregateName}/${address.aggregateId}' was erased.`);
