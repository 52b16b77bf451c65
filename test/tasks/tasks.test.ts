import {randomUUID} from 'node:crypto';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {PostgresStore} from '@woltage/store-postgres';
import {RedisStore} from '@woltage/store-redis';
import {SQLiteStore} from '@woltage/store-sqlite';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import type {IStore} from 'woltage';
import {runChild, type Child} from '../processes/run-child.ts';
import {describeWith, findServer} from '../servers/find-server.ts';
import {postgres} from '../servers/postgres.ts';
import {redis} from '../servers/redis.ts';
import type {ChildOptions, Told} from './child.ts';

const script = new URL('child.ts', import.meta.url);

interface Worker {
    readonly name: string;
    readonly child: Child<Told>;
    /** When it was killed, at the earliest, in ms since the Unix epoch. */
    killedAt: number;
}

/** A run of a task by a process, up to its end or the end of the process. */
interface Run {
    readonly id: string;
    readonly by: string;
    readonly from: number;
    readonly to: number;
}

interface Place {
    readonly url: string;
    readonly open: () => IStore;
}

let workers: Worker[] = [];
let namespace: string;

function start(place: Place, options: Omit<ChildOptions, 'store' | 'name' | 'namespace'>): Worker {
    const name = `p${workers.length}`;
    const worker = {name, child: runChild<Told>(script, JSON.stringify({store: place.url, namespace, name, ...options} satisfies ChildOptions)), killedAt: Infinity};
    workers.push(worker);
    return worker;
}

async function kill(worker: Worker): Promise<void> {
    worker.killedAt = Date.now();
    worker.child.process.kill('SIGKILL');
    await worker.child.ended;
}

const told = (what: Told['what']): Told[] => workers.flatMap(({child}) => child.lines).filter(line => line.what === what).sort((a, b) => a.at - b.at);

function runs(): Run[] {
    const ends = new Map([...told('ended'), ...told('failed')].map(({id, by, attempt, at}) => [`${id}/${by}/${attempt}`, at]));
    return told('began').map(({id, by, attempt, at}) =>
        ({id, by, from: at, to: ends.get(`${id}/${by}/${attempt}`) ?? workers.find(({name}) => name === by)?.killedAt ?? Infinity}));
}

