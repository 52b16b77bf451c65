import {join} from 'node:path';
import Database from 'better-sqlite3';
import {uuidV7} from 'woltage';
import {move, payload} from './domain.ts';
import {RawEvents} from './raw.ts';
import {sqliteRuntime, temporaryFolder} from './runtime.ts';

const COUNT = 1000;
const folder = temporaryFolder();
const percentile = (values: readonly number[], p: number): string => (values[Math.floor(values.length * p)] ?? NaN).toFixed(2);

const woltage = await sqliteRuntime(folder);
await woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
await woltage.setProjectionActive('account', 1);
const projection = woltage.getProjection('account', 1);
const total: number[] = [];
const afterAcknowledged: number[] = [];
for (let i = 0; i < COUNT; i++) {
    const began = performance.now();
    const {position} = await woltage.executeCommand(move, uuidV7(), payload);
    const acknowledged = performance.now();
    while ((projection?.position ?? 0n) < position)
        await new Promise(resolve => setImmediate(resolve));
    total.push(performance.now() - began);
    afterAcknowledged.push(performance.now() - acknowledged);
}
await woltage.stop();

const raw = new RawEvents(folder);
const rows = new Database(join(folder, 'raw-rows.db'));
rows.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE accounts (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID; CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position INTEGER)');
const get = rows.prepare('SELECT data FROM accounts WHERE id = ?').raw();
const upsert = rows.prepare('INSERT OR REPLACE INTO accounts VALUES (?, ?)');
const checkpoint = rows.prepare('INSERT OR REPLACE INTO checkpoint VALUES (1, ?)');
const rawTotal: number[] = [];
for (let i = 0; i < COUNT; i++) {
    const began = performance.now();
    const id = uuidV7();
    raw.insert([id]);
    get.get(id);
    rows.exec('BEGIN IMMEDIATE');
    upsert.run(id, JSON.stringify({id, balance: 1, moves: 1}));
    checkpoint.run(i);
    rows.exec('COMMIT');
    rawTotal.push(performance.now() - began);
}
raw.database.close();
rows.close();

const line = (name: string, values: number[]): void => {
    values.sort((a, b) => a - b);
    console.log(`  ${name.padEnd(46)} p50 ${percentile(values, 0.5)} ms   p99 ${percentile(values, 0.99)} ms`);
};
console.log('\nLive on SQLite: from the command to the visible row, one by one');
line('Woltage, from the call', total);
line('Woltage, from the acknowledgement', afterAcknowledged);
line('raw better-sqlite3, both writes', rawTotal);
