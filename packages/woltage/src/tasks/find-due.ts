import type {IStore} from '../ports/index.ts';
import {decodePlace, decodeTask, DUE, idKey, isDead, OPEN, timeIn, type Found, type Place} from './places.ts';
import type {Task} from './task.ts';

const MIN_PAGE = 100;
const MAX_PAGE = 1000;

export interface FindOptions {
    readonly now: number;
    readonly count: number;
    /** Whether the task can be run here, and nobody else is at it. */
    readonly isFree: (found: Found<Place>) => boolean;
}

/** Where the first tasks are that are due and free, and how long until the next is due, in ms. */
export async function findDue(store: IStore, {now, count, isFree}: FindOptions): Promise<{readonly due: readonly Found<Place>[]; readonly nextMs: number}> {
    const due: Found<Place>[] = [];
    const limit = Math.min(MAX_PAGE, Math.max(MIN_PAGE, count));
    for (let after: string | undefined; ;) {
        const page = await store.listRecords(DUE, {after, limit});
        const isDue = page.filter(({key}) => timeIn(key, DUE) <= now);
        due.push(...isDue.map(({key, token, value}) => ({key, token, task: decodePlace(value)})).filter(isFree));
        const next = page[isDue.length];
        if (next !== undefined || page.length < limit || due.length >= count)
            return {due: due.slice(0, count), nextMs: next === undefined ? Infinity : timeIn(next.key, DUE) - now};
        after = page.at(-1)?.key;
    }
}

/** The tasks that were found; without those that have come to an end meanwhile. */
export async function loadTasks(store: IStore, found: readonly Found<Place>[]): Promise<readonly Found<Task>[]> {
    const records = found.length === 0 ? [] : await store.getRecords(found.map(({task: {id}}) => idKey(id)));
    return found.flatMap(({key, token, task: place}, i) => {
        const value = records[i]?.value;
        const task = value === undefined ? undefined : decodeTask(value);
        return task === undefined || isDead(task) ? [] : [{key, token, task: {...task, ...place}}];
    });
}

/** Tasks that are neither done nor dead, the earliest first. Those that a process works on say so in `claimedBy`. @param limit Takes those that are worked on, and then the earliest. @default all */
export async function openTasks(store: IStore, limit?: number): Promise<readonly Task[]> {
    const found = (await store.listRecords(OPEN, {limit})).map(({key, token, value}) => ({key, token, task: decodePlace(value)}));
    return (await loadTasks(store, found)).map(({task}) => task).sort((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence);
}
