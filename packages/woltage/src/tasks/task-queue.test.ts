import {getEventListeners} from 'node:events';
import {afterEach, describe, expect, it} from 'vitest';
import {BadRequestError} from '../errors/index.ts';
import {MemoryStore, MemoryStoreData} from '../memory/index.ts';
import type {CommitBatch, IStore} from '../ports/index.ts';
import {systemClock} from '../shared/clock.ts';
import {delay} from '../shared/delay.ts';
import {silentLogger} from '../shared/logger.ts';
import {uuidV7} from '../shared/uuid.ts';
import {openTasks, TaskQueue, type RetryPolicy, type Task, type TaskRun, type TaskWork} from './index.ts';

const policy: RetryPolicy = {maxAttempts: 3, backoffMs: 5, maxBackoffMs: 50, timeoutMs: 1000};
const queues: TaskQueue[] = [];
afterEach(async () => {
    await Promise.all(queues.splice(0).map(queue => queue.stop(0)));
});

interface Handlers extends Pick<TaskWork, 'isFinal' | 'recordsAtEnd'> {
    readonly policy?: Partial<RetryPolicy>;
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

const startOn = (queue: TaskQueue, {run = () => undefined, onFinalFailure = async () => undefined, kinds = ['k'], policy: more, ...hooks}: Handlers) =>
    queue.start({policyOf: kind => kinds.includes(kind) ? {...policy, ...more} : undefined, run: async (task, r) => run(task, r), onFinalFailure, ...hooks});

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
        await until(async () => (await store.listRecords('open/')).length === 0);
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

