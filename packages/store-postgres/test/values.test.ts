import {randomUUID} from 'node:crypto';
import {fromSortableText, fromText, toSortableText, toText} from '@woltage/postgres';
import fc from 'fast-check';
import pg from 'pg';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {compareRows, compareValues, compileFilter, compileQuery, compileTables, matches, z, type Row, type TableSpec} from 'woltage';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {createDatabase, type TestDatabase} from '../../../test/servers/postgres-database.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import {PostgresStore} from '../src/index.ts';
import {fromJsonText, toJsonText} from '../src/json-text.ts';
import {endOfPrefix} from '../src/records.ts';
import {sortable} from '../src/sortable.ts';

const found = await findServer(postgres, 'values in PostgresStore');
let database: TestDatabase;
let store: PostgresStore;

/** Any string there is: of all planes, with halves of pairs, and such that mean something somewhere. */
const text = fc.oneof(
    fc.string({unit: 'binary'}), fc.string({unit: 'grapheme'}), fc.array(fc.integer({min: 0, max: 0xffff})).map(units => String.fromCharCode(...units)),
    fc.constantFrom('', '\0', '\0\u0001', '\0\0', '\u0001', '\u0001\u0002', 'NULL', 'null', '{', '}', '{a}', ',', '"', '\\', '\\"', '\'', '\'; DROP TABLE x; --', '$1', '%', '_', '\n', '.',
        'x\ud800', '\udc00x', '\ud83d\ude00', '\u{1d800}', '\u{10ffff}', '\uffff', '\uffff0000', '\\u0000', 'infinity', 'NaN', '\u00e4', 'a\u0308')
);
const date = fc.oneof(fc.date({noInvalidDate: true}), fc.constantFrom(8.64e15, -8.64e15, 0, -1, -62_135_596_800_000, -62_135_596_800_001, 253_402_300_800_000, -210_866_803_200_000, -210_866_803_200_001).map(ms => new Date(ms)));
const bigint = fc.oneof(fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}), fc.constantFrom(0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)));
const hugeBigint = fc.oneof(bigint, fc.bigInt(), fc.bigInt({min: 2n ** 1020n, max: 2n ** 1030n}), fc.constantFrom(2n ** 63n, -(2n ** 63n) - 1n));
const number = fc.oneof(
    fc.double({noNaN: true, noDefaultInfinity: true}), fc.integer(), fc.constantFrom(2 ** 53, 2 ** 63, 0.1, 1e21, 5e-324, -5e-324, 2.2250738585072014e-308, Number.MAX_VALUE, -Number.MAX_VALUE)
).map(n => n === 0 ? 0 : n);
const scalar = fc.oneof(text, number, hugeBigint, date, fc.boolean(), fc.constant(null));
const value = fc.letrec(tie => ({
    any: fc.oneof({maxDepth: 4}, scalar, fc.array(tie('any'), {maxLength: 4}), fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '$date', '$bigint', '$escaped')), tie('any'), {maxKeys: 4}))
})).any;
const nested = fc.dictionary(text, value, {maxKeys: 4});

const tables = {
    rows: {
        key: z.object({left: z.union([z.string(), z.number(), z.bigint(), z.date()]), right: z.string()}),
        schema: z.object({value: z.unknown()}),
        indexes: [['value'], ['right', 'value']]
    },
    typed: {
        key: z.object({id: z.number()}),
        schema: z.object({
            s: z.string(), n: z.number(), b: z.bigint(), d: z.date(), t: z.boolean(), o: z.record(z.string(), z.unknown()), e: z.enum(['a', 'b']).optional(), q: z.string().nullable(), ctid: z.string().optional(),
            ['field with "quotes", \'dots.\' and $']: z.number().optional(), ['x'.repeat(100)]: z.string().optional(), ['__proto__']: z.string().optional(), ['half\ud800']: z.string().optional()
        }),
        indexes: [['s'], ['n', 'b'], ['d'], ['o'], ['t', 's']]
    },
    open: {key: z.object({id: z.string()}), schema: {'~standard': {version: 1, vendor: 'test', validate: (v: unknown) => ({value: v as Row})}} as const, indexes: [['a']]}
};
const typedSpec = compileTables(tables, 'the test').get('typed') as TableSpec;

/** Equal as data: what the prototype is doesn't matter. */
const plain = (data: unknown): unknown => data instanceof Date || typeof data !== 'object' || data === null ? data
    : Array.isArray(data) ? data.map(plain) : new Map(Object.entries(data).filter(([, item]) => item !== undefined).map(([key, item]) => [key, plain(item)] as const).sort());

