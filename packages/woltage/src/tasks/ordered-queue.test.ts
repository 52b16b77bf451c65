import {afterEach, describe, expect, it} from 'vitest';
import {MemoryStore, MemoryStoreData} from '../memory/index.ts';
import type {IStore} from '../ports/index.ts';
import {delay} from '../shared/delay.ts';
import {silentLogger} from '../shared/logger.ts';
import {uuidV7} from '../shared/uuid.ts';
import {TaskQueue, type RetryPolicy, type Task, type TaskRun} from './index.ts';

const policy: RetryPolicy = {maxAttempts: 3, backoffMs: 20, maxBackoffMs: 50, timeoutMs: 5000};
const queues: TaskQueue[] = [];
afterEach(async () => {
    await Promise.all(queues.splice(0).map(queue => queue.stop(0)));
});

async function scopeOf(data: MemoryStoreData): Promise<IStore> {
    const store = new MemoryStore(data).scope({namespace: 'tasks', tables: {}});
    await store.connect();
    return store;
}

function queueOn(store: IStore, {host = 'h', ...options}: {readonly host?: string; readonly leaseMs?: number} = {}): TaskQueue {
    const self = {owner: {id: uuidV7(), host, pid: 1, startedAt: 1}, isGone: (owner: {readonly host: string}) => owner.host === 'gone'};
    const queue = new TaskQueue({store, log: silentLogger, self, ordered: true, concurrency: 10, leaseMs: 200, pollMs: 20, ...options});
    queues.push(queue);
    return queue;
}

const startOn = (queue: TaskQueue, run: (task: Task, run: TaskRun) => unknown, kinds = ['k']) => queue.start({
    policyOf: kind => kinds.includes(kind) ? policy : undefined,
    run: async (task, r) => void await run(task, r),
    onFinalFailure: async () => undefined
});

const tasks = (count: number, from = 0) => Array.from({length: count}, (_, i) => ({id: `${9 - (from + i) % 10}-${from + i}`, kind: 'k', payload: from + i}));

async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5000): Promise<void> {
    for (const end = Date.now() + timeoutMs; !await condition();) {
        expect(Date.now()).toBeLessThan(end);
        await delay(2);
    }
}