    it('starts tasks in the order of being due, and for equal times of being queued', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()), {concurrency: 7});
        const random = (count: number, dueAt: number) => Array.from({length: count}, () => ({id: uuidV7().split('').reverse().join(''), kind: 'k', payload: 0, dueAt}));
        const batches = [random(60, 2000), random(60, 1000), random(60, 1000), random(60, 2000)];
        for (const batch of batches)
            await queue.enqueue(batch);
        const begun: string[] = [];
        await startOn(queue, {run: async ({id}) => {
            begun.push(id);
            await delay(Math.random() * 5);
        }});
        await until(() => begun.length === 240);
        expect(begun).toEqual([1, 2, 0, 3].flatMap(i => batches[i] ?? []).map(({id}) => id));
    });

    it('gives up when the time of all attempts together is over, and aborts the one under way', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        const attempts: number[] = [];
        await startOn(queue, {policy: {maxAttempts: Infinity, giveUpAfterMs: 250, timeoutMs: 60_000}, run: (_task, {attempt, signal}) => {
            attempts.push(attempt);
            if (attempt < 3)
                throw new Error('No.');
            return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        }});
        const began = performance.now();
        await queue.enqueue(tasks(1));
        await until(async () => (await queue.deadTasks()).length === 1);
        expect(performance.now() - began).toBeGreaterThan(200);
        expect(attempts).toEqual([1, 2, 3]);
        expect(await queue.deadTasks()).toMatchObject([{attempts: 3, error: {code: 'TASK_TIMEOUT'}}]);
        // A dead task that is tried again has all its time again.
        await queue.retryDead('k0');
        await until(() => attempts.length === 6);
        expect(attempts.slice(3)).toEqual([1, 2, 3]);
    });

    it('counts the time of all attempts from when a task is due, and tries once what nobody has tried in time', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = await queueOn(store);
        await queue.enqueue([...tasks(1, 'late', {dueAt: 1}), ...tasks(1, 'later', {dueAt: Date.now() + 150})]);
        await delay(60);
        const runs: string[] = [];
        await startOn(queue, {kinds: ['late', 'later'], policy: {maxAttempts: Infinity, giveUpAfterMs: 50}, run: ({id}, {attempt}) => {
            runs.push(`${id} ${attempt}`);
            throw new Error('No.');
        }});
        await until(async () => (await queue.deadTasks()).length === 2);
        expect(runs.filter(run => run.startsWith('late0'))).toEqual(['late0 1']);
        expect(runs).toContain('later0 2');
    });

    it('gives a first attempt all its time, also when it begins just before the limit of all', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        await queue.enqueue(tasks(1));
        await delay(150);
        const outcomes: string[] = [];
        await startOn(queue, {policy: {maxAttempts: Infinity, giveUpAfterMs: 200, timeoutMs: 60_000}, run: async (_task, {signal}) => {
            await delay(300, signal);
            outcomes.push(signal.aborted ? 'aborted' : 'done');
        }});
        await until(() => outcomes.length > 0);
        await until(async () => (await queue.counts()).open === 0);
        expect(outcomes).toEqual(['done']);
        expect(await queue.deadTasks()).toEqual([]);
    });

    it('leaves nothing at the signals of attempts that are over', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        const signals: AbortSignal[] = [];
        await startOn(queue, {run: (_task, {signal, attempt}) => {
            signals.push(signal);
            if (attempt === 1)
                throw new Error('No.');
        }});
        await queue.enqueue(tasks(1));
        await until(async () => signals.length === 2 && (await queue.counts()).open === 0);
        expect(signals.map(signal => [signal.aborted, getEventListeners(signal, 'abort')])).toEqual([[false, []], [false, []]]);
    });

    it('gives up what its processes die over, after one attempt more than it may have', async () => {
        const data = new MemoryStoreData();
        const attempts: number[] = [];
        const failures: unknown[] = [];
        // Each process claims the task, says nothing any more, and is gone.
        for (let i = 0; i < 3; i++) {
            const store = await scopeOf(data);
            const dying = await queueOn(store, {self: {owner: {id: uuidV7(), host: 'gone', pid: 1, startedAt: i}, isGone: () => true}});
            await dying.enqueue(tasks(1));
            await startOn(dying, {policy: {maxAttempts: 2}, run: (_task, {attempt}) => {
                attempts.push(attempt);
                store.commit = () => Promise.reject(new Error('Dead.'));
                return new Promise(() => undefined);
            }});
            await until(() => attempts.length === i + 1);
        }
        const queue = await queueOn(await scopeOf(data), {clock: {...systemClock, delay: (ms: number, signal?: AbortSignal) => systemClock.delay(Math.min(ms, 50), signal), now: () => Date.now() * 100}});
        await startOn(queue, {policy: {maxAttempts: 2, timeoutMs: 1e6}, run: (_task, {attempt}) => void attempts.push(attempt), onFinalFailure: async (task, error) => {
            failures.push([task.attempts, (error as Error & {code?: string}).code]);
            if (failures.length === 1)
                throw new Error('Not yet.');
        }});
        await until(async () => (await queue.deadTasks()).length === 1);
        expect(attempts).toEqual([1, 2, 3]);
        expect(failures).toEqual([[3, 'TASK_ABANDONED'], [3, 'TASK_ABANDONED']]);
        expect(await queue.deadTasks()).toMatchObject([{attempts: 3, error: {code: 'TASK_ABANDONED'}}]);
    });

    it('tells what a task has failed with, where it may have fewer attempts than it has had', async () => {
        const data = new MemoryStoreData();
        const generous = await queueOn(await scopeOf(data));
        const attempts: number[] = [];
        await generous.enqueue(tasks(1));
        await startOn(generous, {policy: {maxAttempts: 100, backoffMs: 20}, run: (_task, {attempt}) => {
            attempts.push(attempt);
            throw Object.assign(new Error('Broken'), {code: 'BROKEN'});
        }});
        await until(() => attempts.length === 4);
        await generous.stop();
        const strict = await queueOn(await scopeOf(data));
        await startOn(strict, {policy: {maxAttempts: 2}});
        await until(async () => (await strict.deadTasks()).length === 1);
        expect(await strict.deadTasks()).toMatchObject([{attempts: attempts.length, error: {message: 'Broken', code: 'BROKEN'}}]);
    });

    it.each([
        ['an object without a prototype', Object.create(null), '{}'],
        ['an object', {message: 'Away', code: 'AWAY'}, 'Away'],
        ['an error with a message that is none', Object.assign(new TypeError(), {message: Symbol('away')}), 'TypeError'],
        ['an error with a whole page in its message', new Error('x'.repeat(1e6)), 'x'.repeat(10_000)]
    ])('fails for good by whatever is thrown: %s', async (_what, thrown: unknown, message) => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        await queue.enqueue(tasks(1));
        await startOn(queue, {run: async () => {
            throw thrown;
        }});
        await until(async () => (await queue.deadTasks()).length === 1);
        expect(await queue.deadTasks()).toMatchObject([{attempts: 3, error: {message}}]);
    });

    it('buries a task whose final failure is followed by what is refused, and holds up nothing behind it', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()), {ordered: true});
        await queue.enqueue(tasks(2));
        const runs: string[] = [];
        await startOn(queue, {policy: {maxAttempts: 1}, run: ({id}) => {
            runs.push(id);
            throw new Error('Broken');
        }, onFinalFailure: async () => {
            throw new BadRequestError('No event', {code: 'INVALID_EVENT'});
        }});
        await until(async () => (await queue.deadTasks()).length === 2);
        expect(runs).toEqual(['k0', 'k1']);
        expect(await queue.deadTasks()).toMatchObject([{id: 'k0', error: {message: 'Broken'}}, {id: 'k1'}]);
    });

    it('tries nothing again after an error that is final', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        const runs: string[] = [];
        await startOn(queue, {isFinal: ({message}) => message === 'Never.', run: ({id}) => {
            runs.push(id);
            throw new Error(id === 'k0' ? 'Never.' : 'No.');
        }});
        await queue.enqueue(tasks(2));
        await until(async () => (await queue.deadTasks()).length === 2);
        expect(runs.sort()).toEqual(['k0', 'k1', 'k1', 'k1']);
    });

    it('doesn\'t run a task again whose final failure could not be followed up', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()), {clock: {...systemClock, delay: (ms: number, signal?: AbortSignal) => systemClock.delay(Math.min(ms, 50), signal), now: () => Date.now() * 100}});
        const log: string[] = [];
        await startOn(queue, {policy: {timeoutMs: 1e6}, run: (_task, {attempt}) => {
            log.push(`run ${attempt}`);
            throw Object.assign(new Error('No.'), {code: 'NO'});
        }, onFinalFailure: async (_task, error) => {
            log.push(`hook ${error.message} ${(error as Error & {code?: string}).code}`);
            if (log.length < 6)
                throw new Error('Not yet.');
        }});
        await queue.enqueue(tasks(1));
        await until(async () => (await queue.deadTasks()).length === 1);
        expect(log).toEqual(['run 1', 'run 2', 'run 3', 'hook No. NO', 'hook No. NO', 'hook No. NO']);
        expect(await queue.deadTasks()).toMatchObject([{attempts: 3, error: {message: 'No.', code: 'NO'}}]);
    });

    it('writes further records when a task is done or given up, and leaves them to a dead one', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const queue = await queueOn(store);
        const journal = (id: string) => ({key: `journal/${id}`, value: 'x', token: uuidV7()});
        await queue.enqueue([...tasks(2), ...tasks(1, 'k-late', {dueAt: Date.now() + 60_000})], ['k0', 'k1', 'k-late0'].map(journal));
        const left = async () => (await store.listRecords('journal/')).map(({key}) => key.slice(8));
        await startOn(queue, {recordsAtEnd: async ({id}) => [{key: `journal/${id}`, value: null, token: uuidV7()}], kinds: ['k', 'k-late'], run: ({id}) => {
            if (id === 'k1')
                throw new Error('No.');
        }});
        await until(async () => (await queue.deadTasks()).length === 1);
        expect(await left()).toEqual(['k-late0', 'k1']);
        expect(await queue.cancel('k-late0')).toBe(true);
        expect(await left()).toEqual(['k1']);
        await queue.discardDead('k1');
        expect(await left()).toEqual([]);
        await expect(queue.discardDead('k1')).rejects.toMatchObject({code: 'UNKNOWN_TASK'});
        await expect(queue.retryDead('k0')).rejects.toMatchObject({code: 'UNKNOWN_TASK'});
    });

    it('cancels no task that is being run, here or elsewhere, nor one that is done or dead', async () => {
        const data = new MemoryStoreData();
        const [queue, other] = [await queueOn(await scopeOf(data)), await queueOn(await scopeOf(data))];
        let finish = (): void => undefined;
        let runs = 0;
        await startOn(queue, {policy: {maxAttempts: 2, backoffMs: 60_000, maxBackoffMs: 60_000}, run: async () => {
            runs++;
            await new Promise<void>(resolve => finish = resolve);
            throw new Error('No.');
        }});
        await queue.enqueue(tasks(1));
        await until(() => runs === 1);
        expect(await other.cancel('k0')).toBe(false);
        expect(await queue.cancel('k0')).toBe(false);
        finish();
        // It waits for its second attempt.
        await until(() => other.cancel('k0'));
        expect(await queue.openTasks()).toEqual([]);
        expect(await queue.cancel('nobody')).toBe(false);
        await queue.enqueue(tasks(1));
        await until(() => runs === 2);
        expect((await other.openTasks()).map(({id, attempts}) => [id, attempts])).toEqual([['k0', 1]]);
        finish();
    });

    it('counts what is open and dead, up to a limit, and knows when it is full', async () => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        expect(await queue.counts()).toEqual({open: 0, dead: 0, isMore: false});
        expect(await queue.isFull(3)).toBe(false);
        await queue.enqueue(tasks(3));
        expect(await queue.isFull(3)).toBe(true);
        await queue.enqueue(tasks(5));
        expect(await queue.isFull(6)).toBe(false);
        expect(await queue.counts({limit: 4})).toEqual({open: 4, dead: 0, isMore: true});
        expect(await queue.counts({limit: 5})).toEqual({open: 5, dead: 0, isMore: false});
        await startOn(queue, {policy: {maxAttempts: 1}, run: () => {
            throw new Error('No.');
        }});
        await until(async () => (await queue.counts()).dead === 5);
        expect(await queue.counts({limit: 4})).toEqual({open: 0, dead: 4, isMore: true});
        await until(async () => !await queue.isFull(1));
    });

    it.each([NaN, Infinity, -Infinity])('refuses a task that is due at %s', async dueAt => {
        const queue = await queueOn(await scopeOf(new MemoryStoreData()));
        await expect(queue.enqueue(tasks(1, 'k', {dueAt}))).rejects.toMatchObject({code: 'INVALID_TASK'});
    });
});
