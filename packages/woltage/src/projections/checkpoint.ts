import type {IStore, RecordWrite} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';

const KEY = 'checkpoint';

/** How far a projection has come, kept in its own store and committed with its rows. */
export interface Checkpoint {
    /** Everything up to here has been handled; -1n: nothing yet. */
    readonly position: bigint;
    /** Tells a projection that was removed and added again from the one before. */
    readonly generation: string;
    /** Changes with every commit: whoever holds it may write, everybody else is too late (a fencing token). */
    readonly token: string;
}

export async function readCheckpoint(store: IStore): Promise<Checkpoint | undefined> {
    const [record] = await store.getRecords([KEY]);
    if (record === undefined)
        return undefined;
    const {position, generation} = JSON.parse(record.value) as {position: string; generation: string};
    return {position: BigInt(position), generation, token: record.token};
}

/** The checkpoint after a commit, and the write that brings it there, which fails when somebody else wrote in between. */
export function nextCheckpoint(
    position: bigint, generation: string, expected: string | null
): {readonly checkpoint: Checkpoint; readonly write: RecordWrite} {
    const token = uuidV7();
    const value = JSON.stringify({position: position.toString(), generation});
    return {checkpoint: {position, generation, token}, write: {key: KEY, value, token, expected}};
}

/**
 * Takes a projection's data over: from here on, writes of whoever worked on it before fail. Data of another generation is
 * removed.
 */
export async function takeOver(store: IStore, generation: string): Promise<Checkpoint> {
    const found = await readCheckpoint(store);
    const current = found?.generation === generation ? found : undefined;
    if (found !== undefined && current === undefined)
        await store.dropTables();
    await store.createTables();
    const {checkpoint, write} = nextCheckpoint(current?.position ?? -1n, generation, current?.token ?? null);
    await store.commit({records: [write]});
    return checkpoint;
}