describe('an ordered queue', () => {
    it('runs one task at a time among all processes, in the order of being queued by whomever', async () => {
        const data = new MemoryStoreData();
        const all = await Promise.all([0, 1, 2].map(async () => queueOn(await scopeOf(data))));
        const log: number[] = [];
        let running = 0;
        for (const queue of all) {
            await startOn(queue, async ({payload}) => {
                expect(++running).toBe(1);
                await delay(Math.random() * 3);
                log.push(payload as number);
                running--;
            });
        }
        for (let n = 0; n < 200; n += 5)
            await all[n % 3]?.enqueue(tasks(5, n));
        await until(() => log.length === 200);
        expect(log).toEqual(Array.from({length: 200}, (_, i) => i));
    });

    it('places what several processes queue at once one behind the other', async () => {
        const data = new MemoryStoreData();
        const store = await scopeOf(data);
        const all = await Promise.all([0, 1, 2].map(async () => queueOn(await scopeOf(data))));
        await Promise.all(all.map(async (queue, i) => {
            for (let n = 0; n < 20; n++)
                await queue.enqueue([{id: `${i}/${n}`, kind: 'k', payload: n, dueAt: 1}]);
        }));
        expect((await all[0]?.openTasks())?.map(({sequence}) => sequence)).toEqual(Array.from({length: 60}, (_, i) => i + 1));
        expect((await store.getRecords(['sequence']))[0]?.value).toBe('60');
    });

    it('lets nothing overtake a task that is tried again or isn\'t due yet; what has failed for good leaves', async () => {
        const data = new MemoryStoreData();
        const all = await Promise.all([0, 1].map(async () => queueOn(await scopeOf(data))));
        const log: string[] = [];
        for (const queue of all) {
            await startOn(queue, ({payload}, {attempt}) => {
                log.push(`${payload as number}.${attempt}`);
                if (payload === 1 || payload === 3 && attempt < 3)
                    throw new Error('No.');
            });
        }
        const dueAt = Date.now() + 200;
        const [first, ...others] = tasks(5);
        await all[0]?.enqueue([{...first as (typeof others)[0], dueAt}, ...others]);
        await until(() => log.length > 0);
        expect(Date.now()).toBeGreaterThanOrEqual(dueAt);
        await until(() => log.at(-1) === '4.1');
        expect(log).toEqual(['0.1', '1.1', '1.2', '1.3', '2.1', '3.1', '3.2', '3.3', '4.1']);
        // It comes last when it is tried again.
        await all[1]?.enqueue(tasks(3, 10));
        await all[0]?.retryDead('8-1');
        await until(() => log.at(-1) === '1.3' && log.length === 15);
        expect(log.slice(9)).toEqual(['10.1', '11.1', '12.1', '1.1', '1.2', '1.3']);
    });

    it('goes on at once when the process at work is known to be gone, and after its lease when it is silent', async () => {
        const data = new MemoryStoreData();
        const log: string[] = [];
        const work = (name: string, isStuck: boolean) => async ({payload}: Task, {attempt}: TaskRun): Promise<void> => {
            log.push(`${name} ${payload as number}.${attempt}`);
            if (isStuck)
                await delay(60_000, stuck.signal);
        };
        const stuck = new AbortController();
        const gone = await scopeOf(data);
        await startOn(queueOn(gone, {host: 'gone', leaseMs: 60_000}), work('gone', true));
        await queueOn(gone).enqueue(tasks(3));
        await until(() => log.length === 1);
        const silent = await scopeOf(data);
        await startOn(queueOn(silent, {leaseMs: 60_000}), work('silent', true));
        await until(() => log.length === 2, 1000);
        await startOn(queueOn(await scopeOf(data), {leaseMs: 200}), work('third', false));
        await delay(100);
        expect(log).toHaveLength(2);
        await until(() => log.length === 5);
        expect(log).toEqual(['gone 0.1', 'silent 0.2', 'third 0.3', 'third 1.1', 'third 2.1']);
        stuck.abort();
    });

    it('cancels what waits, not what is being run', async () => {
        const queue = queueOn(await scopeOf(new MemoryStoreData()));
        const log: unknown[] = [];
        let finish = (): void => undefined;
        await queue.enqueue(tasks(4));
        await startOn(queue, async ({payload}) => {
            log.push(payload);
            await new Promise<void>(resolve => finish = resolve);
        });
        await until(() => log.length === 1);
        expect(await queue.cancel('9-0')).toBe(false);
        expect(await queue.cancel('8-1')).toBe(true);
        finish();
        await until(() => log.length === 2);
        expect(log).toEqual([0, 2]);
        finish();
        await until(() => log.length === 3);
        finish();
        await until(async () => (await queue.counts()).open === 0);
    });

    it('gives the task back, at its place, when it stops', async () => {
        const data = new MemoryStoreData();
        const log: string[] = [];
        const one = queueOn(await scopeOf(data));
        await one.enqueue(tasks(3));
        await startOn(one, ({payload}, {signal}) => {
            log.push(`one ${payload as number}`);
            return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
        });
        await until(() => log.length === 1);
        await one.stop(0);
        await startOn(queueOn(await scopeOf(data)), ({payload}, {attempt}) => log.push(`two ${payload as number}.${attempt}`));
        await until(() => log.length === 4);
        expect(log).toEqual(['one 0', 'two 0.1', 'two 1.1', 'two 2.1']);
    });

    it('loses no task and no order on a store that fails and loses answers', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const commit = store.commit.bind(store);
        let n = 0;
        store.commit = async batch => {
            if (++n % 4 === 0)
                throw new Error('The database is away.');
            await commit(batch);
            if (n % 5 === 0)
                throw new Error('The answer was lost.');
        };
        const queue = queueOn(store);
        const log: number[] = [];
        await startOn(queue, ({payload}) => log.push(payload as number));
        for (const task of tasks(30)) {
            for (let isQueued = false; !isQueued;)
                isQueued = await queue.enqueue([task]).then(() => true, () => false);
        }
        await until(async () => (await queue.counts()).open === 0, 15_000);
        // A repetition comes right behind the first.
        expect(log.filter((one, i) => one !== log[i - 1])).toEqual(Array.from({length: 30}, (_, i) => i));
    }, 20_000);
});
