import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {uuidV7} from 'woltage';
import {payload} from './domain.ts';
import {compare, print} from './measure.ts';
import {rawReplay} from './raw.ts';
import {sqliteRuntime, temporaryFolder} from './runtime.ts';

/** Run once per size, in a process of its own, so that the peak of the memory belongs to it. */
const events = Number(process.argv[2] ?? 100_000);
const ACCOUNTS = 10_000;

if (process.argv[3] !== undefined) {
    await fill(process.argv[3]);
    process.exit();
}

const folder = temporaryFolder();
// In a process of its own too: what filling takes is nothing to the replay.
spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), String(events), folder], {stdio: 'inherit'});

let version = 0;
let peak = 0;
const figures = await compare({
    'Woltage': async () => {
        const woltage = await sqliteRuntime(folder);
        const timer = setInterval(() => peak = Math.max(peak, process.memoryUsage.rss()), 20);
        await woltage.addProjection('account', ++version, 'AccountProjector', 1, 'main');
        const projection = woltage.getProjection('account', version);
        await projection?.untilLive();
        clearInterval(timer);
        await woltage.stop();
        return projection?.progress.processed ?? 0;
    },
    'raw better-sqlite3': async () => rawReplay(folder, `raw-${++version}.db`)
}, 3);
print(`Replay of ${events.toLocaleString('en')} events into SQLite, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`, figures, 'raw better-sqlite3');
console.log(`  peak memory of the process ${Math.round(peak / 1e6)} MB`);

async function fill(target: string): Promise<void> {
    const store = new SQLiteEventStore({path: join(target, 'events.db')});
    await store.connect();
    for (let i = 0; i < events; i += 1000) {
        await store.appendAll(Array.from({length: 1000}, (_, j) => {
            const id = uuidV7();
            const data = {id, type: 'moved', version: 1, timestamp: Date.now(), payload, meta: {}, correlationId: id, causationId: null, tags: []};
            return {aggregateName: 'account', aggregateId: `account-${(i + j) * 7919 % ACCOUNTS}`, events: [data]};
        }));
    }
    await store.close();
}
