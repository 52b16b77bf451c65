import type {IStore} from '../ports/index.ts';
import type {Clock} from '../shared/clock.ts';
import type {DueTask} from './claim.ts';
import {decodeTask, DUE, timeOf, type Task} from './task.ts';
import type {TaskWork} from './task-work.ts';

const PAGE = 100;

/** What is due and known here: not always the first ones, so that processes don't all reach for the same; and how long until the next is, in ms. */
export async function findDue(store: IStore, work: TaskWork, free: number, clock: Clock): Promise<{readonly due: readonly DueTask[]; readonly nextMs: number}> {
    const found: DueTask[] = [];
    const now = clock.now();
    let nextMs = Infinity;
    for (let after: string | undefined; ;) {
        const page = await store.listRecords(DUE, {after, limit: PAGE});
        const isDue = page.filter(({key}) => timeOf(key) <= now);
        found.push(...isDue.map(({key, token, value}) => ({key, token, task: decodeTask(value)})).filter(({task}) => work.policyOf(task.kind) !== undefined));
        if (isDue.length < page.length)
            nextMs = timeOf(page[isDue.length]?.key ?? '') - now;
        if (isDue.length < PAGE || found.length >= free)
            break;
        after = page.at(-1)?.key;
    }
    const from = clock.isSteady === true ? 0 : Math.floor(Math.random() * Math.max(1, found.length - free + 1));
    return {due: found.slice(from, from + free), nextMs: Math.max(0, nextMs)};
}

/** All tasks that are neither done nor dead, the earliest first. Those that a process works on say so in `claimedBy`. */
export async function openTasks(store: IStore): Promise<readonly Task[]> {
    return (await store.listRecords(DUE)).map(({value}) => decodeTask(value));
}