/** Any names in any case, as a filter or an update has them. */
const oneOf = (values: readonly unknown[]) => fc.constantFrom(...values);

async function scopeOf(namespace: string = randomUUID()) {
    const scope = store.scope({namespace, tables});
    await scope.createTables();
    return scope;
}

/** What fits a field by its schema, and what doesn't. */
const fields: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    s: text, n: number, b: bigint, d: date, t: fc.boolean(), o: nested, e: oneOf(['a', 'b']), q: fc.option(text), ctid: text,
    ['field with "quotes", \'dots.\' and $']: number, ['x'.repeat(100)]: text, ['__proto__']: text, ['half\ud800']: text
};
const strange = fc.oneof(text, number, fc.boolean(), date, fc.constant(null), fc.array(text, {maxLength: 2}), bigint);
const withEntries = (entries: readonly (readonly [string, unknown])[]): Row => Object.fromEntries(entries);
const rowOf = (isRegular: boolean): fc.Arbitrary<Row> => fc.tuple(...Object.entries(fields).map(([name, values]) => fc.oneof(
    {weight: 8, arbitrary: values.map(item => [name, item] as const)}, {weight: 1, arbitrary: fc.constant([name, undefined] as const)},
    {weight: isRegular ? 0 : 1, arbitrary: (name === 'b' ? strange.filter(item => typeof item !== 'bigint') : strange).map(item => [name, item] as const)}
))).map(withEntries);

