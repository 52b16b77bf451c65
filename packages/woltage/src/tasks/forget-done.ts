import {StaleRecordError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import {DONE, doneIdOf, idKey, remove, timeIn} from './places.ts';

const PAGE = 500;

/** Forgets tasks that were done long ago. @returns Whether there may be more of them */
export async function forgetDone(store: IStore, now: number): Promise<boolean> {
    const done = await store.listRecords(DONE, {limit: PAGE});
    const old = done.filter(({key}) => timeIn(key, DONE) <= now);
    try {
        // The mark goes with the id: whoever finds the mark as it was knows that the id hasn't been given to another task.
        if (old.length > 0)
            await store.commit({records: old.flatMap(({key, token}) => [remove(key, token), remove(idKey(doneIdOf(key)))])});
    } catch (error) {
        if (!(error instanceof StaleRecordError))
            throw error;
        return false;
    }
    return old.length === PAGE;
}
