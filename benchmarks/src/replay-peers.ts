import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import createWoltage, {MemoryEventStore, MemoryEventStoreData, MemoryStore, uuidV7, type IEventStore, type Woltage} from 'woltage';
import {account, AccountProjector, Moved, payload} from './domain.ts';
import {emmettMemory, emmettSQLite, installEmmett} from './emmett.ts';
import {compare, print} from './measure.ts';
import {peerReplay} from './peers.ts';
import {rawReplay} from './raw.ts';
import {sqliteRuntime, temporaryFolder} from './runtime.ts';

const IN_MEMORY = 100_000;
/** So few that the slowest peer ends. */
const IN_SQLITE = 20_000;
const ACCOUNTS = 1000;

async function fill(store: IEventStore, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
        const id = uuidV7();
        const data = {id, type: 'moved', version: 1, timestamp: Date.now(), payload, meta: {}, correlationId: id, causationId: null, tags: []};
        await store.append('account', `account-${i % ACCOUNTS}`, [data]);
    }
}

let version = 0;

/** Adds a projection and waits until it is live. */
async function replay(woltage: Woltage): Promise<number> {
    await woltage.addProjection('account', ++version, 'AccountProjector', 1, 'main');
    const projection = woltage.getProjection('account', version);
    await projection?.untilLive();
    await woltage.stop();
    return projection?.progress.processed ?? 0;
}

const missing = installEmmett();
if (missing !== undefined)
    console.log(`Not compared with emmett: ${missing}`);

async function inMemory(): Promise<void> {
    const data = new MemoryEventStoreData();
    const memory = new MemoryEventStore(data);
    await memory.connect();
    await fill(memory, IN_MEMORY);
    const figures = await compare({
        'Woltage': async () => {
            const store = {adapter: MemoryStore};
            return replay(await createWoltage({
                eventStore: {adapter: MemoryEventStore, args: [data]}, internalStore: store, stores: {main: store},
                eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector]
            }));
        },
        'woltage 1.12 (npm), least adapters': await peerReplay(IN_MEMORY, ACCOUNTS),
        ...missing === undefined ? {'@event-driven-io/emmett 0.38': await emmettMemory(IN_MEMORY, ACCOUNTS)} : {}
    });
    print(`Replay of ${IN_MEMORY.toLocaleString('en')} events in memory, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`, figures, 'Woltage');
}

/** On its own: emmett's consumer ends the process now and then, with `SQLITE_BUSY` from a commit that nobody can catch. */
async function inSQLite(): Promise<void> {
    const folder = temporaryFolder();
    const events = new SQLiteEventStore({path: `${folder}/events.db`});
    await events.connect();
    await fill(events, IN_SQLITE);
    await events.close();
    const figures = await compare({
        'Woltage': async () => replay(await sqliteRuntime(folder)),
        'raw better-sqlite3': async () => rawReplay(folder, `raw-${++version}.db`),
        ...missing === undefined ? {'@event-driven-io/emmett-sqlite 0.38': await emmettSQLite(folder, IN_SQLITE, ACCOUNTS)} : {}
    }, 3);
    print(`Replay of ${IN_SQLITE.toLocaleString('en')} events into SQLite, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`, figures, 'Woltage');
}

await (process.argv[2] === 'sqlite' ? inSQLite() : inMemory());
