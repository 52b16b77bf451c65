import {ConflictError, STATE_EXISTS, STATE_NEW, type AppendResult} from 'woltage';
import type {EncodedAppend} from './encode.ts';
import {findInARow, idExists, timeOf} from './event-ids.ts';
import {isConflict} from './kurrentdb-error.ts';
import type {StreamReader} from './stream-reader.ts';
import type {Place, StreamTail, StreamTails} from './stream-tails.ts';
import type {Turns} from './turns.ts';
import type {Writer} from './writer.ts';

/** What an append comes to: the result of an earlier one that it repeats, or the revision behind which it is to be written (-1n for a new stream). */
export type Plan = AppendResult | bigint;

/** Appends to one stream. Every append is sent with an exact revision, also where the caller has none. */
export class Appender {
    readonly #reader: StreamReader;
    readonly #writer: Writer;
    readonly #tails: StreamTails;
    readonly #clockSkewMs: number;
    readonly #turns: Turns;

    constructor(reader: StreamReader, writer: Writer, tails: StreamTails, turns: Turns, clockSkewMs: number) {
        this.#reader = reader;
        this.#writer = writer;
        this.#tails = tails;
        this.#turns = turns;
        this.#clockSkewMs = clockSkewMs;
    }

    /**
     * @throws ConflictError `REVISION_CONFLICT`, `EVENT_ID_EXISTS`
     * @throws GoneError
     */
    append(append: EncodedAppend): Promise<AppendResult> {
        // Those without an exact revision would be in each other's way.
        return isExact(append) ? this.#append(append) : this.#turns.run(append.stream, () => this.#append(append));
    }

    /** A plan upon what is known of the stream already. It may be overtaken: then the server refuses it. */
    async guess(append: EncodedAppend): Promise<Plan> {
        if (append.revision === STATE_NEW)
            return -1n;
        const last = typeof append.revision === 'bigint' ? append.revision : undefined;
        const tail = await this.#tailFor(append, last);
        const behind = last ?? tail.last;
        const isTaken = append.events.some(({id}) => (tail.ids.get(id)?.revision ?? behind + 1n) <= behind);
        return isTaken || !isExpected(append, behind) ? this.plan(append) : behind;
    }

    /**
     * A plan upon a look at the stream.
     *
     * @throws ConflictError `REVISION_CONFLICT`, `EVENT_ID_EXISTS`
     * @throws GoneError
     */
    async plan(append: EncodedAppend): Promise<Plan> {
        const {revision, events} = append;
        await this.#tails.refresh(append.stream);
        const tail = await this.#tailFor(append);
        if (!isExact(append)) {
            const place = findInARow(events.map(({id}) => id), tail.ids);
            if (place instanceof ConflictError)
                throw place;
            return place === undefined ? checkExpected(append, tail.last) : {revision: place.revision, position: await this.#positionOf(append.stream, place)};
        }
        const repeated = await this.#repeatedAt(append, revision === STATE_NEW ? -1n : revision as bigint);
        if (repeated !== undefined)
            return repeated;
        const last = checkExpected(append, tail.last);
        const taken = events.find(({id}) => tail.ids.has(id));
        if (taken !== undefined)
            throw idExists(taken.id);
        return last;
    }

    async #append(append: EncodedAppend): Promise<AppendResult> {
        for (let plan = await this.guess(append); ; plan = await this.plan(append)) {
            if (typeof plan !== 'bigint')
                return plan;
            try {
                const result = await this.#writer.write(append, plan);
                if (append.events.some(({isTombstone}) => isTombstone))
                    this.#tails.forget(append.stream);
                else
                    this.#tails.appended(append.stream, plan, append.events.map(({id}) => id), result);
                return result;
            } catch (error) {
                // Others have appended meanwhile: what they wrote may be these very events.
                if (!isConflict(error))
                    throw error;
            }
        }
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

const isExact = ({revision}: EncodedAppend): boolean => revision !== undefined && revision !== STATE_EXISTS;

/** Whether an append may be made to a stream that is at this revision (-1n: without events). */
export const isExpected = ({revision}: Pick<EncodedAppend, 'revision'>, last: bigint): boolean =>
    revision === undefined || (revision === STATE_NEW ? last < 0n : revision === STATE_EXISTS ? last >= 0n : revision === last);

/** @returns The revision that the stream is at, to be written behind. @throws ConflictError `REVISION_CONFLICT` */
export function checkExpected(append: EncodedAppend, last: bigint): bigint {
    if (isExpected(append, last))
        return last;
    const {aggregateName, aggregateId, revision} = append;
    throw new ConflictError(`Aggregate '${aggregateName}/${aggregateId}' is at revision ${last}, not at ${String(revision)}.`,
        {code: 'REVISION_CONFLICT', details: {current: String(last), expected: String(revision)}});
}
