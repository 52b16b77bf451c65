import {PostgresStore} from '@woltage/store-postgres';
import {RedisStore} from '@woltage/store-redis';
import {SQLiteStore} from '@woltage/store-sqlite';
import {StaleRecordError, uuidV7} from 'woltage';
import {createSelf} from '../../packages/woltage/src/runtime/self.ts';
import {silentLogger} from '../../packages/woltage/src/shared/logger.ts';
import {TaskQueue} from '../../packages/woltage/src/tasks/index.ts';

/** What a process is to do. */
export interface ChildOptions {
    /** A file, or the address of a server. */
    readonly store: string;
    readonly namespace: string;
    readonly name: string;
    readonly concurrency?: number;
    readonly leaseMs?: number;
    readonly ordered?: boolean;
    /** How long each task takes, in ms. */
    readonly taskMs?: number;
    /** Tasks to queue, from this number on, one commit after the other with this many tasks in each; their mark goes on from where it was. */
    readonly queue?: {readonly count: number; readonly perCommit: number};
    /** Names of processes that must be ready before it queues anything. */
    readonly after?: readonly string[];
    /** The name of the mark, and of the tasks. */
    readonly source?: string;
    /** Each nth task fails at its first attempt. */
    readonly failEach?: number;
    /** Ends it when this many tasks were done, by whoever. */
    readonly until: number;
}

/** A task began, was done, or failed, at that time. */
export interface Told {
    readonly what: 'began' | 'ended' | 'failed' | 'ready' | 'queued';
    readonly id: string;
    /** Name of the process. */
    readonly by: string;
    readonly attempt: number;
    /** In ms since the Unix epoch. */
    readonly at: number;
}

const options = JSON.parse(process.argv[2] as string) as ChildOptions;
const {name, namespace, concurrency = 16, leaseMs = 30_000, ordered = false, taskMs = 0, queue: toQueue, source = 'task', failEach = 0, after = [], until} = options;
const root = options.store.startsWith('postgres:') ? new PostgresStore({connectionString: options.store})
    : options.store.startsWith('redis:') ? new RedisStore({url: options.store}) : new SQLiteStore({path: options.store});
await root.connect();
const store = root.scope({namespace, tables: {}});
await store.createTables();
const tell = (what: Told['what'], id: string, attempt = 0): void =>
    console.log(JSON.stringify({what, id, by: name, attempt, at: performance.timeOrigin + performance.now()} satisfies Told));

const queue = new TaskQueue({store, log: silentLogger, self: createSelf(), concurrency, leaseMs, ordered});
await queue.start({
    policyOf: () => ({maxAttempts: 1000, backoffMs: 20, maxBackoffMs: 50, timeoutMs: 60_000}),
    async run({id, payload}, {attempt}) {
        tell('began', id, attempt);
        if (taskMs > 0)
            await new Promise(resolve => setTimeout(resolve, taskMs));
        if (failEach > 0 && attempt === 1 && Number(payload) % failEach === 0) {
            tell('failed', id, attempt);
            throw new Error('Once more.');
        }
        tell('ended', id, attempt);
    },
    // Completions leave a trace each.
    recordsAtEnd: ({id, attempts}) => [{key: `completed/${id}/${attempts}/${name}`, value: '', token: uuidV7()}],
    onFinalFailure: () => Promise.reject(new Error('This never comes.'))
});
await store.commit({records: [{key: `ready/${name}`, value: '', token: uuidV7()}]});
tell('ready', '');

/** Queues the tasks of a source, from where its mark is. */
async function queueAll({count, perCommit}: {readonly count: number; readonly perCommit: number}): Promise<void> {
    for (; ;) {
        const [mark] = await store.getRecords([`mark/${source}`]);
        const from = Number(mark?.value ?? 0);
        if (from >= count)
            return;
        const size = Math.min(perCommit, count - from);
        const tasks = Array.from({length: size}, (_, i) => ({id: `${source}-${from + i}`, kind: 'count', payload: from + i}));
        try {
            await queue.enqueue(tasks, [{key: `mark/${source}`, value: String(from + size), token: uuidV7(), expected: mark?.token ?? null}]);
            tell('queued', String(from));
        } catch (error) {
            // Another process queues the same source.
            if (!(error instanceof StaleRecordError))
                throw error;
        }
    }
}

while ((await store.getRecords(after.map(other => `ready/${other}`))).includes(undefined))
    await new Promise(resolve => setTimeout(resolve, 20));
if (toQueue !== undefined)
    await queueAll(toQueue);
while ((await store.listRecords('done/', {limit: until})).length < until)
    await new Promise(resolve => setTimeout(resolve, 100));
await queue.stop();
await root.close();
