import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {uuidV7, type EventData} from 'woltage';
import {openDatabase} from '@woltage/sqlite';
import {SQLiteEventStore} from '../src/index.ts';

let folder = '';
beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-'));
});
afterEach(() => rm(folder, {recursive: true, force: true}));

const eventsOf = (count: number, payload: EventData['payload'] = {}): EventData[] => Array.from({length: count}, () => {
    const id = uuidV7();
    return {id, type: 'thing.happened', version: 1, timestamp: 1, payload, meta: {}, correlationId: id, causationId: null, tags: []};
});

async function bytesIn(place: string): Promise<string> {
    const files = await readdir(place);
    return (await Promise.all(files.map(file => readFile(join(place, file), 'latin1')))).join('');
}

describe('An erased stream in a SQLite file', () => {
    it('leaves no byte of its events in the files once they are closed', async () => {
        const path = join(folder, 'events.db');
        const store = new SQLiteEventStore({path});
        await store.connect();
        // Long ones have pages of their own.
        for (const size of [10, 20_000])
            await store.append('account', 'a', eventsOf(50, {secret: 'top-secret '.repeat(size / 10)}));
        await store.append('account', 'b', eventsOf(3, {known: 'well-known'}));
        expect(await bytesIn(folder)).toContain('top-secret');
        await store.erase('account', 'a', eventsOf(1, {reason: 'wanted'})[0] as EventData);
        await store.close();
        const bytes = await bytesIn(folder);
        expect(bytes).not.toContain('top-secret');
        expect(bytes).toContain('well-known');
    });

    it('is removed from a file that an earlier release has made', async () => {
        const path = join(folder, 'older.db');
        const store = new SQLiteEventStore({path});
        await store.connect();
        await store.append('account', 'a', eventsOf(2));
        await store.close();
        const database = openDatabase({path});
        database.exec('DROP TABLE erased_streams; UPDATE woltage_schema SET version = version - 1');
        database.close();
        await store.connect();
        expect((await store.erase('account', 'a', eventsOf(1)[0] as EventData, 1n)).revision).toBe(2n);
        await expect(store.append('account', 'a', eventsOf(1))).rejects.toMatchObject({code: 'GONE', status: 410});
        await store.close();
    });
});
