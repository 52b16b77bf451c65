import {afterEach, describe, expect, it} from 'vitest';
import {MemoryStore, MemoryStoreData} from '../memory/index.ts';
import type {IStore} from '../ports/index.ts';
import {silentLogger} from '../shared/logger.ts';
import {cancelTask, changeTask, TaskQueue, waitingTasks, type RetryPolicy} from './index.ts';

const policy: RetryPolicy = {maxAttempts: 3, backoffMs: 5, maxBackoffMs: 50, timeoutMs: 60_000};
const queues: TaskQueue[] = [];
afterEach(() => Promise.all(queues.splice(0).map(queue => queue.stop(0))));

async function scopeOf(data: MemoryStoreData): Promise<IStore> {
    const store = new MemoryStore(data).scope({namespace: 'tasks', tables: {}});
    await store.connect();
    return store;
}

function queueOn(store: IStore): TaskQueue {
    const queue = new TaskQueue({store, log: silentLogger, self: {owner: {id: 'x', host: 'h', pid: 1, startedAt: 1}, isGone: () => false}, pollMs: 10});
    queues.push(queue);
    return queue;
}

const start = (queue: TaskQueue, run: () => Promise<void>): Promise<void> => queue.start({policyOf: () => policy, run, onFinalFailure: async () => undefined, isFinal: ({message}) => message === 'Never.'});
const task = (id: string, dueAt: number) => ({id, kind: 'k', payload: {}, dueAt});
const moveTask = async (store: IStore, id: string, dueAt: number): Promise<boolean> => await changeTask(store, id, task => ({...task, dueAt})) === 'changed';
const any = (): boolean => true;
const idsIn = async (store: IStore): Promise<string[]> => (await waitingTasks(store)).map(({task: {id}}) => id);
const later = Date.now() + 3_600_000;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 5000; !await condition(); await new Promise(resolve => setTimeout(resolve, 2)))
        expect(Date.now()).toBeLessThan(end);
}

describe('tasks that wait', () => {
    it('are listed by the time at which they are due, in pages', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = queueOn(store);
        await queue.enqueue([task('c', later), task('b', later), task('a', later + 1), task('d', later - 1)]);
        const first = await waitingTasks(store, {limit: 2});
        expect(first.map(({task: {id}}) => id)).toEqual(['d', 'c']);
        const rest = await waitingTasks(store, {after: first[1]?.place});
        expect(rest.map(({task: {id, dueAt}}) => [id, dueAt - later])).toEqual([['b', 0], ['a', 1]]);
        expect(await waitingTasks(store, {after: rest[1]?.place})).toEqual([]);
        await expect(waitingTasks(store, {limit: 0})).rejects.toMatchObject({code: 'INVALID_LIMIT'});
    });

    it('can be moved and cancelled, but not while anybody works on them', async () => {
        const data = new MemoryStoreData();
        const store = await scopeOf(data);
        const [worker, other] = [queueOn(await scopeOf(data)), queueOn(store)];
        const runs: (() => void)[] = [];
        await start(worker, () => new Promise(resolve => runs.push(resolve)));
        await worker.enqueue([task('now', 0), task('moved', later), task('cancelled', later)]);
        await until(() => runs.length === 1);
        expect(await cancelTask(store, 'now', any)).toBe(false);
        expect(await moveTask(store, 'now', later)).toBe(false);
        expect(await cancelTask(store, 'unknown', any)).toBe(false);
        expect(await idsIn(store)).toEqual(['moved', 'cancelled']);
        expect(await cancelTask(store, 'cancelled', ({dueAt}) => dueAt !== later)).toBe(false);
        expect(await moveTask(store, 'cancelled', later)).toBe(true);
        expect(await cancelTask(store, 'cancelled', any)).toBe(true);
        expect(await cancelTask(store, 'cancelled', any)).toBe(false);
        expect(await moveTask(store, 'moved', 0)).toBe(true);
        await until(() => runs.length === 2);
        runs.forEach(finish => finish());
        await until(async () => (await (await scopeOf(data)).listRecords('open/')).length === 0);
        expect(await cancelTask(store, 'moved', any)).toBe(false);
        // What was cancelled may be queued again, what is done may not.
        await other.enqueue([task('cancelled', later), task('moved', later)]);
        expect(await idsIn(store)).toEqual(['cancelled']);
    });

    it('are not lost and not doubled when they are moved, cancelled and claimed all at once', async () => {
        const data = new MemoryStoreData();
        const worker = queueOn(await scopeOf(data));
        const store = await scopeOf(data);
        const ids = Array.from({length: 200}, (_, n) => `t${n}`);
        let runs = 0;
        await start(worker, async () => {
            runs++;
        });
        await worker.enqueue(ids.map(id => task(id, Date.now() + 20)));
        const outcomes = await Promise.all(ids.flatMap((id, n) => n % 2 === 0 ? [cancelTask(store, id, any), moveTask(store, id, 0)] : [moveTask(store, id, 0).then(() => false), cancelTask(store, id, any)]));
        const cancelled = ids.filter((_id, n) => outcomes[n % 2 === 0 ? 2 * n : 2 * n + 1]).length;
        await until(async () => (await (await scopeOf(data)).listRecords('open/')).length === 0);
        await until(() => runs + cancelled >= 200);
        expect(runs + cancelled).toBe(200);
    });

    it('can be changed, all of them, unless they are to stay as they are', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = queueOn(store);
        await queue.enqueue([task('t', later)]);
        expect(await changeTask(store, 't', waiting => ({...waiting, kind: 'other', payload: {n: 1}}))).toBe('changed');
        expect(await changeTask(store, 't', () => undefined)).toBe('known');
        expect(await changeTask(store, 'nobody', waiting => waiting)).toBe('unknown');
        expect((await waitingTasks(store)).map(({task: {kind, payload, dueAt}}) => ({kind, payload, dueAt}))).toEqual([{kind: 'other', payload: {n: 1}, dueAt: later}]);
    });

    it('are put to the dead letters at once when another attempt would be no use', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = queueOn(store);
        await start(queue, () => Promise.reject(new Error('Never.')));
        await queue.enqueue([task('t', 0)]);
        await until(async () => (await queue.deadTasks()).length === 1);
        expect(await queue.deadTasks()).toMatchObject([{id: 't', attempts: 1, error: {message: 'Never.'}}]);
    });
});
