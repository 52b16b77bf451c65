import type {IStore, RecordWrite} from '../ports/index.ts';
import type {Owner, Self} from '../shared/owner.ts';
import {uuidV7} from '../shared/uuid.ts';

/** How far a projection, or a slice of it, has come; kept in its own store and committed with its rows. */
export interface CheckpointState {
    /** Everything up to here has been handled; -1n: nothing yet. */
    readonly position: bigint;
    /** Tells a projection that was removed and added again from the one before. */
    readonly generation: string;
    /** Who works on it; null when it was left in order. */
    readonly owner: Owner | null;
    /** Whether the owner has caught up, and follows events as they come. */
    readonly live: boolean;
}

export interface Checkpoint extends CheckpointState {
    /** Changes with every commit: whoever holds it may write, everybody else is too late (a fencing token). */
    readonly token: string;
}

/** A projection's data as one of its slices sees it. */
export interface SliceStore {
    readonly store: IStore;
    /** The key of the slice's checkpoint. */
    readonly key: string;
    readonly generation: string;
}

/** The key of a slice's own record, such as its checkpoint; a projection that isn't partitioned has one slice. */
export const sliceKey = (what: string, slice: number): string => slice === 0 ? what : `${what}/${slice}`;

export async function readCheckpoint(store: IStore, key = 'checkpoint'): Promise<Checkpoint | undefined> {
    const [record] = await store.getRecords([key]);
    if (record === undefined)
        return undefined;
    const {position, live = false, ...rest} = JSON.parse(record.value) as {position: string; generation: string; owner: Owner | null; live?: boolean};
    return {...rest, live, position: BigInt(position), token: record.token};
}

/** The checkpoint after a commit, and the write that brings it there, which fails when somebody else wrote in between. */
export function nextCheckpoint(
    key: string, {position, generation, owner, live}: CheckpointState, expected: string | null
): {readonly checkpoint: Checkpoint; readonly write: RecordWrite} {
    const token = uuidV7();
    const value = JSON.stringify({position: position.toString(), generation, owner, live});
    return {checkpoint: {position, generation, owner, live, token}, write: {key, value, token, expected}};
}

/** What a slice's checkpoint looks like to somebody who might take it over. */
export interface Standing {
    /** As found; `undefined` when there is none of this generation. */
    readonly checkpoint: Checkpoint | undefined;
    /** Data of an earlier generation is in the way. */
    readonly isOutdated: boolean;
}

export async function lookAt({store, key, generation}: SliceStore): Promise<Standing> {
    const found = await readCheckpoint(store, key);
    return found === undefined || found.generation === generation
        ? {checkpoint: found, isOutdated: false}
        : {checkpoint: undefined, isOutdated: true};
}

/**
 * Takes a slice over: from here on, writes of whoever worked on it before fail. Data of another generation is removed. A slice that begins from nothing
 * may lack its declared indexes.
 *
 * @param records Written together with the take-over
 * @throws StaleRecordError when somebody else was faster
 */
export async function takeOver(
    {store, key, generation}: SliceStore, {checkpoint: current, isOutdated}: Standing, self: Self, records: readonly RecordWrite[] = []
): Promise<Checkpoint> {
    if (isOutdated)
        await store.dropTables();
    const position = current?.position ?? -1n;
    await (position < 0n && store.createBareTables !== undefined ? store.createBareTables() : store.createTables());
    const state = {position, generation, owner: self.owner, live: false};
    const {checkpoint, write} = nextCheckpoint(key, state, current?.token ?? null);
    await store.commit({records: [write, ...records]});
    return checkpoint;
}

/** Whether somebody else is at work, as far as one can tell. */
export const isTaken = ({owner}: CheckpointState, self: Self): boolean =>
    owner !== null && owner.id !== self.owner.id && !self.isGone(owner);
