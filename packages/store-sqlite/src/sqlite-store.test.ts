import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {storeConformance} from '@woltage/testing';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {z} from 'woltage';
import {SQLiteStore} from './index.ts';

storeConformance({describe, it}, 'SQLiteStore', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-'));
    const create = (): SQLiteStore => new SQLiteStore({path: join(folder, 'store.db')});
    return {store: create(), second: create, cleanup: () => rm(folder, {recursive: true})};
});

const tables = {
    orders: {
        key: z.object({id: z.string()}),
        schema: z.object({userId: z.string(), placedAt: z.date(), total: z.bigint()}),
        indexes: [['userId', 'placedAt'], ['total']]
    }
};

describe('SQLiteStore', () => {
    let folder = '';
    let store: SQLiteStore;
    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'woltage-'));
        store = new SQLiteStore({path: join(folder, 'store.db')});
        await store.connect();
    });
    afterAll(async () => {
        await store.close();
        await rm(folder, {recursive: true});
    });

    it('uses declared indexes for filters, ranges and order', async () => {
        const scope = store.scope({namespace: 'orders@1', tables});
        await scope.createTables();
        for (let i = 0; i < 200; i++)
            await scope.tables.orders.set({id: String(i), userId: `u${i % 5}`, placedAt: new Date(i), total: BigInt(i)});
        const statements: string[] = [];
        await scope.native(({database}) => {
            const {prepare} = database;
            database.prepare = sql => {
                statements.push(sql);
                return prepare.call(database, sql);
            };
        });
        expect(await scope.tables.orders.find({userId: 'u1', placedAt: {$gte: new Date(100)}}, {sort: {placedAt: 'asc'}, limit: 2})).toHaveLength(2);
        expect(await scope.tables.orders.count({total: {$lt: 10n}})).toBe(10);
        const plans = await scope.native(({database}) => statements.map(sql => {
            const values = Array.from(sql.matchAll(/\?/g), () => 1);
            return JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values));
        }));
        expect(plans).toHaveLength(2);
        for (const plan of plans)
            expect(plan).toMatch(/SEARCH .* USING (COVERING )?INDEX orders_1_orders/);
    });

    it('gives native access to the database and its tables', async () => {
        const scope = store.scope({namespace: 'native@1', tables});
        await scope.createTables();
        await scope.tables.orders.set({id: 'a', userId: 'u', placedAt: new Date(1), total: 2n});
        const users = await scope.native(({database, table}) => database.prepare(`SELECT data ->> '$.userId' AS user FROM ${table('orders')}`).all());
        expect(users).toEqual([{user: 'u'}]);
    });

    it('says what is wrong with its file', async () => {
        await expect(new SQLiteStore({path: folder}).connect()).rejects.toMatchObject({code: 'SQLITE_OPEN', message: expect.stringContaining(folder) as string});
    });
});
