import {afterEach, describe, expect, it} from 'vitest';
import {MemoryStore, MemoryStoreData} from '../memory/index.ts';
import type {CommitBatch, IStore} from '../ports/index.ts';
import {silentLogger} from '../shared/logger.ts';
import {uuidV7} from '../shared/uuid.ts';
import {openTasks, TaskQueue, type RetryPolicy, type Task, type TaskRun} from './index.ts';

const policy: RetryPolicy = {maxAttempts: 3, backoffMs: 5, maxBackoffMs: 50, timeoutMs: 1000};
const queues: TaskQueue[] = [];
afterEach(async () => {
    await Promise.all(queues.splice(0).map(queue => queue.stop(0)));
});

interface Handlers {
    readonly run?: (task: Task, run: TaskRun) => Promise<void> | void;
    readonly onFinalFailure?: (task: Task, error: Error) => Promise<void>;
    readonly kinds?: readonly string[];
}

async function scopeOf(data: MemoryStoreData): Promise<IStore> {
    const store = new MemoryStore(data).scope({namespace: 'tasks', tables: {}});
    await store.connect();
    return store;
}

async function queueOn(store: IStore, options: object = {}): Promise<TaskQueue> {
    const queue = new TaskQueue({store, log: silentLogger, self: {owner: {id: uuidV7(), host: 'h', pid: 1, startedAt: 1}, isGone: ({host}) => host === 'gone'}, leaseMs: 100, pollMs: 20, ...options});
    queues.push(queue);
    return queue;
}

const startOn = (queue: TaskQueue, {run = () => undefined, onFinalFailure = async () => undefined, kinds = ['k']}: Handlers) =>
    queue.start({policyOf: kind => kinds.includes(kind) ? policy : undefined, run: async (task, r) => run(task, r), onFinalFailure});

const tasks = (count: number, kind = 'k', more: object = {}) => Array.from({length: count}, (_, i) => ({id: `${kind}${i}`, kind, payload: i, ...more}));

async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5000): Promise<void> {
    for (const end = Date.now() + timeoutMs; !await condition();) {
        expect(Date.now()).toBeLessThan(end);
        await new Promise(resolve => setTimeout(resolve, 2));
    }
}

