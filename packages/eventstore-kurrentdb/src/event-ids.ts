import {ConflictError} from 'woltage';
import type {Place} from './stream-tails.ts';

/**
 * When an event with this id can have been made at the earliest, in ms since the epoch: UUIDv7, and ids that Woltage derives from one, begin
 * with their time. 0 for others.
 */
export function timeOf(id: string, now: number): number {
    const version = id.charAt(14);
    const ms = version === '7' || version === '8' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : 0;
    return ms > now ? 0 : ms;
}

/** Where the last of these events stands, when they stand in a row somewhere; `undefined` when none of them is known, an error when some are. */
export function findInARow(ids: readonly string[], known: ReadonlyMap<string, Place>): Place | ConflictError | undefined {
    const places = ids.map(id => known.get(id));
    const taken = places.findIndex(place => place !== undefined);
    if (taken < 0)
        return undefined;
    const [first] = places;
    const isRow = first !== undefined && places.every((place, i) => place?.revision === first.revision + BigInt(i));
    return isRow ? places.at(-1) : idExists(ids[taken] as string);
}

export const idExists = (id: string): ConflictError => new ConflictError(`Event id ${id} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id}});
