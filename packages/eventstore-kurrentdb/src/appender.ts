import {ConflictError, STATE_EXISTS, STATE_NEW, type AppendResult} from 'woltage';
import type {EncodedAppend} from './encode.ts';
import {findInARow, idExists, timeOf} from './event-ids.ts';
import {isConflict} from './kurrentdb-error.ts';
import type {StreamReader} from './stream-reader.ts';
import type {Place, StreamTail, StreamTails} from './stream-tails.ts';
import {Turns} from './turns.ts';
import type {Writer} from './writer.ts';

/** Appends to one stream. Every append is sent with an exact revision, also where the caller has none. */
export class Appender {
    readonly #reader: StreamReader;
    readonly #writer: Writer;
    readonly #tails: StreamTails;
    readonly #clockSkewMs: number;
    readonly #turns = new Turns();

    constructor(reader: StreamReader, writer: Writer, tails: StreamTails, clockSkewMs: number) {
        this.#reader = reader;
        this.#writer = writer;
        this.#tails = tails;
        this.#clockSkewMs = clockSkewMs;
    }

    /**
     * @throws ConflictError `REVISION_CONFLICT`, `EVENT_ID_EXISTS`
     * @throws GoneError
     */
    append(append: EncodedAppend): Promise<AppendResult> {
        const {revision, stream} = append;
        if (revision === undefined || revision === STATE_EXISTS)
            return this.#turns.run(stream, () => this.#appendAnywhere(append));
        return revision === STATE_NEW ? this.#appendAt(append, -1n) : this.#appendBehind(append, revision);
    }

    /** What becomes of an append without anything being written: an earlier result, or the revision behind which it is to be written. */
    async plan(append: EncodedAppend): Promise<AppendResult | bigint> {
        const {revision} = append;
        await this.#tails.refresh(append.stream);
        const tail = await this.#tailFor(append);
        if (revision === undefined || revision === STATE_EXISTS) {
            const place = findInARow(idsOf(append), tail.ids);
            if (place instanceof ConflictError)
                throw place;
            return place === undefined ? checkExpected(append, tail.last) : {revision: place.revision, position: await this.#positionOf(append.stream, place)};
        }
        const last = revision === STATE_NEW ? -1n : revision;
        const repeated = await this.#repeatedAt(append, last);
        if (repeated !== undefined)
            return repeated;
        checkExpected(append, tail.last);
        const taken = append.events.find(({id}) => tail.ids.has(id));
        if (taken !== undefined)
            throw idExists(taken.id);
        return last;
    }

    async #appendAnywhere(append: EncodedAppend): Promise<AppendResult> {
        const tail = await this.#tailFor(append);
        if (findInARow(idsOf(append), tail.ids) === undefined && isExpected(append, tail.last)) {
            try {
                return await this.#write(append, tail.last);
            } catch (error) {
                if (!isConflict(error))
                    throw error;
            }
        }
        // Others have appended since: what they wrote may be these very events.
        const planned = await this.plan(append);
        return typeof planned === 'bigint' ? this.#appendAnywhere(append) : planned;
    }

    /** Behind an event that the caller knows of. */
    async #appendBehind(append: EncodedAppend, last: bigint): Promise<AppendResult> {
        const {ids} = await this.#tailFor(append, last);
        const isTaken = append.events.some(({id}) => (ids.get(id)?.revision ?? last + 1n) <= last);
        if (!isTaken)
            return this.#appendAt(append, last);
        const planned = await this.plan(append);
        return typeof planned === 'bigint' ? this.#appendAt(append, planned) : planned;
    }

    async #appendAt(append: EncodedAppend, last: bigint): Promise<AppendResult> {
        try {
            return await this.#write(append, last);
        } catch (error) {
            if (!isConflict(error))
                throw error;
            const repeated = await this.#repeatedAt(append, last);
            if (repeated !== undefined)
                return repeated;
            throw conflict(append, (error as {readonly actualState?: bigint | string}).actualState ?? 'another');
        }
    }

    async #write(append: EncodedAppend, last: bigint): Promise<AppendResult> {
        const result = await this.#writer.write(append, last);
        this.#tails.appended(append.stream, last, idsOf(append), result);
        return result;
    }

    #tailFor({stream, events}: EncodedAppend, upTo = -1n): Promise<StreamTail> {
        const now = Date.now();
        const earliest = Math.min(...events.map(({id}) => timeOf(id, now + this.#clockSkewMs)));
        return this.#tails.get(stream, Math.max(earliest - this.#clockSkewMs, 0), upTo);
    }

    /** The result of the append that put these very events behind a revision. */
    async #repeatedAt({stream, events}: EncodedAppend, last: bigint): Promise<AppendResult | undefined> {
        const page = await this.#reader.page(stream, 'forwards', last < 0n ? undefined : last + 1n, events.length);
        const end = page.at(-1);
        if (end === undefined || page.length < events.length || !events.every(({id}, i) => page[i]?.event.id === id))
            return undefined;
        return {revision: end.event.revision, position: end.position};
    }

    async #positionOf(stream: string, {revision, position}: Place): Promise<bigint> {
        return position ?? this.#writer.positionAt(stream, revision);
    }
}

const idsOf = ({events}: EncodedAppend): string[] => events.map(({id}) => id);

const isExpected = ({revision}: EncodedAppend, last: bigint): boolean =>
    revision === undefined || (revision === STATE_NEW ? last < 0n : revision === STATE_EXISTS ? last >= 0n : revision === last);

/** @returns The revision that the stream is at, to be written behind. @throws ConflictError `REVISION_CONFLICT` */
function checkExpected(append: EncodedAppend, last: bigint): bigint {
    if (!isExpected(append, last))
        throw conflict(append, last);
    return last;
}

export const conflict = ({aggregateName, aggregateId, revision}: EncodedAppend, current: bigint | string): ConflictError =>
    new ConflictError(`Aggregate '${aggregateName}/${aggregateId}' is at revision ${current === 'no_stream' ? -1 : current}, not at ${String(revision)}.`,
        {code: 'REVISION_CONFLICT', details: {current: String(current === 'no_stream' ? -1 : current), expected: String(revision)}});
