import {STATE_EXISTS, STATE_NEW, type ExpectedRevision} from 'woltage';
import type {EncodedAppend} from './encode.ts';

/** A stream, as the table names it. */
export interface StreamName {
    readonly aggregateName: string;
    readonly aggregateId: string;
}

/** Where an event stands that is in the table already. */
export interface Place {
    readonly stream: string;
    readonly revision: number;
    readonly position: bigint;
}

/** In place of the revision of a stream that was erased. */
export const ERASED = -2;

/** What is known, or assumed, of the streams and events of some appends. */
export interface StreamState {
    /** The revision of the last event of each stream; -1 where there is none, {@link ERASED} where nothing may follow. */
    readonly last: ReadonlyMap<string, number>;
    /** The events that are in the table already, by id. */
    readonly places: ReadonlyMap<string, Place>;
    /** Whether it was read in one snapshot, and so was true at that time. */
    readonly isRead: boolean;
}

/** What tells streams apart. */
export const streamKey = ({aggregateName, aggregateId}: StreamName): string => `${aggregateName.length} ${aggregateName}${aggregateId}`;

/** The streams of some appends, each once. */
export const streamsOf = (appends: readonly EncodedAppend[]): ReadonlyMap<string, StreamName> =>
    new Map(appends.map(append => [streamKey(append), append]));

/**
 * The state in which the appends find what they expect; `undefined` where one of them tells too little. Appending on this assumption, which is checked
 * with the write, spares looking first.
 */
export function assumedState(appends: readonly EncodedAppend[]): StreamState | undefined {
    const last = new Map<string, number>();
    for (const append of appends) {
        const key = streamKey(append);
        if (last.has(key))
            continue;
        const {revision} = append;
        if (revision === undefined || revision === STATE_EXISTS)
            return undefined;
        last.set(key, revision === STATE_NEW ? -1 : Number(revision));
    }
    return {last, places: new Map(), isRead: false};
}

export function isAsExpected(last: number, expected: ExpectedRevision | undefined): boolean {
    if (expected === undefined)
        return true;
    return expected === STATE_NEW ? last < 0 : expected === STATE_EXISTS ? last >= 0 : BigInt(last) === expected;
}
