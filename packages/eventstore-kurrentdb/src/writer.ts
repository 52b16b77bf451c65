import {jsonEvent, NO_STREAM, type EventData as SentEvent, type KurrentDBClient} from '@kurrent/kurrentdb-client';
import type {AppendResult} from 'woltage';
import type {Calls} from './calls.ts';
import type {EncodedAppend, EncodedEvent} from './encode.ts';
import {isDeletedStream} from './kurrentdb-error.ts';
import {toMetadata} from './metadata.ts';
import {Slots} from './slots.ts';
import {gone, type StreamReader} from './stream-reader.ts';

/** The client's own queue takes 16 requests; when a connection breaks while more wait, the client lets rejections go unhandled, which ends the process. */
const MOST_AT_ONCE = 15;

/** Sends appends, each with the exact revision that it expects, so that a repetition is recognised by the server on its disk. */
export class Writer {
    readonly #client: KurrentDBClient;
    readonly #calls: Calls;
    readonly #reader: StreamReader;
    readonly #slots = new Slots(MOST_AT_ONCE);

    constructor(client: KurrentDBClient, calls: Calls, reader: StreamReader) {
        this.#client = client;
        this.#calls = calls;
        this.#reader = reader;
    }

    /**
     * @param last The revision that the stream must be at; -1n when it must have no events
     * @throws GoneError
     * @throws what the client throws when the stream is elsewhere
     */
    async write({stream, aggregateName, aggregateId, events}: EncodedAppend, last: bigint): Promise<AppendResult> {
        const sent = events.map(toSent);
        const streamState = last < 0n ? NO_STREAM : last;
        try {
            const {nextExpectedRevision: revision, position} = await this.#calls.make(
                leftMs => this.#slots.run(() => this.#client.appendToStream(stream, sent, {streamState, deadline: leftMs})));
            return {revision, position: position === undefined ? await this.positionAt(stream, revision) : position.commit};
        } catch (error) {
            throw isDeletedStream(error) ? gone(stream, {aggregateName, aggregateId}) : error;
        }
    }

    /** The position of an event that is known to be there. */
    async positionAt(stream: string, revision: bigint): Promise<bigint> {
        const [event] = await this.#reader.page(stream, 'forwards', revision, 1);
        return event?.position ?? 0n;
    }
}

const toSent = (event: EncodedEvent): SentEvent =>
    jsonEvent({id: event.id, type: event.type, data: event.payload as never, metadata: toMetadata(event) as never});