describeWith(found, 'What a PostgresStore keeps', () => {
    beforeAll(async () => {
        database = await createDatabase(urlOf(found));
        store = new PostgresStore(database.url);
        await store.connect();
    });
    afterAll(async () => {
        await store.close();
        await database.drop();
    });

    it('comes back equal: rows with any key and any value', async () => {
        const {rows} = (await scopeOf()).tables;
        await fc.assert(fc.asyncProperty(fc.oneof(text, number, hugeBigint, date), text, value, async (left, right, item) => {
            await rows.set({left, right, value: item});
            const [got, all, byKey, counted] = await Promise.all([rows.get({left, right}), rows.find(), rows.find({left, right}), rows.count({right, value: {$eq: item}})]);
            expect(plain(got)).toEqual(plain({left, right, value: item}));
            expect(plain(all)).toEqual(plain([{left, right, value: item}]));
            expect(plain(byKey)).toEqual(plain([{left, right, value: item}]));
            expect(counted).toBe(1);
            await rows.remove({left, right});
            expect(await rows.count()).toBe(0);
        }), {numRuns: 300});
    }, 60_000);

    it('comes back equal: rows in real columns, whether they keep to the schema or not, also those that it doesn\'t name', async () => {
        const {typed, open} = (await scopeOf()).tables;
        await fc.assert(fc.asyncProperty(fc.boolean().chain(rowOf), fc.dictionary(text, value, {maxKeys: 4}), async (row, other) => {
            await typed.set({...row, id: 1});
            expect(plain(await typed.get({id: 1}))).toEqual(plain({...row, id: 1}));
            await typed.set({...row, ...other, id: 1});
            expect(plain(await typed.get({id: 1}))).toEqual(plain({...row, ...other, id: 1}));
            await open.set({...other, id: 'a'});
            expect(plain(await open.get({id: 'a'}))).toEqual(plain({...other, id: 'a'}));
        }), {numRuns: 300});
    }, 60_000);

    it('is found as a model finds it: real columns, rows that don\'t fit among them, page by page', async () => {
        const {typed} = (await scopeOf()).tables;
        const names = Object.keys(fields);
        const comparable = fc.oneof(text, number, bigint, date);
        const condition = fc.tuple(oneOf(names), fc.oneof(
            fc.tuple(fc.constantFrom('$eq', '$ne'), fc.oneof(...Object.values(fields), strange)), fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), comparable),
            fc.tuple(fc.constant('$in'), fc.array(fc.oneof(...Object.values(fields), strange), {maxLength: 4}))
        )).map(([name, [operator, operand]]) => [name as string, {[operator]: operand}] as const);
        const same = fc.tuple(oneOf(names), fc.nat(), fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'));
        const isComparable = (item: unknown) => typeof item === 'string' || typeof item === 'number' || typeof item === 'bigint' || item instanceof Date;
        await fc.assert(fc.asyncProperty(
            fc.array(rowOf(false), {minLength: 1, maxLength: 12}), fc.array(condition, {maxLength: 2}), fc.array(same, {maxLength: 1}), fc.array(fc.tuple(oneOf([...names, 'id']), fc.constantFrom('asc', 'desc')), {maxLength: 3}), fc.integer({min: 1, max: 5}),
            async (list, conditions, sames, order, limit) => {
                const rows = list.map((row, id): Row => ({...row, id}));
                await Promise.all(rows.map(row => typed.set(row as never)));
                // Values that rows have, so that there is something at every bound.
                const known = sames.flatMap(([name, n, operator]) => {
                    const item = (rows[n % rows.length] as Row)[name as string] ?? null;
                    return operator === '$eq' || operator === '$ne' || isComparable(item) ? [[name as string, {[operator]: item}] as const] : [];
                });
                const filter = Object.fromEntries([...conditions, ...known]);
                const sort = Object.fromEntries(order) as Record<string, 'asc' | 'desc'>;
                const where = compileFilter(typedSpec, filter);
                const expected = rows.filter(row => matches(row, where)).sort(compareRows(compileQuery(typedSpec, filter, {sort}).sort));
                const ids = (some: readonly Row[]) => some.map(({id}) => id);
                expect(await typed.count(filter as never)).toBe(expected.length);
                expect(ids(await typed.find(filter as never, {sort}))).toEqual(ids(expected));
                const paged: Row[] = [];
                for (let page: Row[] | undefined; page === undefined || page.length === limit; paged.push(...page))
                    page = await typed.find(filter, {sort, limit, cursor: paged.at(-1) as never});
                expect(ids(paged)).toEqual(ids(expected));
                await Promise.all(rows.map(({id}) => typed.remove({id: id as number})));
            }
        ), {numRuns: 400});
    }, 120_000);

    it('comes back equal: records with any key, value and token', async () => {
        const scope = await scopeOf();
        await fc.assert(fc.asyncProperty(fc.uniqueArray(text, {maxLength: 8}), text, text, text, async (keys, content, token, prefix) => {
            await scope.commit({records: keys.map(key => ({key, value: content, token, expected: null}))});
            expect(await scope.getRecords(keys)).toEqual(keys.map(() => ({value: content, token})));
            const listed = keys.filter(key => key.startsWith(prefix)).sort(compareValues);
            expect((await scope.listRecords(prefix)).map(({key}) => key)).toEqual(listed);
            for (const after of keys)
                expect((await scope.listRecords(prefix, {after})).map(({key}) => key)).toEqual(listed.filter(key => compareValues(key, after) > 0));
            await scope.commit({records: keys.map(key => ({key, value: null, token: 'next', expected: token}))});
            expect(await scope.listRecords('')).toEqual([]);
        }), {numRuns: 200});
    }, 60_000);

    it('stays apart by namespace, whatever that is, and nothing of it is left', async () => {
        const names = async (): Promise<unknown> => store.native(async ({client}) => (await client.query<{relname: string}>('SELECT relname FROM pg_class ORDER BY relname')).rows);
        const before = await names();
        await fc.assert(fc.asyncProperty(fc.uniqueArray(text, {minLength: 2, maxLength: 4}), async namespaces => {
            const scopes = [];
            for (const namespace of namespaces)
                scopes.push(await scopeOf(namespace));
            for (const [n, scope] of scopes.entries())
                await scope.tables.rows.set({left: n, right: '', value: n});
            for (const [n, scope] of scopes.entries()) {
                expect(await scope.tables.rows.find()).toEqual([{left: n, right: '', value: n}]);
                await scope.dropTables();
            }
            expect(await names()).toEqual(before);
        }), {numRuns: 15});
    }, 60_000);

    it('refuses by name a bigint beyond 64 bits where the schema says bigint, and writes nothing of the commit', async () => {
        const scope = await scopeOf();
        const row = {s: '', n: 0, b: 0n, d: new Date(0), t: true, o: {}, q: null};
        for (const b of [2n ** 63n, -(2n ** 63n) - 1n]) {
            await expect(scope.commit({writes: [{table: 'typed', id: '1', row: {...row, id: 1}}, {table: 'typed', id: '2', row: {...row, id: 2, b}}]}))
                .rejects.toMatchObject({code: 'NOT_ENCODABLE', message: expect.stringContaining('\'b\'') as string});
            expect(await scope.tables.typed.count({b})).toBe(0);
        }
        for (const bad of [{n: NaN}, {s: () => 1}, {o: new Map()}, {d: new Date(NaN)}, {unknown: Symbol('s')}])
            await expect(scope.tables.typed.set({...row, id: 1, ...bad} as never)).rejects.toMatchObject({code: 'NOT_ENCODABLE', message: expect.stringContaining(Object.keys(bad)[0] as string) as string});
        expect(await scope.tables.typed.count()).toBe(0);
    });

    it('may be longer than an index entry', async () => {
        const {typed, rows} = (await scopeOf()).tables;
        // Random, so that it can't be compressed.
        const long = Array.from({length: 9000}, (_, i) => String.fromCodePoint(0x4e00 + (i * 7919) % 20_000)).join('');
        const row = {s: long, n: 1, b: 1n, d: new Date(0), t: true, o: {long}, q: null};
        await typed.set({...row, id: 1});
        await typed.set({...row, id: 2, s: 'short'});
        expect((await typed.find({s: long})).map(({id}) => id)).toEqual([1]);
        for (const [direction, first] of [['desc', 1], ['asc', 2]] as const)
            expect((await typed.find({}, {sort: {s: direction}, limit: 1})).map(({id}) => id)).toEqual([first]);
        expect((await typed.find({o: {long}})).map(({id}) => id)).toEqual([1, 2]);
        await rows.set({left: long, right: long, value: long});
        expect(await rows.count({value: long})).toBe(1);
        expect(plain(await rows.get({left: long, right: long}))).toEqual(plain({left: long, right: long, value: long}));
    });

    it('is in real columns, for any tool to read', async () => {
        const scope = await scopeOf();
        await scope.tables.typed.set({id: 1, s: 'text', n: 0.1, b: 2n ** 62n, d: new Date(1_700_000_000_123), t: true, o: {a: [1]}, e: 'a', q: null, ['__proto__']: undefined});
        const {columns, row} = await scope.native(async ({client, table}) => {
            const {fields: described, rows} = await client.query<Row>(`SELECT id, s, n, b, d, t, o, e, q FROM ${table('typed')}`);
            return {columns: described.map(({name, dataTypeID}) => [name, dataTypeID]), row: rows[0]};
        });
        const {FLOAT8, TEXT, INT8, TIMESTAMPTZ, BOOL, JSONB} = pg.types.builtins;
        expect(columns).toEqual([['id', FLOAT8], ['s', TEXT], ['n', FLOAT8], ['b', INT8], ['d', TIMESTAMPTZ], ['t', BOOL], ['o', JSONB], ['e', TEXT], ['q', TEXT]]);
        expect(row).toEqual({id: 1, s: 'text', n: 0.1, b: String(2n ** 62n), d: new Date(1_700_000_000_123), t: true, o: {a: [1]}, e: 'a', q: null});
    });

    it('takes any string to text and back, in order', () => {
        fc.assert(fc.property(text, text, (a, b) => {
            expect(fromText(toText(a))).toBe(a);
            expect(fromSortableText(toSortableText(a))).toBe(a);
            for (const kept of [toText(a), toSortableText(a)]) {
                expect(Buffer.from(kept).toString()).toBe(kept);
                expect(kept).not.toContain('\0');
            }
            expect(Math.sign(compareBytes(toSortableText(a), toSortableText(b)))).toBe(Math.sign(compareValues(a, b)));
        }), {numRuns: 5000});
    });

    it('has an end behind each prefix of text', () => {
        fc.assert(fc.property(text, text, (a, b) => {
            const [prefix, key] = [toSortableText(a), toSortableText(b)];
            const end = endOfPrefix(prefix);
            const isInside = compareBytes(key, prefix) >= 0 && (end === undefined || compareBytes(key, end) < 0);
            expect(isInside).toBe(key.startsWith(prefix));
            expect(end === undefined || compareBytes(`${prefix}${key}`, end) < 0).toBe(true);
        }), {numRuns: 5000});
        expect(endOfPrefix('a\u{10ffff}')).toBe('b');
        expect(endOfPrefix('\ud7ff')).toBe('\ue000');
    });

    it('takes any value to JSON that jsonb takes, and back, and sorts it as all stores do', () => {
        fc.assert(fc.property(value, value, (a, b) => {
            expect(plain(fromJsonText(toJsonText(a)))).toEqual(plain(a));
            const [left, right] = [sortable(a) ?? '', sortable(b) ?? ''];
            expect(Math.sign(compareBytes(left, right))).toBe(Math.sign(compareValues(a, b)));
        }), {numRuns: 5000});
    });
});

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
