import pg from 'pg';
import {installPeers, loadPeer} from './install-peers.ts';
import {CONCURRENCY, type OpenQueue} from './work.ts';

const FOLDER = 'peers-queues';
const QUEUE = 'work';

interface PgBoss {
    on(event: 'error', listener: (error: unknown) => void): void;
    start(): Promise<unknown>;
    stop(options: object): Promise<void>;
    createQueue(name: string): Promise<void>;
    send(name: string, data: object): Promise<unknown>;
    work(name: string, options: object, handler: (jobs: readonly {readonly data: {readonly id: string}}[]) => Promise<void>): Promise<string>;
    notifyWorker(id: string): void;
}

interface GraphileWorker {
    readonly Logger: new (logTo: () => () => void) => object;
    run(options: object): Promise<{addJob(name: string, payload: object): Promise<unknown>; stop(): Promise<void>}>;
}

interface BullMq {
    readonly Queue: new (name: string, options: object) => {add(name: string, data: object, options: object): Promise<unknown>; close(): Promise<void>};
    readonly Worker: new (name: string, handler: (job: {readonly data: {readonly id: string}}) => Promise<void>, options: object) => {waitUntilReady(): Promise<unknown>; close(): Promise<void>};
}

/** Whether they can be had; says so where they can't. */
export function hasPeers(): boolean {
    const missing = installPeers(FOLDER, 'pg-boss');
    if (missing !== undefined)
        console.log(`Not compared with queues from npm: ${missing}`);
    return missing === undefined;
}

async function load<T extends object>(name: string): Promise<T> {
    const loaded = await loadPeer<{readonly default?: T}>(FOLDER, name);
    return loaded.default ?? loaded as T;
}

/** It looks for work twice a second, the most often it can be told to. @param isNotified It is told at once of work that is added here, and to look again after a full page */
export function pgBoss(connectionString: string, schema: string, isNotified: boolean): OpenQueue {
    return async handler => {
        const Boss = await load<new (options: object) => PgBoss>('pg-boss');
        const boss = new Boss({connectionString, schema, max: 20});
        boss.on('error', error => console.error(error));
        await boss.start();
        await boss.createQueue(QUEUE);
        const notify = (): void => {
            if (isNotified)
                boss.notifyWorker(worker);
        };
        const worker = await boss.work(QUEUE, {batchSize: CONCURRENCY, pollingIntervalSeconds: 0.5}, async jobs => {
            await Promise.all(jobs.map(({data}) => handler(data.id)));
            if (jobs.length === CONCURRENCY)
                notify();
        });
        return {
            add: async id => {
                await boss.send(QUEUE, {id});
                notify();
            },
            stop: () => boss.stop({graceful: false, wait: true})
        };
    };
}

/** In a database of its own: one migrates, and all others in the database stop. @param worker Settings of its `preset` */
export function graphileWorker(url: string, database: string, worker: object): OpenQueue {
    return async handler => {
        const client = new pg.Client({connectionString: url});
        await client.connect();
        await client.query(`CREATE DATABASE ${database}`);
        await client.end();
        const connectionString = Object.assign(new URL(url), {pathname: database}).href;
        const {Logger, run} = await load<GraphileWorker>('graphile-worker');
        const runner = await run({
            preset: {worker: {connectionString, concurrentJobs: CONCURRENCY, maxPoolSize: 20, logger: new Logger(() => () => {}), ...worker}},
            noHandleSignals: true,
            taskList: {[QUEUE]: ({id}: {readonly id: string}) => handler(id)}
        });
        return {add: id => runner.addJob(QUEUE, {id}), stop: () => runner.stop()};
    };
}

export function bullMq(url: string, prefix: string): OpenQueue {
    return async handler => {
        const {Queue, Worker} = await load<BullMq>('bullmq');
        const {hostname: host, port} = new URL(url);
        const connection = {host, port: Number(port), maxRetriesPerRequest: null};
        const queue = new Queue(QUEUE, {connection, prefix});
        const worker = new Worker(QUEUE, ({data}) => handler(data.id), {connection, prefix, concurrency: CONCURRENCY});
        await worker.waitUntilReady();
        return {
            add: id => queue.add(QUEUE, {id}, {removeOnComplete: true}),
            async stop() {
                await worker.close();
                await queue.close();
            }
        };
    };
}
