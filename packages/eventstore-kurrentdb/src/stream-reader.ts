import {BACKWARDS, END, FORWARDS, START, type KurrentDBClient, type ReadStreamOptions, type ResolvedEvent} from '@kurrent/kurrentdb-client';
import {GoneError} from 'woltage';
import type {Calls} from './calls.ts';
import {isDeletedStream, isMissingStream} from './kurrentdb-error.ts';
import type {Settings} from './options.ts';
import {locate, type LocatedEvent} from './records.ts';
import type {StreamAddress, StreamNames} from './stream-names.ts';

/** Reads pages of a stream. */
export class StreamReader {
    readonly #client: KurrentDBClient;
    readonly #calls: Calls;
    readonly #names: StreamNames;

    readonly #credentials: Settings['credentials'];

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
     * @throws GoneError
     */
    async page(stream: string, direction: 'forwards' | 'backwards', from: bigint | undefined, limit: number): Promise<LocatedEvent[]> {
        const isForwards = direction === 'forwards';
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
