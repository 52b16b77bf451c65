import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {z} from 'woltage';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {compileTables, type StoreQuery} from 'woltage';
import {PostgresStore} from '../src/index.ts';
import {findStatement} from '../src/find-sql.ts';
import {kindOfSchema} from '../src/schema-kind.ts';
import {TableLayout} from '../src/table-layout.ts';

const tables = {
    orders: {
        key: z.object({id: z.string()}),
        schema: z.object({userId: z.string(), placedAt: z.date(), total: z.bigint(), note: z.string().optional(), any: z.unknown()}),
        indexes: [['userId', 'placedAt'], ['total'], ['any']]
    }
};
const order = (n: number) => ({id: String(n).padStart(6, '0'), userId: `u${n % 500}`, placedAt: new Date(n), total: BigInt(n), any: n % 2 === 0 ? n : String(n)});

const found = await findServer(postgres, 'queries and native access of PostgresStore');
let database: TestDatabase;
let store: PostgresStore;

describeWith(found, 'A PostgresStore', () => {
    beforeAll(async () => {
        database = await createDatabase(urlOf(found));
        store = new PostgresStore(database.url);
        await store.connect();
    });
    afterAll(async () => {
        await store.close();
        await database.drop();
    });

    async function withOrders(count: number) {
        const namespace = randomUUID();
        const scope = store.scope({namespace, tables});
        await scope.createTables();
        await scope.commit({writes: Array.from({length: count}, (_, n) => ({table: 'orders', id: JSON.stringify(order(n).id), row: order(n)}))});
        await scope.native(({client, table}) => client.query(`ANALYZE ${table('orders')}`));
        return {scope, namespace};
    }

    it('lets many watch at once without a warning of the driver, which is about to refuse statements that it would have to queue', async () => {
        const warnings: string[] = [];
        const hear = ({message}: Error): void => void warnings.push(message);
        process.on('warning', hear);
        const scope = store.scope({namespace: randomUUID(), tables});
        const ends = [await scope.watchRecords(() => undefined)];
        ends.push(...await Promise.all(Array.from({length: 10}, () => scope.watchRecords(() => undefined))));
        ends.forEach(end => end());
        process.off('warning', hear);
        expect(warnings).toEqual([]);
    });

    it('uses declared indexes for filters, ranges, order and pages, and the key for keys', async () => {
        const {scope, namespace} = await withOrders(20_000);
        const layout = new TableLayout('woltage', namespace, compileTables(tables, 'the test').get('orders') as never);
        const planOf = (where: StoreQuery['where'], sort: StoreQuery['sort'] = [], cursor?: ReturnType<typeof order>): Promise<string> => scope.native(async ({client}) => {
            const {text, values} = findStatement(layout, {where, sort: [...sort, {field: 'id', descending: false}], limit: 10, cursor});
            return JSON.stringify((await client.query(`EXPLAIN ${text}`, [...values ?? []])).rows);
        });
        const plans = await Promise.all([
            planOf([{field: 'userId', operator: 'eq', value: 'u1'}, {field: 'placedAt', operator: 'gte', value: new Date(100)}], [{field: 'placedAt', descending: false}]),
            planOf([{field: 'userId', operator: 'eq', value: 'u1'}], [{field: 'placedAt', descending: true}]),
            planOf([{field: 'total', operator: 'lt', value: 10n}]),
            planOf([], [{field: 'total', descending: true}]),
            planOf([], [{field: 'total', descending: true}], order(9000)),
            planOf([{field: 'any', operator: 'eq', value: '17'}]),
            planOf([{field: 'any', operator: 'gt', value: 19_000}], [{field: 'any', descending: false}]),
            planOf([{field: 'id', operator: 'in', value: ['000001', '000002']}])
        ]);
        for (const plan of plans) {
            expect(plan).toMatch(/Index (Only )?Scan|Bitmap Index Scan/);
            expect(plan).not.toContain('Seq Scan');
        }
        expect((await scope.tables.orders.find({}, {sort: {total: 'desc'}, limit: 2, cursor: order(9000)})).map(({total}) => total)).toEqual([8999n, 8998n]);
    });

    it('gives native access in a transaction: all of it or nothing, and errors as they are', async () => {
        const {scope} = await withOrders(10);
        const {orders} = scope.tables;
        const sum = await scope.native(async ({client, table}) => {
            const {rows} = await client.query<{sum: string}>(`SELECT sum(total) AS sum FROM ${table('orders')} WHERE "placedAt" < $1`, [new Date(5)]);
            return rows[0]?.sum;
        });
        expect(sum).toBe('10');
        await scope.native(({client, table}) => client.query(`UPDATE ${table('orders')} SET note = 'checked' WHERE total > 8`));
        expect((await orders.find({note: 'checked'})).map(({id}) => id)).toEqual(['000009']);
        await expect(scope.native(async ({client, table}) => {
            await client.query(`DELETE FROM ${table('orders')}`);
            throw new Error('mine');
        })).rejects.toThrow('mine');
        await expect(scope.native(({client}) => client.query('SELECT nonsense'))).rejects.toMatchObject({code: '42703'});
        expect(await orders.count()).toBe(10);
    });

    it('takes in fields that are new, with what rows have held under their names', async () => {
        const namespace = randomUUID();
        const before = store.scope({namespace, tables: {things: {key: z.object({id: z.string()}), schema: z.object({a: z.string()})}}});
        await before.createTables();
        await before.tables.things.set({id: '1', a: 'x', b: 5, c: true} as never);
        await before.tables.things.set({id: '2', a: 'y'});
        const after = store.scope({namespace, tables: {things: {key: z.object({id: z.string()}), schema: z.object({a: z.string(), b: z.number().optional()}), indexes: [['b']]}}});
        await after.createTables();
        await after.tables.things.set({id: '3', a: 'z', b: 4});
        expect(await after.tables.things.find({}, {sort: {b: 'desc'}})).toEqual([{id: '1', a: 'x', b: 5, c: true}, {id: '3', a: 'z', b: 4}, {id: '2', a: 'y'}]);
        expect(await after.tables.things.count({b: {$gt: 4}})).toBe(1);
    });

    it('refuses a field that has become another type, and says what to do', async () => {
        const namespace = randomUUID();
        const scopeWith = (schema: z.ZodObject) => store.scope({namespace, tables: {things: {key: z.object({id: z.string()}), schema}}});
        await scopeWith(z.object({a: z.string()})).createTables();
        await expect(scopeWith(z.object({a: z.number()})).createTables()).rejects.toMatchObject({code: 'TABLE_CHANGED', message: expect.stringContaining('version') as string});
        await scopeWith(z.object({a: z.enum(['x', 'y'])})).createTables();
    });

    it('waits for nobody who holds a long transaction to read', async () => {
        const {scope} = await withOrders(5);
        await scope.native(async ({client, table}) => {
            await client.query(`UPDATE ${table('orders')} SET note = 'uncommitted'`);
            expect((await scope.tables.orders.find({note: 'uncommitted'}))).toEqual([]);
        });
        expect(await scope.tables.orders.count({note: 'uncommitted'})).toBe(5);
    });
});

