import {randomUUID} from 'node:crypto';
import {MongoClient} from 'mongodb';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {compileTables, StaleRecordError, uuidV7, z, type CommitBatch, type RowWrite, type TableSpec} from 'woltage';
import {MongoDBStore} from '../src/index.ts';
import {InProcessMongoDB} from './server/mongodb-server.ts';

const tables = {t: {key: z.object({id: z.string()}), schema: z.object({n: z.number()})}};
const spec = compileTables(tables, 'test').get('t') as TableSpec;
const ids = ['a', 'b', 'c', 'd'];

let server: InProcessMongoDB;
beforeAll(async () => {
    server = await InProcessMongoDB.start({topology: 'standalone'});
});
afterAll(() => server.stop());

async function open(namespace: string) {
    const store = new MongoDBStore({url: server.url, timeoutMs: 2000}).scope({namespace, tables});
    await store.connect();
    return store;
}

/** A commit that writes, changes and removes rows, together with its checkpoint. */
function batchOf(n: number, expected: string | null, token: string): CommitBatch {
    const writes = ids.map((id, i): RowWrite => ({table: 't', id: JSON.stringify(id), row: (n + i) % 3 === 0 ? null : {id, n}}));
    return {writes, records: [{key: 'checkpoint', value: String(n), token, expected}, {key: `other${n % 2}`, value: n % 3 === 0 ? null : String(n), token: uuidV7()}]};
}

const modelOf = (n: number): (number | null)[] => ids.map((_id, i) => n === 0 || (n + i) % 3 === 0 ? null : n);

async function stateOf(store: Awaited<ReturnType<typeof open>>) {
    const [checkpoint] = await store.getRecords(['checkpoint']);
    const rows = await store.getRows(spec, ids.map(id => JSON.stringify(id)));
    expect(await store.tables.t.count()).toBe(rows.filter(row => row !== undefined).length);
    return {n: Number(checkpoint?.value ?? 0), token: checkpoint?.token ?? null, rows: rows.map(row => (row?.['n'] as number | undefined) ?? null)};
}

