import {StaleRecordError} from '../errors/index.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';
import {decodeTask, DUE, dueKey, encodeTask, idKey, timeOf, type Task} from './task.ts';

/** A place among the tasks that wait: behind the task of this id that is due then. */
export interface WaitingPlace {
    readonly id: string;
    /** ms since the Unix epoch. */
    readonly dueAt: number;
}

const DEFAULT_LIMIT = 100;
const PAGE = 500;

/** Tasks that nobody works on, the earliest first; `dueAt` is when they may run next. */
export async function waitingTasks(store: IStore, {after, limit = DEFAULT_LIMIT}: {readonly after?: WaitingPlace | undefined; readonly limit?: number | undefined} = {}): Promise<readonly Task[]> {
    const found: Task[] = [];
    for (let last = after && dueKey(after.dueAt, after.id); found.length < limit;) {
        const page = await store.listRecords(DUE, {after: last, limit: Math.min(PAGE, Math.max(limit - found.length, 1))});
        found.push(...page.map(({key, value}) => ({...decodeTask(value), dueAt: timeOf(key)})).filter(({claimedBy}) => claimedBy === undefined));
        last = page.at(-1)?.key;
        if (last === undefined)
            break;
    }
    return found;
}

/** Takes a task back that nobody works on. @param accepts Whether it is one that is meant. @returns Whether there was one */
export const cancelTask = (store: IStore, id: string, accepts?: (task: Task) => boolean): Promise<boolean> =>
    change(store, id, accepts, () => [{key: idKey(id), value: null, token: uuidV7()}]);

/** Has a task that nobody works on run at another time. @param accepts Whether it is one that is meant. @returns Whether there was one */
export const moveTask = (store: IStore, id: string, dueAt: number, accepts?: (task: Task) => boolean): Promise<boolean> =>
    change(store, id, accepts, task => {
        const key = dueKey(dueAt, id);
        return [{key, value: encodeTask({...task, dueAt}), token: uuidV7()}, {key: idKey(id), value: key, token: uuidV7()}];
    });

async function change(store: IStore, id: string, accepts: (task: Task) => boolean = () => true, to: (task: Task) => readonly RecordWrite[]): Promise<boolean> {
    for (;;) {
        const [pointer] = await store.getRecords([idKey(id)]);
        if (pointer?.value.startsWith(DUE) !== true)
            return false;
        const [record] = await store.getRecords([pointer.value]);
        // Undefined: it has moved between the two looks.
        const task = record && decodeTask(record.value);
        if (task !== undefined && (task.claimedBy !== undefined || !accepts(task)))
            return false;
        if (task !== undefined && record !== undefined && await replace(store, {key: pointer.value, token: record.token}, to(task)))
            return true;
    }
}

/** @returns Whether the record was as it had been found */
async function replace(store: IStore, {key, token: expected}: {readonly key: string; readonly token: string}, records: readonly RecordWrite[]): Promise<boolean> {
    const isMoved = records.every(record => record.key !== key);
    const writes = isMoved ? [{key, value: null, token: uuidV7(), expected}, ...records] : records.map(record => record.key === key ? {...record, expected} : record);
    try {
        await store.commit({records: writes});
        return true;
    } catch (error) {
        if (error instanceof StaleRecordError)
            return false;
        throw error;
    }
}
