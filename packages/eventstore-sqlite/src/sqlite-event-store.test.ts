import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {eventStoreConformance} from '@woltage/testing';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {SQLiteEventStore} from './index.ts';

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
        for (const path of [folder, join(folder, 'text.db')])
            await expect(new SQLiteEventStore({path}).connect()).rejects.toMatchObject({code: 'SQLITE_OPEN', message: expect.stringContaining(path) as string});
        await expect(new SQLiteEventStore({} as never).connect()).rejects.toMatchObject({code: 'SQLITE_OPTIONS'});
    });
});
