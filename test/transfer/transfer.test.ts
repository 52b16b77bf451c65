import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {KurrentDBEventStore} from '@woltage/eventstore-kurrentdb';
import {PostgresEventStore} from '@woltage/eventstore-postgres';
import {createReadStream, createWriteStream} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import createWoltage, {encodeValue, MemoryEventStore, MemoryStore, uuidV7, type AdapterConfig, type EventData, type IEventStore, type ImportSummary, type JsonValue, type Woltage} from 'woltage';
import {findKurrentDB, ownPrefix} from '../../packages/eventstore-kurrentdb/test/support/kurrentdb.ts';
import {runChild} from '../processes/run-child.ts';
import {describeWith, findServer, urlOf} from '../servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../servers/postgres-database.ts';
import {postgres} from '../servers/postgres.ts';

const CHILD = new URL('./import-child.ts', import.meta.url);

let folder = '';
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-transfer-'));
});
afterAll(() => rm(folder, {recursive: true}));

const running: Woltage[] = [];
afterEach(async () => {
    for (const woltage of running.splice(0))
        await woltage.stop();
});

async function woltageOn(eventStore: AdapterConfig<IEventStore> = {adapter: MemoryEventStore}): Promise<Woltage> {
    const woltage = await createWoltage({eventStore, eventClasses: [], aggregates: [], projectorClasses: [], internalStore: {adapter: MemoryStore}, autostart: false});
    running.push(woltage);
    return woltage;
}

const sqliteAt = (path: string) => ({adapter: SQLiteEventStore, args: [{path}]});

const eventOf = (overrides: Partial<EventData>): EventData => {
    const id = uuidV7();
    return {id, type: 'thing.happened', version: 1, timestamp: Date.now(), payload: {}, meta: {}, correlationId: id, causationId: null, tags: [], ...overrides};
};

/** Payloads whose encoding a database could be tempted to change. */
const payloads: readonly JsonValue[] = [
    encodeValue({big: 10n ** 40n, at: new Date(1e12), odd: {$bigint: 'no'}, list: [[], {}, null]}), {z: 1, a: 2, '10': 3, '9': 4}, {n: 1e21, m: 0.1, o: 1e-7, p: 9007199254740991, q: -0.5},
    {text: '\u2028\u2029 \ud83d\ude00 \ud83d "\\ \t\r\n\u0001\u001f ü 漢'}, 'just a text', 7, null, true, [1, 'x'], {__proto: 1, constructor: 'x', '': 'empty'}
];

/** A file with events of every kind, in streams that are woven into one another. */
async function writeFile(name: string, count: number, payloadOf: (i: number) => JsonValue): Promise<string> {
    const path = join(folder, `${name}.db`);
    const file = join(folder, `${name}.ndjson`);
    const store = new SQLiteEventStore({path});
    await store.connect();
    for (let i = 0; i < count; i += 500) {
        await Promise.all(Array.from({length: Math.min(500, count - i)}, (_, n) => store.append(n % 2 === 0 ? 'order' : 'cart', String((i + n) % 40), [eventOf({
            type: `thing.${n % 3}`, version: 1 + n % 4, timestamp: i + n - 10, payload: payloadOf(i + n), meta: {n}, tags: n % 5 === 0 ? [`cart:${n}`, 'all'] : [], causationId: n % 2 === 0 ? uuidV7() : null
        })])));
    }
    await store.close();
    const woltage = await woltageOn(sqliteAt(path));
    await pipeline(woltage.exportEvents(), createWriteStream(file));
    return file;
}

/** Imports a file, and gives the export of what has come of it. */
async function roundTrip(from: string, to: AdapterConfig<IEventStore>, name: string): Promise<{readonly file: string; readonly summary: ImportSummary}> {
    const woltage = await woltageOn(to);
    const summary = await woltage.importEvents(() => createReadStream(from));
    const file = join(folder, `${name}.ndjson`);
    await pipeline(woltage.exportEvents(), createWriteStream(file));
    return {file, summary};
}

const foundPostgres = await findServer(postgres, 'transfer');

