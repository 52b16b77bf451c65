import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {storeConformance} from '@woltage/testing';
import {afterAll, describe, expect, it} from 'vitest';
import {compileTables, StaleRecordError, uuidV7, z, type CommitBatch, type RowWrite, type TableSpec} from 'woltage';
import {SingleKeySQLiteStore, type BeforeWrite} from './support/single-key-sqlite-store.ts';

const folders: string[] = [];
const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'woltage-redo-'));
    folders.push(path);
    return path;
};
afterAll(() => Promise.all(folders.map(path => rm(path, {recursive: true, force: true}))));

storeConformance({describe, it}, 'a store of single-key writes with a redo record', async () => {
    const path = join(await folder(), 'store.db');
    return {store: new SingleKeySQLiteStore({path}), second: () => new SingleKeySQLiteStore({path}), cleanup: async () => undefined};
});

const tables = {t: {key: z.object({id: z.string()}), schema: z.object({n: z.number()})}};
const spec = compileTables(tables, 'test').get('t') as TableSpec;
const ids = ['a', 'b', 'c', 'd'];

async function open(path: string, beforeWrite?: BeforeWrite) {
    const store = new SingleKeySQLiteStore(beforeWrite === undefined ? {path} : {path, beforeWrite}).scope({namespace: 'x', tables});
    await store.connect();
    return store;
}

/** A commit that writes, changes and removes rows, together with its checkpoint. */
function batchOf(n: number, expected: string | null, token: string): CommitBatch {
    const writes = ids.map((id, i): RowWrite => ({table: 't', id: JSON.stringify([id]), row: (n + i) % 3 === 0 ? null : {id, n}}));
    return {writes, records: [{key: 'checkpoint', value: String(n), token, expected}, {key: `other${n % 2}`, value: n % 3 === 0 ? null : String(n), token: uuidV7()}]};
}

const modelOf = (n: number): (number | null)[] => ids.map((_id, i) => n === 0 || (n + i) % 3 === 0 ? null : n);

async function stateOf(store: Awaited<ReturnType<typeof open>>) {
    const [checkpoint] = await store.getRecords(['checkpoint']);
    const rows = await store.getRows(spec, ids.map(id => JSON.stringify([id])));
    return {n: Number(checkpoint?.value ?? 0), token: checkpoint?.token ?? null, rows: rows.map(row => (row?.['n'] as number | undefined) ?? null)};
}

describe('a commit by redo record', () => {
    it('is all or nothing, at whichever of its writes the process dies, and goes on from there', async () => {
        const path = join(await folder(), 'store.db');
        let crashes = 0;
        for (let crashAt = 0; crashAt < 400; crashAt++) {
            let writes = 0;
            const where = crashAt % 20;
            // After a crash nothing that the process does has an effect.
            const store = await open(path, () => {
                if (writes++ >= where)
                    throw new Error('killed');
            });
            const before = await stateOf(store).catch(() => undefined);
            if (before !== undefined)
                await store.commit(batchOf(before.n + 1, before.token, uuidV7())).catch(() => crashes++);
            await store.close();
            const survivor = await open(path);
            const after = await stateOf(survivor);
            expect(after.rows).toEqual(modelOf(after.n));
            if (before !== undefined)
                expect([before.n, before.n + 1]).toContain(after.n);
            await survivor.close();
        }
        expect(crashes).toBeGreaterThan(50);
    });

    it('changes nothing when a process wakes up in the middle of an old one, however much has happened since', async () => {
        for (let sleepAt = 0; sleepAt < 12; sleepAt++) {
            const path = join(await folder(), 'store.db');
            let writes = 0;
            let wakeUp = (): void => undefined;
            const asleep = new Promise<void>(resolve => wakeUp = resolve);
            const sleeper = await open(path);
            await sleeper.commit(batchOf(1, null, 'one'));
            const paused = await open(path, () => writes++ === sleepAt ? asleep : undefined);
            const late = paused.commit(batchOf(2, 'one', 'two')).catch((error: unknown) => error);
            await new Promise(resolve => setTimeout(resolve, 5));
            const other = await open(path);
            for (let i = 0; i < 5; i++) {
                const {n, token} = await stateOf(other);
                await other.commit(batchOf(n + 1, token, uuidV7()));
            }
            const before = await stateOf(other);
            wakeUp();
            const outcome = await late;
            expect(await stateOf(other)).toEqual(before);
            expect(before.rows).toEqual(modelOf(before.n));
            // Either it was committed and brought to its end by the other one, or it never was.
            if (before.n === 7)
                expect(outcome).toBeUndefined();
            else
                expect(outcome).toBeInstanceOf(StaleRecordError);
            await Promise.all([sleeper.close(), paused.close(), other.close()]);
        }
    });
});
