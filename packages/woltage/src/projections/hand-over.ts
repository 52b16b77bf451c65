import {ConflictError} from '../errors/index.ts';
import type {ProjectionEntry, ProjectionParts} from './projection-entry.ts';
import {positionOf} from './projection-entry.ts';

/** How long both versions may take to come to one position, in ms. */
const HAND_OVER_TIMEOUT_MS = 30_000;

const later = (a: bigint, b: bigint): bigint => a > b ? a : b;

/**
 * Brings two versions of a projection to one position and keeps them there while `write` makes the switch. The old version has
 * run the effects of every event up to it, and the new one runs those after it: none is lost, none runs twice.
 *
 * @throws UnavailableError `POSITION_TIMEOUT` when one of them doesn't get there in time; nothing is changed then
 */
export async function handOver(
    from: ProjectionParts, to: ProjectionParts, write: (position: bigint) => Promise<void>
): Promise<void> {
    const workers = [from.worker, to.worker];
    try {
        const releases = await Promise.all(workers.map(worker => worker.pause()));
        const position = later(from.worker.position, to.worker.position);
        for (const worker of workers)
            worker.limitTo(position);
        for (const release of releases)
            release();
        await Promise.all(workers.map(worker => worker.reached(position, HAND_OVER_TIMEOUT_MS)));
        await write(position);
    } finally {
        for (const worker of workers)
            worker.limitTo(undefined);
    }
}

/**
 * Keeps a version still while `write` makes it the first active one (or ends its being active), at the position where it
 * stands or at `atLeast`, whichever is later.
 */
export async function holdAt(parts: ProjectionParts, atLeast: bigint, write: (position: bigint) => Promise<void>): Promise<void> {
    const {worker} = parts;
    const release = await worker.pause();
    try {
        const position = later(await positionOf(parts), atLeast);
        worker.limitTo(position);
        await write(position);
    } finally {
        worker.limitTo(undefined);
        release();
    }
}

/** @throws ConflictError `PROJECTION_NOT_LIVE` or `PROJECTION_FAULTED` when a switch needs to be forced */
export function checkSwitch(from: ProjectionEntry | undefined, to: ProjectionEntry): void {
    if (!to.projection.isLiveTracking)
        throw new ConflictError(`Projection '${to.projection.id}' is not tracking live events: it is ${to.projection.state}. Wait until it is `
            + 'live, or force the switch.', {code: 'PROJECTION_NOT_LIVE', details: {state: to.projection.state}});
    if (from !== undefined && !canHandOver(from))
        throw new ConflictError(`The active projection '${from.projection.id}' is ${from.projection.state} at position ${from.projection.position}, so that both can't be brought `
            + 'to one position: events could lose their side effects or have them twice. Mend it, or switch where it is worked on; or force the switch.',
        {code: 'PROJECTION_FAULTED', details: {state: from.projection.state, position: from.projection.position.toString()}});
}

export const canHandOver = ({projection}: ProjectionEntry): boolean =>
    projection.state === 'live' || projection.state === 'replaying';