describeWith(foundPostgres, 'a way from event store to event store', () => {
    let database: TestDatabase;
    beforeAll(async () => {
        database = await createDatabase(urlOf(foundPostgres));
    });
    afterAll(() => database?.drop());

    it('keeps all, from memory to SQLite to PostgreSQL to memory, by count and hash', async () => {
        const start = await writeFile('start', 3000, i => payloads[i % payloads.length] as JsonValue);
        const memory = await roundTrip(start, {adapter: MemoryEventStore}, 'memory');
        const sqlite = await roundTrip(memory.file, sqliteAt(join(folder, 'way.db')), 'sqlite');
        const postgresTrip = await roundTrip(sqlite.file, {adapter: PostgresEventStore, args: [{connectionString: database.url, schema: 'way'}]}, 'postgres');
        const back = await roundTrip(postgresTrip.file, {adapter: MemoryEventStore}, 'back');
        const all = [memory, sqlite, postgresTrip, back].map(({summary: {events, imported, sha256}}) => [events, imported, sha256]);
        expect(new Set(all.map(String)).size).toBe(1);
        expect(all[0]).toEqual([3000, 3000, expect.any(String)]);
        expect((await (await woltageOn()).importEvents(() => createReadStream(back.file))).sha256).toBe(memory.summary.sha256);
    });

    it('goes on in PostgreSQL where it stopped, and refuses what it finds there otherwise', async () => {
        const file = await writeFile('half', 1200, i => ({i}));
        const to = {adapter: PostgresEventStore, args: [{connectionString: database.url, schema: 'half'}]};
        const controller = new AbortController();
        await expect((await woltageOn(to)).importEvents(() => createReadStream(file), {signal: controller.signal, onProgress: ({imported}) => void (imported >= 500 && controller.abort(new Error('enough')))})).rejects.toThrow('enough');
        expect((await roundTrip(file, to, 'half-again')).summary).toMatchObject({events: 1200, imported: 700, skipped: 500});
        const other = await writeFile('other', 10, i => ({i}));
        await expect((await woltageOn(to)).importEvents(() => createReadStream(other))).rejects.toMatchObject({code: 'IMPORT_NOT_EMPTY'});
        await expect((await woltageOn(to)).importEvents(() => createReadStream(other), {into: 'append'})).rejects.toMatchObject({code: 'IMPORT_CONFLICT', details: {line: 2}});
    });
});

describe('a way through KurrentDB', () => {
    let server: Awaited<ReturnType<typeof findKurrentDB>>;
    beforeAll(async () => {
        server = await findKurrentDB('the transfer of events');
    });
    afterAll(() => server?.stop());

    it('keeps all, by count and hash', async () => {
        const start = await writeFile('to-kurrentdb', 300, i => payloads[i % payloads.length] as JsonValue);
        const there = await roundTrip(start, {adapter: KurrentDBEventStore, args: [{connectionString: server.url, streamPrefix: ownPrefix()}]}, 'kurrentdb');
        const back = await roundTrip(there.file, {adapter: MemoryEventStore}, 'from-kurrentdb');
        expect(back.summary).toEqual(there.summary);
    });
});

describe('a process that imports', () => {
    it('may be killed at any time: the next one goes on where it stopped, and nothing is lost, twice or out of place', async () => {
        const file = await writeFile('killed', 6000, i => ({i, text: 'x'.repeat(100)}));
        const path = join(folder, 'killed-target.db');
        let kills = 0;
        for (let imported = 0; kills < 4;) {
            const child = runChild<{imported?: number; summary?: ImportSummary}>(CHILD, path, file, '50');
            await child.told(3 + kills * 7);
            child.process.kill('SIGKILL');
            await child.ended;
            kills++;
            const written = child.lines.findLast(line => line.imported !== undefined)?.imported ?? 0;
            expect(child.lines.some(({summary}) => summary !== undefined)).toBe(false);
            imported += written;
            expect(imported).toBeGreaterThan(0);
        }
        const {file: result, summary} = await roundTrip(file, sqliteAt(path), 'killed-result');
        expect(summary).toMatchObject({events: 6000, sha256: expect.any(String) as string});
        expect(summary.skipped).toBeGreaterThan(0);
        expect(summary.imported + summary.skipped).toBe(6000);
        expect((await (await woltageOn()).importEvents(() => createReadStream(result))).sha256).toBe(summary.sha256);
    }, 120_000);

    it('needs no more memory for 100,000 events than for a batch of them', async () => {
        const file = await writeFile('large', 100_000, i => ({i, text: 'x'.repeat(700)}));
        // The file has about 110 MB.
        process.env['NODE_OPTIONS'] = '--max-old-space-size=64';
        try {
            const importing = runChild<{summary?: ImportSummary}>(CHILD, join(folder, 'large-target.db'), file);
            await importing.ended;
            expect(importing.lines.at(-1)?.summary).toMatchObject({events: 100_000, imported: 100_000});
            const exporting = runChild<{bytes: number}>(CHILD, join(folder, 'large-target.db'), 'export');
            await exporting.ended;
            expect(exporting.lines.at(-1)?.bytes).toBeGreaterThan(100_000_000);
        } finally {
            delete process.env['NODE_OPTIONS'];
        }
    }, 180_000);
});
