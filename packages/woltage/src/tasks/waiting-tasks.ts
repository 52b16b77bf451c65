import {StaleRecordError} from '../errors/index.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';
import {loadTasks} from './find-due.ts';
import {create, decodePlace, decodeTask, DUE, dueKey, encodePlace, encodeTask, idKey, isDead, remove, type Found} from './places.ts';
import type {Task} from './task.ts';

/** A task that nobody works on. */
export interface WaitingTask {
    readonly task: Task;
    /** Where it stands among the others, in the order of being due. */
    readonly place: string;
}

const DEFAULT_LIMIT = 100;

/** Tasks that nobody works on, the earliest first. Not for ordered queues. @param options `after`: the place of the last one of the page before */
export async function waitingTasks(store: IStore, {after, limit = DEFAULT_LIMIT}: {readonly after?: string | undefined; readonly limit?: number | undefined} = {}): Promise<readonly WaitingTask[]> {
    const found: WaitingTask[] = [];
    for (let last = after === undefined ? undefined : DUE + after; found.length < limit;) {
        const page = (await store.listRecords(DUE, {after: last, limit: limit - found.length})).map(({key, token, value}) => ({key, token, task: decodePlace(value)}));
        found.push(...(await loadTasks(store, page)).map(({key, task}) => ({task, place: key.slice(DUE.length)})));
        last = page.at(-1)?.key;
        if (last === undefined)
            break;
    }
    return found;
}

/** Takes a task back that nobody works on. Not for ordered queues. @param accepts Whether it is one that is meant. @returns Whether there was one */
export const cancelTask = (store: IStore, id: string, accepts: (task: Task) => boolean): Promise<boolean> =>
    change(store, id, accepts, () => ({task: null, records: []}));

/** Has a task that nobody works on run at another time. Not for ordered queues. @param accepts Whether it is one that is meant. @returns Whether there was one */
export const moveTask = (store: IStore, id: string, dueAt: number, accepts: (task: Task) => boolean): Promise<boolean> =>
    change(store, id, accepts, task => {
        const moved = {...task, dueAt};
        return {task: encodeTask(moved), records: [create(dueKey(moved, false), encodePlace(moved))]};
    });

/** What becomes of a task: its record, and others. */
interface Change {
    readonly task: string | null;
    readonly records: readonly RecordWrite[];
}

async function change(store: IStore, id: string, accepts: (task: Task) => boolean, to: (task: Task) => Change): Promise<boolean> {
    for (let before: string | undefined; ;) {
        const [record] = await store.getRecords([idKey(id)]);
        const known = record && decodeTask(record.value);
        if (record === undefined || known === undefined || isDead(known))
            return false;
        const found = await findWaiting(store, known);
        // It isn't where it was to be, and hasn't come to anywhere else: somebody works on it.
        if (found === undefined ? before === record.token : !accepts(found.task))
            return false;
        if (found !== undefined && await tryCommit(store, {key: found.key, token: found.token, id, expected: record.token}, to(found.task)))
            return true;
        before = record.token;
    }
}

async function findWaiting(store: IStore, known: Task): Promise<Found<Task> | undefined> {
    const key = dueKey(known, false);
    const [place] = await store.getRecords([key]);
    return place && {key, token: place.token, task: {...known, ...decodePlace(place.value)}};
}

interface At {
    readonly key: string;
    readonly token: string;
    readonly id: string;
    readonly expected: string;
}

/** @returns Whether it was as it had been found */
async function tryCommit(store: IStore, {key, token, id, expected}: At, {task, records}: Change): Promise<boolean> {
    // At the same time as before: it is there already.
    if (records.some(record => record.key === key))
        return true;
    try {
        await store.commit({records: [remove(key, token), {key: idKey(id), value: task, token: uuidV7(), expected}, ...records]});
        return true;
    } catch (error) {
        if (error instanceof StaleRecordError)
            return false;
        throw error;
    }
}