describe('A commit of a MongoDBStore on a server without transactions', () => {
    it('is all or nothing, at whichever of its writes the process dies, and goes on from there', async () => {
        const namespace = randomUUID();
        await (await open(namespace)).createTables();
        let crashes = 0;
        for (let crashAt = 0; crashAt < 300; crashAt++) {
            const store = await open(namespace);
            let writes = 0;
            const where = crashAt % 14;
            // After a crash nothing that the process does has an effect.
            server.beforeWrite = () => {
                if (writes++ >= where)
                    throw new Error('killed');
            };
            const before = await stateOf(store).catch(() => undefined);
            if (before !== undefined)
                await store.commit(batchOf(before.n + 1, before.token, uuidV7())).catch(() => crashes++);
            server.beforeWrite = undefined;
            await store.close();
            const survivor = await open(namespace);
            const after = await stateOf(survivor);
            expect(after.rows).toEqual(modelOf(after.n));
            if (before !== undefined)
                expect([before.n, before.n + 1]).toContain(after.n);
            await survivor.close();
        }
        expect(crashes).toBeGreaterThan(50);
    });

    it('changes nothing when a process wakes up in the middle of an old one, however much has happened since', async () => {
        for (let sleepAt = 0; sleepAt < 10; sleepAt++) {
            const namespace = randomUUID();
            const [first, paused, other] = [await open(namespace), await open(namespace), await open(namespace)];
            await first.createTables();
            await first.commit(batchOf(1, null, 'one'));
            let wakeUp = (): void => undefined;
            const sleep = new Promise<void>(resolve => wakeUp = resolve);
            let writes = 0;
            const late = new Promise<{readonly outcome: Promise<unknown>} | undefined>(resolve => {
                server.beforeWrite = async () => {
                    if (writes++ !== sleepAt)
                        return;
                    resolve({outcome});
                    await sleep;
                };
                const outcome = paused.commit(batchOf(2, 'one', 'two')).catch((error: unknown) => error);
                void outcome.then(() => resolve(undefined));
            });
            const sleeper = await late;
            if (sleeper === undefined) {
                // It was through before its sleep.
                expect(sleepAt).toBeGreaterThan(5);
                server.beforeWrite = undefined;
                continue;
            }
            for (let i = 0; i < 5; i++) {
                const {n, token} = await stateOf(other);
                await other.commit(batchOf(n + 1, token, uuidV7()));
            }
            const before = await stateOf(other);
            wakeUp();
            const outcome = await sleeper.outcome;
            server.beforeWrite = undefined;
            expect(await stateOf(other)).toEqual(before);
            expect(before.rows).toEqual(modelOf(before.n));
            // Either it was committed and brought to its end by the other one, or it never was.
            if (before.n === 7)
                expect(outcome).toBeUndefined();
            else
                expect(outcome).toBeInstanceOf(StaleRecordError);
            await Promise.all([first.close(), paused.close(), other.close()]);
        }
    });

    it('takes a log in several parts as a whole, whoever died while writing it', async () => {
        const namespace = randomUUID();
        const wide = {t: {key: z.object({id: z.string()}), schema: z.object({text: z.string()})}};
        const rows = (text: string): RowWrite[] => Array.from({length: 12}, (_, i) => ({table: 't', id: JSON.stringify(String(i)), row: {id: String(i), text: `${i}${text}`.repeat(400_000)}}));
        for (let crashAt = 0; crashAt < 8; crashAt++) {
            const store = new MongoDBStore({url: server.url, timeoutMs: 10_000}).scope({namespace, tables: wide});
            await store.connect();
            await store.createTables();
            let writes = 0;
            server.beforeWrite = () => {
                if (writes++ === crashAt)
                    throw new Error('killed');
            };
            const error: unknown = await store.commit({writes: rows(`v${crashAt}`)}).then(() => undefined, (thrown: unknown) => thrown);
            server.beforeWrite = undefined;
            expect(error).toMatchObject({code: 'MONGODB_FAILED'});
            await store.getRecords([]);
            const found = await store.tables.t.find({}, {sort: {id: 'asc'}});
            expect(new Set(found.map(({text}) => /v\d/.exec(text)?.[0])).size).toBeLessThan(2);
            await store.close();
        }
    });

    it('is brought to its end by a server that has got transactions since', async () => {
        const namespace = randomUUID();
        const store = await open(namespace);
        await store.createTables();
        await store.commit(batchOf(1, null, 'one'));
        await store.commit(batchOf(2, 'one', 'two'));
        let writes = 0;
        server.beforeWrite = () => {
            if (writes++ >= 3)
                throw new Error('killed');
        };
        await expect(store.commit(batchOf(3, 'two', 'three'))).rejects.toMatchObject({code: 'MONGODB_FAILED'});
        server.beforeWrite = undefined;
        await store.close();
        const converted = await InProcessMongoDB.start({topology: 'replicaSet', data: server.data});
        const later = new MongoDBStore({url: converted.url}).scope({namespace, tables});
        await later.connect();
        await later.createTables();
        const rows = await later.getRows(spec, ids.map(id => JSON.stringify(id)));
        expect(rows.map(row => row?.['n'] ?? null)).toEqual(modelOf(3));
        expect(await later.tables.t.count()).toBe(modelOf(3).filter(n => n !== null).length);
        expect((await later.getRecords(['checkpoint', 'other1'])).map(record => record?.value)).toEqual(['3', undefined]);
        await later.commit({records: [{key: 'other1', value: 'new', token: 'x', expected: null}]});
        const client = new MongoClient(converted.url);
        expect(await client.db('woltage').collection(`woltage.redo`).countDocuments({_id: {$gte: namespace, $lt: `${namespace}~`} as never})).toBe(0);
        await client.close();
        await later.close();
        await converted.stop();
    });
});
