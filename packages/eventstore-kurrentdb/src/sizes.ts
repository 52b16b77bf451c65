import {BadRequestError} from 'woltage';
import type {EncodedAppend} from './encode.ts';

const MIB = 1024 * 1024;
/** 16 MiB less what a log record has around it. */
const MAX_EVENT = 16 * MIB - 10_000;

/** What one append may hold, in bytes, by the server's version; servers that don't tell theirs are taken for old ones. */
export function maxAppendSize(version: string): number {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return major > 25 || major === 25 && minor >= 1 ? 256 * MIB : MIB;
}

/**
 * Refuses what the server would: its own answers don't say why.
 *
 * @throws BadRequestError `EVENT_TOO_LARGE`, `APPEND_TOO_LARGE`
 */
export function checkSizes(appends: readonly EncodedAppend[], mostBytes: number): void {
    const events = appends.flatMap(append => append.events);
    const large = events.find(({size}) => size > Math.min(MAX_EVENT, mostBytes));
    if (large !== undefined)
        throw new BadRequestError(`Event '${large.type}' ${large.id} has ${large.size} bytes, of ${Math.min(MAX_EVENT, mostBytes)} that KurrentDB takes.`, {code: 'EVENT_TOO_LARGE', details: {id: large.id}});
    const total = events.reduce((sum, {size}) => sum + size, 0);
    if (total > mostBytes)
        throw new BadRequestError(`${events.length} events have ${total} bytes together, of ${mostBytes} that this KurrentDB takes at once.`, {code: 'APPEND_TOO_LARGE', details: {size: total, most: mostBytes}});
}
