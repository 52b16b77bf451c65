import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {eventStoreConformance} from '@woltage/testing';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {uuidV7, type EventData, type SubscriptionBatch} from 'woltage';
import {openDatabase} from '@woltage/sqlite';
import DefaultExport, {SQLiteEventStore} from './index.ts';

eventStoreConformance({describe, it}, 'SQLiteEventStore', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-'));
    const create = (): SQLiteEventStore => new SQLiteEventStore({path: join(folder, 'sub', 'events.db'), pollIntervalMs: 2});
    return {eventStore: create(), second: create, cleanup: () => rm(folder, {recursive: true})};
});

describe('SQLiteEventStore', () => {
    let folder = '';
    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'woltage-'));
    });
    afterAll(() => rm(folder, {recursive: true}));

    it('says what is wrong with its file', async () => {
        await writeFile(join(folder, 'text.db'), 'This is no database, and long enough to be looked at as one. '.repeat(20));
        // A folder, no database, and a place where no folder can be made.
        for (const path of [folder, join(folder, 'text.db'), join(folder, 'text.db', 'sub', 'events.db')])
            await expect(new SQLiteEventStore({path}).connect()).rejects.toMatchObject({code: 'SQLITE_OPEN', details: {path}, message: expect.stringContaining(path) as string});
        await expect(new SQLiteEventStore({} as never).connect()).rejects.toMatchObject({code: 'SQLITE_OPTIONS'});
    });

    it('refuses options that make no sense', () => {
        expect(DefaultExport).toBe(SQLiteEventStore);
        for (const options of [undefined, {path: 'a', busyTimeoutMs: -1}, {path: 'a', pollIntervalMs: 0}, {path: 'a', pollIntervalMs: NaN}])
            expect(() => new SQLiteEventStore(options as never)).toThrow(expect.objectContaining({code: 'SQLITE_OPTIONS'}) as Error);
    });

    it('refuses a file that a newer release has worked on', async () => {
        const path = join(folder, 'newer.db');
        const store = new SQLiteEventStore({path});
        await store.connect();
        await store.close();
        const database = openDatabase({path});
        database.exec('UPDATE woltage_schema SET version = version + 1');
        database.close();
        await expect(store.connect()).rejects.toMatchObject({code: 'SCHEMA_TOO_NEW'});
    });

    it('refuses a payload that JSON can\'t hold before anything is written', async () => {
        const store = new SQLiteEventStore({path: join(folder, 'payload.db')});
        await store.connect();
        const cyclic: unknown[] = [];
        cyclic.push(cyclic);
        for (const payload of [1n, undefined, cyclic])
            await expect(store.append('order', '1', eventsOf(1, {payload: payload as never}))).rejects.toMatchObject({code: 'NOT_ENCODABLE'});
        expect(await store.getLatestPosition()).toBeNull();
        await store.close();
    });

    it('looks through a long store in steps when a filter matches little, and finds what is far away', async () => {
        const store = new SQLiteEventStore({path: join(folder, 'long.db'), synchronous: 'NORMAL'});
        await store.connect();
        const first = await store.append('order', 'first', eventsOf(1, {type: 'rare'}));
        for (let i = 0; i < 50; i++)
            await store.append('order', String(i), eventsOf(1000));
        const last = await store.append('order', 'last', eventsOf(1, {type: 'rare'}));
        const batches: SubscriptionBatch[] = [];
        for await (const batch of store.subscribe({after: first.position, filter: {types: ['rare']}})) {
            batches.push(batch);
            if (batch.caughtUp)
                break;
        }
        expect(batches.length).toBeGreaterThanOrEqual(3);
        expect(batches.map(({caughtUp, events}) => [caughtUp, events.length])).toEqual(batches.map((_, i) => i === batches.length - 1 ? [true, 1] : [false, 0]));
        expect(batches.at(-1)?.position).toBe(last.position);
        await store.append('order', 'other', eventsOf(1));
        expect(await store.getLatestPosition({types: ['rare', 'unknown']})).toBe(last.position);
        expect(await store.getLatestPosition({types: ['unknown']})).toBeNull();
        await store.close();
    });
});

const eventsOf = (count: number, overrides: Partial<EventData> = {}): EventData[] => Array.from({length: count}, () => {
    const id = uuidV7();
    return {id, type: 'common', version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags: [], ...overrides};
});