describe('the task queue', () => {
    it('shares a thousand tasks between two instances: each runs once, all within a second', async () => {
        const data = new MemoryStoreData();
        const [one, two] = [await queueOn(await scopeOf(data)), await queueOn(await scopeOf(data))];
        const runs: string[] = [];
        const by = [0, 0];
        let began = 0;
        let last = 0;
        const handlers = (n: number): Handlers => ({run: ({id}) => {
            runs.push(id);
            by[n] = (by[n] ?? 0) + 1;
            last = performance.now();
        }});
        await startOn(one, handlers(0));
        await startOn(two, handlers(1));
        began = performance.now();
        await one.enqueue(tasks(1000));
        await until(() => runs.length >= 1000);
        await new Promise(resolve => setTimeout(resolve, 50));
        expect(runs).toHaveLength(1000);
        expect(new Set(runs).size).toBe(1000);
        expect(last - began).toBeLessThan(5000);
        expect(Math.min(...by)).toBeGreaterThan(50);
    });

    it('knows what it has queued: waiting, running, done and dead', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = await queueOn(store);
        const runs: string[] = [];
        await queue.enqueue(tasks(3));
        await queue.enqueue(tasks(4));
        await startOn(queue, {run: ({id}) => {
            runs.push(id);
            if (id === 'k1')
                throw new Error('No.');
        }});
        await until(async () => (await queue.deadTasks()).length === 1 && runs.length === 6);
        await queue.enqueue(tasks(4));
        await new Promise(resolve => setTimeout(resolve, 50));
        expect(runs.filter(id => id !== 'k1').sort()).toEqual(['k0', 'k2', 'k3']);
        expect(await queue.deadTasks()).toMatchObject([{id: 'k1', attempts: 3, error: {message: 'No.'}}]);
        await queue.discardDead('k1');
        await queue.enqueue(tasks(2));
        await until(() => runs.filter(id => id === 'k1').length === 6);
    });

    it('writes further records in the commit of the tasks, and tells when one of those is stale', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = await queueOn(store);
        const mark = (token: string, expected: string | null) => [{key: 'mark', value: token, token, expected}];
        await queue.enqueue([...tasks(2), ...tasks(1)], mark('1', null));
        await expect(queue.enqueue(tasks(4), mark('2', null))).rejects.toMatchObject({code: 'STALE_RECORD'});
        expect((await openTasks(store)).map(({id}) => id)).toEqual(['k0', 'k1']);
        const rival = await queueOn(store);
        // A rival queues one of the tasks between the look and the commit: that is no reason to fail.
        const commit = store.commit.bind(store);
        store.commit = async batch => {
            store.commit = commit;
            await rival.enqueue(tasks(3));
            return commit(batch);
        };
        await queue.enqueue(tasks(4), mark('2', '1'));
        expect((await openTasks(store)).map(({id}) => id)).toEqual(['k0', 'k1', 'k2', 'k3']);
        await queue.enqueue(tasks(4), mark('3', '2'));
        expect((await store.getRecords(['mark']))[0]?.value).toBe('3');
    });

    it('runs tasks when they are due, and takes those back that are cancelled', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = await queueOn(store);
        const runs: string[] = [];
        await startOn(queue, {run: ({id}) => {
            runs.push(id);
        }});
        const now = Date.now();
        await queue.enqueue([{id: 'late', kind: 'k', payload: 0, dueAt: now + 150}, {id: 'never', kind: 'k', payload: 0, dueAt: now + 80}, {id: 'past', kind: 'k', payload: 0, dueAt: now - 1e6}]);
        expect(await queue.cancel('never')).toBe(true);
        expect(await queue.cancel('never')).toBe(false);
        await until(() => runs.includes('past'));
        expect(Date.now()).toBeLessThan(now + 150);
        await until(() => runs.includes('late'));
        expect(Date.now()).toBeGreaterThanOrEqual(now + 150);
        expect(runs).toEqual(['past', 'late']);
    });

    it('leaves kinds alone that it doesn\'t know, however many stand in the way', async () => {
        const data = new MemoryStoreData();
        const [older, newer] = [await queueOn(await scopeOf(data)), await queueOn(await scopeOf(data))];
        const runs: string[] = [];
        const run = ({kind}: Task) => {
            runs.push(kind);
        };
        await startOn(older, {run});
        await older.enqueue(tasks(250, 'new', {dueAt: 1}));
        await older.enqueue(tasks(5));
        await until(() => runs.length === 5);
        await startOn(newer, {run, kinds: ['new']});
        await until(() => runs.length === 255);
        expect(runs.slice(0, 5)).toEqual(['k', 'k', 'k', 'k', 'k']);
    });

    it('goes on with what a dead process has left, not before its lease is over, and fences it off', async () => {
        const data = new MemoryStoreData();
        const store = await scopeOf(data);
        const sleeper = await queueOn(store);
        let wakeUp = (): void => undefined;
        const runs: string[] = [];
        await startOn(sleeper, {run: async () => {
            runs.push('sleeper');
            await new Promise<void>(resolve => wakeUp = resolve);
        }});
        await sleeper.enqueue(tasks(1));
        await until(() => runs.length === 1);
        // It is paused: it renews nothing.
        const commit = store.commit.bind(store);
        const held: (() => void)[] = [];
        store.commit = async batch => {
            await new Promise<void>(resolve => held.push(resolve));
            return commit(batch);
        };
        const other = await queueOn(await scopeOf(data));
        const began = performance.now();
        await startOn(other, {run: () => {
            runs.push('other');
        }});
        await until(() => runs.includes('other'));
        expect(performance.now() - began).toBeGreaterThan(30);
        store.commit = commit;
        wakeUp();
        held.forEach(release => release());
        await new Promise(resolve => setTimeout(resolve, 300));
        expect(runs).toEqual(['sleeper', 'other']);
        expect((await store.listRecords('')).map(({key}) => key.split('/')[0])).toEqual(['done', 'id']);
    });

    it('takes at once what a process has claimed that is known to be gone', async () => {
        const data = new MemoryStoreData();
        // It has no room for more.
        const dead = await queueOn(await scopeOf(data), {leaseMs: 60_000, concurrency: 3, self: {owner: {id: 'x', host: 'gone', pid: 1, startedAt: 1}, isGone: () => false}});
        let claimed = 0;
        await startOn(dead, {run: (_task, {signal}) => {
            claimed++;
            return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
        }});
        await dead.enqueue(tasks(3));
        await until(() => claimed === 3);
        const runs: string[] = [];
        await startOn(await queueOn(await scopeOf(data), {leaseMs: 60_000}), {run: ({id}) => {
            runs.push(id);
        }});
        await until(() => runs.length === 3, 4000);
    });

    it('keeps what it works on for as long as that takes, and gives it back when it stops', async () => {
        const data = new MemoryStoreData();
        const [one, two] = [await queueOn(await scopeOf(data)), await queueOn(await scopeOf(data))];
        const runs: string[] = [];
        await startOn(one, {run: async (_task, {signal}) => {
            runs.push('one');
            await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
        }});
        await one.enqueue(tasks(1));
        await until(() => runs.length === 1);
        await startOn(two, {run: (_task, {attempt}) => {
            runs.push(`two ${attempt}`);
        }});
        await new Promise(resolve => setTimeout(resolve, 300));
        expect(runs).toEqual(['one']);
        await one.stop(10);
        await until(() => runs.length === 2);
        expect(runs).toEqual(['one', 'two 1']);
    });

    it('loses nothing on a store that fails every third commit and loses every fifth answer', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const commit = store.commit.bind(store);
        let n = 0;
        store.commit = async (batch: CommitBatch) => {
            if (++n % 3 === 0)
                throw new Error('The database is away.');
            await commit(batch);
            if (n % 5 === 0)
                throw new Error('The answer was lost.');
        };
        const queue = await queueOn(store);
        const runs = new Set<string>();
        await startOn(queue, {run: ({id}) => {
            runs.add(id);
        }});
        for (const task of tasks(60)) {
            for (let isQueued = false; !isQueued;)
                isQueued = await queue.enqueue([task]).then(() => true, () => false);
        }
        await until(() => runs.size === 60, 20_000);
        store.commit = commit;
        await until(async () => (await store.listRecords('due/')).length === 0);
    }, 30_000);

    it('tries the hook of a final failure until it succeeds', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        const failures: string[] = [];
        await startOn(queue, {
            run: () => {
                throw new Error('No.');
            },
            onFinalFailure: async ({id}, {message}) => {
                failures.push(`${id}: ${message}`);
            }
        });
        await queue.enqueue(tasks(2));
        await until(async () => (await queue.deadTasks()).length === 2);
        expect(failures.sort()).toEqual(['k0: No.', 'k1: No.']);
        expect((await queue.deadTasks({limit: 1})).map(({id}) => id)).toEqual(['k0']);
        expect((await queue.deadTasks({after: 'k0'})).map(({id}) => id)).toEqual(['k1']);
    });
});
