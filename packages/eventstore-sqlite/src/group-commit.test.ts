import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {migrate, openDatabase, type SQLiteDatabase} from '@woltage/sqlite';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {STATE_NEW, uuidV7, type EventData, type ExpectedRevision} from 'woltage';
import {Appender} from './appender.ts';
import {encodeAppend} from './encode.ts';
import {GroupCommit} from './group-commit.ts';
import {migrations} from './schema.ts';

const eventData = (overrides: Partial<EventData> = {}): EventData => {
    const id = uuidV7();
    return {id, type: 'a', version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags: [], ...overrides};
};

describe('A group commit', () => {
    let folder = '';
    let database: SQLiteDatabase;
    let commits: GroupCommit;
    let transactions = 0;

    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), 'woltage-'));
        database = openDatabase({path: join(folder, 'events.db')});
        migrate(database, 'events', migrations);
        transactions = 0;
        commits = new GroupCommit(database, new Appender(database), 100, () => transactions++);
    });
    afterEach(async () => {
        await commits.idle();
        database.close();
        await rm(folder, {recursive: true});
    });

    const append = async (aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<number> => {
        const [result] = await commits.run([encodeAppend({aggregateName: 'order', aggregateId, events, revision})]);
        return Number(result?.revision);
    };
    const countEvents = (): unknown => (database.prepare('SELECT count(*) FROM events').raw().get() as readonly [number])[0];
    const codesOf = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
        results.map(result => result.status === 'fulfilled' ? 'done' : (result.reason as {code?: unknown}).code);

    it('takes everything of one turn into one transaction, conflicts and taken ids included', async () => {
        const taken = eventData();
        await append('taken', [taken]);
        const results = await Promise.allSettled([
            append('1', [eventData()], STATE_NEW), append('1', [eventData()], STATE_NEW), append('2', [eventData(), taken]), append('1', [eventData()], 0n)
        ]);
        expect(codesOf(results)).toEqual(['done', 'REVISION_CONFLICT', 'EVENT_ID_EXISTS', 'done']);
        expect(transactions).toBe(2);
        expect(countEvents()).toBe(3);
    });

    it('refuses an event that SQLite can\'t hold, and that one alone', async () => {
        const results = await Promise.allSettled([
            append('1', [eventData()]), append('1', [eventData(), eventData({type: null as never})]), append('1', [eventData({version: {} as never})]),
            append('1', [eventData()])
        ]);
        expect(codesOf(results)).toEqual(['done', 'INVALID_EVENT', 'INVALID_EVENT', 'done']);
        expect(countEvents()).toBe(2);
    });

    it('rejects every append of a group that the disk has no room for, and goes on when it has', async () => {
        await append('1', [eventData()], STATE_NEW);
        const [pages] = database.prepare('PRAGMA page_count').raw().get() as readonly [number];
        database.exec(`PRAGMA max_page_count = ${pages + 8}`);
        const large = Array.from({length: 20}, () => eventData({payload: 'x'.repeat(20_000)}));
        const results = await Promise.allSettled([
            append('2', [eventData()]), append('1', [eventData()], 7n), ...large.map(event => append('1', [event]))
        ]);
        expect(codesOf(results)).toEqual(results.map(() => 'SQLITE_FAILED'));
        expect((results[0] as PromiseRejectedResult).reason).toMatchObject({status: 503, details: {sqliteCode: 'SQLITE_FULL'}});
        expect(countEvents()).toBe(1);
        expect(await append('1', [eventData()], 0n)).toBe(1);

        database.exec('PRAGMA max_page_count = 1000000');
        expect(await append('1', large, 1n)).toBe(21);
    });

    it('waits for another connection\'s transaction without holding up the process', async () => {
        const other = openDatabase({path: join(folder, 'events.db')});
        try {
            other.exec('BEGIN IMMEDIATE');
            let settled = false;
            const appended = append('1', [eventData()], STATE_NEW).finally(() => settled = true);
            for (let turn = 0; turn < 5; turn++)
                await new Promise(resolve => setTimeout(resolve, 1));
            expect(settled).toBe(false);
            other.exec('COMMIT');
            expect(await appended).toBe(0);
        } finally {
            other.close();
        }
    });

    it('gives up together when the other connection takes too long, and works again afterwards', async () => {
        const other = openDatabase({path: join(folder, 'events.db')});
        try {
            other.exec('BEGIN IMMEDIATE');
            const began = performance.now();
            const results = await Promise.allSettled(Array.from({length: 20}, (_, i) => append(String(i), [eventData()])));
            expect(codesOf(results)).toEqual(results.map(() => 'SQLITE_BUSY'));
            // Once for the group: one by one it would take 20 times the 100 ms.
            expect(performance.now() - began).toBeLessThan(1500);
            other.exec('COMMIT');
            expect(await append('1', [eventData()], STATE_NEW)).toBe(0);
        } finally {
            other.close();
        }
    });
});