/** Runs that began while another one was going on. */
function overlaps(of: readonly Run[]): unknown[] {
    // Clocks of processes are a little apart.
    return of.flatMap((run, i) => of.slice(i + 1).filter(other => other.from < run.to - 5).map(other => [run, other]));
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** What the store says of how each task was completed. */
async function check(place: Place, ids: readonly string[]): Promise<void> {
    const root = place.open();
    await root.connect();
    const store = root.scope({namespace, tables: {}});
    const keys = (await store.listRecords('')).map(({key}) => key);
    await root.close();
    const idsOf = (prefix: string, part: number): string[] => keys.filter(key => key.startsWith(prefix)).map(key => key.split('/')[part] as string).sort();
    expect(idsOf('open/', 0)).toEqual([]);
    expect(idsOf('dead/', 0)).toEqual([]);
    expect(idsOf('done/', 2)).toEqual([...ids].sort());
    expect(idsOf('completed/', 1)).toEqual([...ids].sort());
    expect([...new Set(told('ended').map(({id}) => id))].sort()).toEqual([...ids].sort());
}

const idsOf = (source: string, count: number): string[] => Array.from({length: count}, (_, i) => `${source}-${i}`);

function describeTasks(place: () => Place): void {
    afterEach(async () => {
        await Promise.all(workers.map(worker => kill(worker).catch(() => undefined)));
        workers = [];
    });

    it('are all done, once each, when processes that queue and work are killed at any moment', async () => {
        namespace = randomUUID();
        const sources = ['a', 'b', 'c'];
        const count = 120;
        const begin = (source: string): Worker =>
            start(place(), {source, queue: {count, perCommit: 7}, until: count * sources.length, concurrency: 10, taskMs: 40, failEach: 10});
        const slots = sources.map(source => ({source, worker: begin(source)}));
        for (let kills = 0; kills < 7; kills++) {
            const slot = slots[kills % slots.length] as (typeof slots)[0];
            await slot.worker.child.told(1 + Math.floor(Math.random() * 60));
            await pause(Math.random() * 50);
            await kill(slot.worker);
            slot.worker = begin(slot.source);
        }
        await Promise.all(slots.map(({worker}) => worker.child.ended));
        await check(place(), sources.flatMap(source => idsOf(source, count)));
        const byTask = groupById(runs());
        expect([...byTask.values()].flatMap(overlaps)).toEqual([]);
        expect(workers.filter(({killedAt}) => killedAt < Infinity).length).toBe(7);
    }, 150_000);

    it('are done once each, when processes sleep longer than their leases and come back', async () => {
        namespace = randomUUID();
        const count = 150;
        const all = ['a', 'b', 'c'].map(source => start(place(), {source, queue: {count: source === 'a' ? count : 0, perCommit: 20}, until: count, concurrency: 8, taskMs: 50, leaseMs: 800}));
        await Promise.all(all.map(({child}) => child.told(1)));
        for (const {child} of all.slice(0, 2)) {
            await child.told(child.lines.length + 4);
            child.process.kill('SIGSTOP');
            await pause(1500);
            child.process.kill('SIGCONT');
        }
        await Promise.all(all.map(({child}) => child.ended));
        await check(place(), idsOf('a', count));
    }, 120_000);

    it('stay in order in an ordered queue, one at a time, whoever is killed', async () => {
        namespace = randomUUID();
        const count = 120;
        const begin = (): Worker => start(place(), {source: 'o', queue: {count, perCommit: 9}, until: count, ordered: true, taskMs: 5, failEach: 10});
        const slots = [begin(), begin()];
        for (let kills = 0; kills < 6; kills++) {
            // Whoever is at work; it has done something since the last time.
            const began = told('began').length;
            for (const end = Date.now() + 10_000; told('began').length < Math.min(began + 10, count) && Date.now() < end;)
                await pause(5);
            const by = told('began').at(-1)?.by;
            const i = Math.max(0, slots.findIndex(({name}) => name === by));
            await kill(slots[i] as Worker);
            slots[i] = begin();
        }
        await Promise.all(slots.map(({child}) => child.ended));
        await check(place(), idsOf('o', count));
        expect(overlaps(runs())).toEqual([]);
        const order = told('began').map(({id}) => Number(id.slice(2)));
        expect(order).toEqual([...order].sort((a, b) => a - b));
    }, 150_000);

    it('start soon, a thousand of them on two processes', async () => {
        namespace = randomUUID();
        const options = {until: 1000, concurrency: 100, taskMs: 50};
        const one = start(place(), options);
        const two = start(place(), {...options, queue: {count: 1000, perCommit: 1000}, after: [one.name]});
        await Promise.all([one.child.ended, two.child.ended]);
        const began = told('began');
        expect(began).toHaveLength(1000);
        await check(place(), idsOf('task', 1000));
        expect(new Set(began.map(({by}) => by)).size).toBe(2);
        // Less than a second on a machine with nothing else to do.
        expect((began.at(-1)?.at ?? Infinity) - (told('queued')[0]?.at ?? 0)).toBeLessThan(4000);
    }, 120_000);
}

function groupById(of: readonly Run[]): Map<string, Run[]> {
    const byId = new Map<string, Run[]>();
    for (const run of of)
        byId.set(run.id, [...byId.get(run.id) ?? [], run]);
    return byId;
}

describe('tasks in an SQLite file', () => {
    let folder: string;
    beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), 'woltage-'));
    });
    afterAll(() => rmSync(folder, {recursive: true, force: true}));
    describeTasks(() => ({url: join(folder, 'store.db'), open: () => new SQLiteStore({path: join(folder, 'store.db')})}));
});

const onPostgres = await findServer(postgres, 'tasks in PostgreSQL');
describeWith(onPostgres, 'tasks in PostgreSQL', () => describeTasks(() => {
    const {url} = onPostgres as {readonly url: string};
    return {url, open: () => new PostgresStore({connectionString: url})};
}));

const onRedis = await findServer(redis, 'tasks in Redis');
describeWith(onRedis, 'tasks in Redis', () => describeTasks(() => {
    const {url} = onRedis as {readonly url: string};
    return {url, open: () => new RedisStore({url})};
}));
