import {committed} from '../ports/committed.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {checkPageLimit} from '../shared/page-limit.ts';
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
    checkPageLimit(limit);
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
export const cancelTask = async (store: IStore, id: string, accepts: (task: Task) => boolean): Promise<boolean> =>
    await changeTask(store, id, task => accepts(task) ? null : undefined) === 'changed';

/**
 * Changes a task that nobody works on, all at once. Not for ordered queues.
 *
 * @param to What becomes of it; `null`: it is taken back; `undefined`: it stays as it is
 * @returns `known`: it is as it was, or somebody works on it, or it is done or dead. `unknown`: there is nothing by that id
 */
export async function changeTask(store: IStore, id: string, to: (task: Task) => Task | null | undefined): Promise<'changed' | 'known' | 'unknown'> {
    for (let before: string | undefined; ;) {
        const [record] = await store.getRecords([idKey(id)]);
        if (record === undefined)
            return 'unknown';
        const known = decodeTask(record.value);
        if (known === undefined || isDead(known))
            return 'known';
        const found = await findWaiting(store, known);
        const changed = found && to(found.task);
        // It isn't where it was to be, and hasn't come to anywhere else: somebody works on it.
        if (found === undefined ? before === record.token : changed === undefined)
            return 'known';
        if (found !== undefined && changed !== undefined && await tryCommit(store, {key: found.key, token: found.token, id, expected: record.token}, changed))
            return 'changed';
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
const tryCommit = (store: IStore, {key, token, id, expected}: At, task: Task | null): Promise<boolean> =>
    committed(store.commit({records: [...moves(key, token, task), {key: idKey(id), value: task && encodeTask(task), token: uuidV7(), expected}]}));

/** The writes that change where a task waits. Always a new token: whoever has found it before doesn't get it. */
function moves(key: string, token: string, task: Task | null): readonly RecordWrite[] {
    if (task === null)
        return [remove(key, token)];
    const newKey = dueKey(task, false);
    return newKey === key ? [{key, value: encodePlace(task), token: uuidV7(), expected: token}] : [remove(key, token), create(newKey, encodePlace(task))];
}
