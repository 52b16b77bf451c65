import type {LocatedEvent} from './records.ts';
import type {StreamReader} from './stream-reader.ts';

/** Where an event stands. */
export interface Place {
    readonly revision: bigint;
    /** `undefined` until somebody has read it: an append tells the position of its last event alone. */
    readonly position: bigint | undefined;
}

/** What is known of the end of a stream. */
export interface StreamTail {
    /** The revision of the last event; -1n for a stream without events. */
    readonly last: bigint;
    /** The ids of all events that were written since `since`, with what came after the tail was asked for. */
    readonly ids: Map<string, Place>;
    /** In ms since the epoch; 0 when all of the stream is known. */
    readonly since: number;
    /** The revision of the oldest event that is known; where to look further back. */
    readonly oldest: bigint;
}

const PAGE = 500;
/** Of all streams together. */
const MOST_IDS = 50_000;
/** Of one stream that was merely read. */
const LEARNED_IDS = 100;
/** The server tells times in whole seconds. */
const RESOLUTION_MS = 1000;

/**
 * Remembers which event ids stand at the ends of streams. KurrentDB itself looks at ids only where an append says what it expects, and
 * otherwise has a memory that a restart loses.
 */
export class StreamTails {
    readonly #reader: StreamReader;
    /** The least recently used first. */
    readonly #tails = new Map<string, StreamTail>();
    readonly #counts = new Map<string, number>();
    #size = 0;

    constructor(reader: StreamReader) {
        this.#reader = reader;
    }

    /**
     * The end of a stream with all ids that were written since a time, up to a revision at least.
     *
     * @throws GoneError
     */
    async get(stream: string, since: number, upTo: bigint): Promise<StreamTail> {
        let tail = this.#tails.get(stream) ?? await this.#read(stream);
        if (tail.last < upTo)
            tail = await this.refresh(stream);
        while (tail.since > since)
            tail = await this.#extend(stream, tail);
        this.#keep(stream, tail);
        return tail;
    }

    /** The same after a look at what others have appended. @throws GoneError */
    async refresh(stream: string): Promise<StreamTail> {
        let tail = this.#tails.get(stream);
        if (tail === undefined)
            return this.#read(stream);
        for (let page: LocatedEvent[] | undefined; page === undefined || page.length === PAGE;) {
            page = await this.#reader.page(stream, 'forwards', tail.last + 1n, PAGE);
            const last: LocatedEvent | undefined = page.at(-1);
            if (last !== undefined)
                tail = {...tail, last: last.event.revision, ids: withPlaces(tail.ids, page)};
        }
        this.#keep(stream, tail);
        return tail;
    }

    /** To be told of events that were appended right behind a revision. */
    appended(stream: string, after: bigint, ids: readonly string[], {revision, position}: {readonly revision: bigint; readonly position: bigint}): void {
        const known = this.#tails.get(stream);
        // A repetition, which is behind what others have appended since.
        if (known !== undefined && known.last >= revision)
            return;
        const first = revision - BigInt(ids.length) + 1n;
        const tail = after < 0n ? {last: after, ids: new Map<string, Place>(), since: 0, oldest: first} : known;
        if (tail?.last !== after)
            return;
        for (const [i, id] of ids.entries())
            tail.ids.set(id, {revision: first + BigInt(i), position: i === ids.length - 1 ? position : undefined});
        this.#keep(stream, {...tail, last: revision});
    }

    /** To be told of what was read to the end of a stream. */
    learn(stream: string, page: readonly LocatedEvent[], isWhole: boolean): void {
        const known = page.slice(-LEARNED_IDS);
        const [oldest] = known;
        const last = known.at(-1);
        if (oldest === undefined || last === undefined || (this.#tails.get(stream)?.last ?? -1n) >= last.event.revision)
            return;
        const since = isWhole && known.length === page.length ? 0 : oldest.event.created.getTime() + RESOLUTION_MS;
        this.#keep(stream, {last: last.event.revision, ids: withPlaces(new Map(), known), since, oldest: oldest.event.revision});
    }

    async #read(stream: string): Promise<StreamTail> {
        const page = (await this.#reader.page(stream, 'backwards', undefined, PAGE)).reverse();
        const oldest = page[0];
        const tail: StreamTail = {
            last: page.at(-1)?.event.revision ?? -1n, ids: withPlaces(new Map(), page), oldest: oldest?.event.revision ?? 0n,
            since: oldest === undefined || page.length < PAGE ? 0 : oldest.event.created.getTime() + RESOLUTION_MS
        };
        this.#keep(stream, tail);
        return tail;
    }

    async #extend(stream: string, tail: StreamTail): Promise<StreamTail> {
        const page = tail.oldest <= 0n ? [] : await this.#reader.page(stream, 'backwards', tail.oldest - 1n, PAGE);
        const oldest = page.at(-1);
        const reached = oldest === undefined || page.length < PAGE ? 0 : oldest.event.created.getTime() + RESOLUTION_MS;
        return {...tail, ids: withPlaces(tail.ids, page), since: reached, oldest: oldest?.event.revision ?? 0n};
    }

    /** Whether the stream is known to have got so far. */
    knows(stream: string, revision: bigint): boolean {
        return (this.#tails.get(stream)?.last ?? -1n) >= revision;
    }

    #keep(stream: string, tail: StreamTail): void {
        this.forget(stream);
        this.#tails.set(stream, tail);
        this.#counts.set(stream, tail.ids.size);
        this.#size += tail.ids.size;
        for (const name of this.#tails.keys()) {
            if (this.#size <= MOST_IDS)
                return;
            this.forget(name);
        }
    }

    forget(stream: string): void {
        this.#size -= this.#counts.get(stream) ?? 0;
        this.#counts.delete(stream);
        this.#tails.delete(stream);
    }
}

/** Adds where events stand. */
function withPlaces(ids: Map<string, Place>, events: readonly LocatedEvent[]): Map<string, Place> {
    for (const {event: {id, revision}, position} of events)
        ids.set(id, {revision, position});
    return ids;
}
