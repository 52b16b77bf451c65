import type {AppendResult} from 'woltage';
import {checkExpected} from './appender.ts';
import type {EncodedAppend} from './encode.ts';

/** Appends to one stream that are made as one: KurrentDB takes each stream once. */
export interface JoinedAppend {
    readonly append: EncodedAppend;
    /** In their order, each with its place in what the caller gave. */
    readonly parts: readonly {readonly part: EncodedAppend; readonly index: number}[];
}

export function joinByStream(appends: readonly EncodedAppend[]): JoinedAppend[] {
    const byStream = new Map<string, JoinedAppend>();
    for (const [index, part] of appends.entries()) {
        const joined = byStream.get(part.stream);
        byStream.set(part.stream, joined === undefined
            ? {append: part, parts: [{part, index}]}
            : {append: {...joined.append, events: [...joined.append.events, ...part.events]}, parts: [...joined.parts, {part, index}]});
    }
    return [...byStream.values()];
}

/** Whether each part finds its stream where the part before leaves it. @throws ConflictError `REVISION_CONFLICT` */
export function checkParts({parts}: JoinedAppend, behind: bigint): void {
    let last = behind;
    for (const [i, {part}] of parts.entries()) {
        if (i > 0)
            checkExpected(part, last);
        last += BigInt(part.events.length);
    }
}

/** The revision at which each part ends, when all of them end at `revision`. */
export function* endsOf({append, parts}: JoinedAppend, {revision}: Pick<AppendResult, 'revision'>): Generator<readonly [index: number, revision: bigint]> {
    let end = revision - BigInt(append.events.length);
    for (const {part, index} of parts) {
        end += BigInt(part.events.length);
        yield [index, end];
    }
}