it.each([
    [z.string(), 'text'], [z.uuid(), 'text'], [z.iso.datetime(), 'text'], [z.email().default('a@b.c'), 'text'], [z.enum(['a', 'b']), 'text'], [z.enum({A: 1, B: 2}), 'double'], [z.enum({A: 1, B: 'b'}), 'mixed'],
    [z.literal('a'), 'text'], [z.literal(['a', 1]), 'mixed'], [z.union([z.literal('a'), z.literal('b')]), 'text'], [z.union([z.string(), z.number()]), 'mixed'], [z.int(), 'double'], [z.int64(), 'bigint'], [z.coerce.date(), 'timestamp'],
    [z.string().transform(Number), 'mixed'], [z.string().transform(Number).pipe(z.number()), 'double'], [z.stringbool(), 'boolean'], [z.object({}), 'json'], [z.array(z.string()), 'json'], [z.record(z.string(), z.string()), 'json'],
    [z.discriminatedUnion('a', [z.object({a: z.literal(1)}), z.object({a: z.literal(2)})]), 'json'], [z.string().brand('x').readonly(), 'text'], [z.unknown(), 'mixed'], [z.any(), 'mixed'], [undefined, 'mixed'], [{}, 'mixed'],
    [z.templateLiteral(['a', z.string()]), 'text'], [z.lazy(() => z.string()), 'mixed'], [z.number().catch(1), 'double']
] as const)('The column of a field comes from its schema: %#', (schema, kind) => {
    expect(kindOfSchema(schema)).toEqual({kind, isNullable: false, isOptional: false});
});

it('The column of a field knows whether the schema allows that it is null or missing', () => {
    expect(kindOfSchema(z.string().nullable())).toEqual({kind: 'text', isNullable: true, isOptional: false});
    expect(kindOfSchema(z.string().nullish())).toEqual({kind: 'text', isNullable: true, isOptional: true});
    expect(kindOfSchema(z.union([z.bigint(), z.null(), z.undefined()]))).toEqual({kind: 'bigint', isNullable: true, isOptional: true});
    expect(kindOfSchema(z.string().optional().default('x'))).toEqual({kind: 'text', isNullable: false, isOptional: false});
});
