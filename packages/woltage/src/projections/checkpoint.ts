import type {IStore, RecordWrite} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';

const KEY = 'checkpoint';

/** Who works on a projection. */
export interface Owner {
    /** Unique to one runtime of one process. */
    readonly id: string;
    /** The machine, as far as its processes can see each other. */
    readonly host: string;
    readonly pid: number;
    /** When the process started, in ms since the Unix epoch: tells it from an earlier one with the same id. */
    readonly startedAt: number;
}

/** This runtime as an owner, and what it can tell of others. */
export interface Self {
    readonly owner: Owner;
    /** True when that owner's process is known to be gone; false when nothing is known. */
    readonly isGone: (owner: Owner) => boolean;
}

/** How far a projection has come, kept in its own store and committed with its rows. */
export interface Checkpoint {
    /** Everything up to here has been handled; -1n: nothing yet. */
    readonly position: bigint;
    /** Tells a projection that was removed and added again from the one before. */
    readonly generation: string;
    /** Who works on it; null when it was left in order. */
    readonly owner: Owner | null;
    /** Changes with every commit: whoever holds it may write, everybody else is too late (a fencing token). */
    readonly token: string;
}

export async function readCheckpoint(store: IStore): Promise<Checkpoint | undefined> {
    const [record] = await store.getRecords([KEY]);
    if (record === undefined)
        return undefined;
    const {position, ...rest} = JSON.parse(record.value) as {position: string; generation: string; owner: Owner | null};
    return {...rest, position: BigInt(position), token: record.token};
}

/** The checkpoint after a commit, and the write that brings it there, which fails when somebody else wrote in between. */
export function nextCheckpoint(
    {position, generation, owner}: Omit<Checkpoint, 'token'>, expected: string | null
): {readonly checkpoint: Checkpoint; readonly write: RecordWrite} {
    const token = uuidV7();
    const value = JSON.stringify({position: position.toString(), generation, owner});
    return {checkpoint: {position, generation, owner, token}, write: {key: KEY, value, token, expected}};
}

/**
 * Takes a projection's data over: from here on, writes of whoever worked on it before fail. Data of another generation is
 * removed. Where somebody else is at work, nothing is done and the checkpoint is returned as it is.
 *
 * @param expired A token that has not changed for the time of a lease: whoever holds it is taken for dead
 */
export async function takeOver(store: IStore, generation: string, self: Self, expired: string | undefined): Promise<Checkpoint> {
    const found = await readCheckpoint(store);
    const current = found?.generation === generation ? found : undefined;
    if (current !== undefined && current.token !== expired && isSomebodyElses(current, self))
        return current;
    if (found !== undefined && current === undefined)
        await store.dropTables();
    await store.createTables();
    const {checkpoint, write} = nextCheckpoint({position: current?.position ?? -1n, generation, owner: self.owner}, current?.token ?? null);
    await store.commit({records: [write]});
    return checkpoint;
}

const isSomebodyElses = ({owner}: Checkpoint, self: Self): boolean =>
    owner !== null && owner.id !== self.owner.id && !self.isGone(owner);
