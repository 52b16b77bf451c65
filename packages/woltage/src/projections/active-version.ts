import {ConflictError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import {delay} from '../shared/delay.ts';
import type {Self} from '../shared/owner.ts';
import {readCheckpoint, sliceKey, type Checkpoint} from './checkpoint.ts';
import type {ProjectionEntry} from './projection-entry.ts';

const LOOK_MS = 25;

const checkpointOf = (data: IStore, slice: number): Promise<Checkpoint | undefined> => readCheckpoint(data, sliceKey('checkpoint', slice));
const isOwned = (checkpoint: Checkpoint | undefined, self: Self): boolean =>
    checkpoint !== undefined && checkpoint.owner !== null && !self.isGone(checkpoint.owner);

/** How far versions have come that this process may not work on. */
export class Positions {
    readonly #entryOf: (id: string) => ProjectionEntry | undefined;
    readonly #self: Self;

    constructor(entryOf: (id: string) => ProjectionEntry | undefined, self: Self) {
        this.#entryOf = entryOf;
        this.#self = self;
    }

    /** Where a slice stands, and whether somebody works on it. */
    async of(id: string, slice: number): Promise<{readonly position: bigint; readonly isOwned: boolean}> {
        const entry = this.#entryOf(id);
        const worker = entry?.parts?.work.workers[slice];
        if (worker?.isOwner === true)
            return {position: worker.position, isOwned: true};
        const checkpoint = entry?.data === undefined ? undefined : await checkpointOf(entry.data, slice);
        // Data of an earlier projection of that name counts for nothing.
        const current = checkpoint?.generation === entry?.definition.generation ? checkpoint : undefined;
        return {position: current?.position ?? -1n, isOwned: isOwned(current, this.#self)};
    }

    /** Waits until nobody works on a removed projection any more, but not forever. */
    async untilReleased(data: IStore, slices: number, timeoutMs: number): Promise<void> {
        for (const end = performance.now() + timeoutMs; performance.now() < end; await delay(LOOK_MS)) {
            const checkpoints = await Promise.all(Array.from({length: slices}, (_, slice) => checkpointOf(data, slice)));
            if (!checkpoints.some(checkpoint => isOwned(checkpoint, this.#self)))
                return;
        }
    }
}

/** Whether some process works on a projection, all of it. */
export async function isWorkedOn({parts, data, definition}: ProjectionEntry, self: Self): Promise<boolean> {
    if (parts?.work.workers.every(({isOwner}) => isOwner) === true)
        return true;
    if (data === undefined)
        return false;
    const checkpoints = await Promise.all(Array.from({length: definition.partitions}, (_, slice) => checkpointOf(data, slice)));
    return checkpoints.every(checkpoint => isOwned(checkpoint, self));
}

/** @throws ConflictError `PROJECTION_NOT_LIVE` or `PROJECTION_FAULTED` when a switch needs to be forced */
export function checkSwitch(from: ProjectionEntry | undefined, to: ProjectionEntry, canHandOver: boolean): void {
    if (!to.projection.isLiveTracking)
        throw new ConflictError(`Projection '${to.projection.id}' is not tracking live events: it is ${to.projection.state}. Wait until it is `
            + 'live, or force the switch.', {code: 'PROJECTION_NOT_LIVE', details: {state: to.projection.state}});
    if (from !== undefined && !canHandOver)
        throw new ConflictError(`The active projection '${from.projection.id}' is ${from.projection.state} at position ${from.projection.position}, so that both can't be brought `
            + 'to one position: events could lose their side effects or have them twice. Mend it, or force the switch.',
        {code: 'PROJECTION_FAULTED', details: {state: from.projection.state, position: from.projection.position.toString()}});
}
