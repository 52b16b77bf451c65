import {randomUUID} from 'node:crypto';
import fc from 'fast-check';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {compareValues, z, type Row} from 'woltage';
import {canStart, describeWith, startServer} from '../../../test/servers/find-server.ts';
import {redis, type RedisServer} from '../../../test/servers/redis.ts';
import {RedisStore} from '../src/index.ts';
import {sortable} from '../src/sortable.ts';
import {fromText, toText} from '../src/text.ts';

const startable = await canStart(redis, 'values in RedisStore');

let server: RedisServer;
let store: RedisStore;
beforeAll(async () => {
    server = await startServer(redis);
    store = new RedisStore({url: server.url});
    await store.connect();
});
afterAll(async () => {
    await store.close();
    await server.stop();
});

/** Any string there is: of all planes, with halves of pairs, and such that mean something somewhere. */
const text = fc.oneof(
    fc.string({unit: 'binary'}), fc.string({unit: 'grapheme'}), fc.array(fc.integer({min: 0, max: 0xffff})).map(units => String.fromCharCode(...units)),
    fc.constantFrom('', '\0', '\0\u0001', '\0\0', '{', '}', '{a}', '*', ':', ',', '\n', '\r\n$1\r\nx', '"', '\'', '$', '.', '\\', 'x\ud800', '\udc00x', '\u{1d800}', '\u{10ffff}', '\uffff', '~', '[', '(', '+', '-')
);
const date = fc.oneof(fc.date({noInvalidDate: true}), fc.constantFrom(8.64e15, -8.64e15, 0, -1).map(ms => new Date(ms)));
const bigint = fc.oneof(fc.bigInt(), fc.bigInt({min: -(2n ** 64n), max: 2n ** 64n}), fc.bigInt({min: 2n ** 1020n, max: 2n ** 1030n}), fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, -(2n ** 63n)));
const number = fc.oneof(fc.double({noNaN: true, noDefaultInfinity: true}), fc.integer(), fc.constantFrom(2 ** 53, 2 ** 63, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE)).map(n => n === 0 ? 0 : n);
const scalar = fc.oneof(text, number, bigint, date, fc.boolean(), fc.constant(null));
const value = fc.letrec(tie => ({
    any: fc.oneof({maxDepth: 4}, scalar, fc.array(tie('any'), {maxLength: 4}), fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '$date', '$bigint', '$escaped')), tie('any'), {maxKeys: 4}))
})).any;

const tables = {
    rows: {
        key: z.object({left: z.union([z.string(), z.number(), z.bigint(), z.date()]), right: z.string()}),
        schema: z.object({value: z.unknown()}),
        indexes: [['value'], ['right', 'value']]
    }
};

/** Equal as data: what the prototype is doesn't matter. */
const plain = (data: unknown): unknown => data instanceof Date || typeof data !== 'object' || data === null ? data
    : Array.isArray(data) ? data.map(plain) : new Map(Object.entries(data).map(([key, item]) => [key, plain(item)]));

async function scopeOf(namespace: string = randomUUID()) {
    const scope = store.scope({namespace, tables});
    await scope.createTables();
    return scope;
}

describeWith(startable, 'What a RedisStore keeps', () => {
    it('comes back equal: rows with any key and any value', async () => {
        const {rows} = (await scopeOf()).tables;
        await fc.assert(fc.asyncProperty(fc.oneof(text, number, bigint, date), text, value, async (left, right, item) => {
            await rows.set({left, right, value: item});
            expect(await rows.count()).toBe(1);
            const [got, found, counted] = [await rows.get({left, right}), await rows.find({left, right}), await rows.count({right, value: {$eq: item}})];
            expect(plain(got)).toEqual(plain({left, right, value: item}));
            expect(plain(found)).toEqual(plain([{left, right, value: item}]));
            expect(counted).toBeGreaterThan(0);
            expect(plain(await rows.find({value: {$eq: item}, right}))).toContainEqual(plain({left, right, value: item}));
            await rows.remove({left, right});
            expect(await rows.count()).toBe(0);
        }), {numRuns: 300});
    });

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
        }), {numRuns: 300});
    });

    it('stays apart by namespace, whatever that is', async () => {
        const keys = () => store.native(({client}) => client.keys('*'));
        const before = (await keys()).sort();
        await fc.assert(fc.asyncProperty(fc.uniqueArray(text, {minLength: 2, maxLength: 5}), async namespaces => {
            const scopes = await Promise.all(namespaces.map(scopeOf));
            for (const [n, scope] of scopes.entries())
                await scope.tables.rows.set({left: n, right: '', value: n});
            for (const [n, scope] of scopes.entries()) {
                expect(await scope.tables.rows.find()).toEqual([{left: n, right: '', value: n}]);
                await scope.dropTables();
            }
            expect((await keys()).sort()).toEqual(before);
        }), {numRuns: 50});
    });
});

describeWith(startable, 'The order of a RedisStore', () => {
    it('is the portable one, for all values', () => {
        fc.assert(fc.property(value, value, (a, b) => {
            expect(Math.sign(compareBytes(sortable(a), sortable(b)))).toBe(Math.sign(compareValues(a, b)));
        }), {numRuns: 5000});
        fc.assert(fc.property(number, fc.bigInt({min: -2000n, max: 2000n}), (a, offset) => {
            const b = BigInt(Math.trunc(a)) + offset;
            expect(Math.sign(compareBytes(sortable(a), sortable(b)))).toBe(Math.sign(compareValues(a, b)));
        }), {numRuns: 5000});
    });

    it('tells where a field ends', () => {
        fc.assert(fc.property(value, value, (a, b) => {
            const [left, right] = [sortable(a), sortable(b)];
            expect(left === right || !right.startsWith(left)).toBe(true);
        }), {numRuns: 5000});
    });

    it('is kept by an index over two fields', async () => {
        const {rows} = (await scopeOf()).tables;
        await fc.assert(fc.asyncProperty(fc.array(fc.record({right: fc.constantFrom('', 'a', 'a\0'), value}), {maxLength: 12}), fc.boolean(), fc.boolean(), async (list, first, second) => {
            for (const [left, row] of list.entries())
                await rows.set({left, ...row});
            const sort = {right: first ? 'asc' : 'desc', value: second ? 'asc' : 'desc'} as const;
            const expected = await rows.find({}, {sort});
            const paged: Row[] = [];
            for (let page: Row[] = []; ; paged.push(...page)) {
                page = await rows.find({}, {sort, limit: 5, cursor: paged.at(-1) as never});
                if (page.length === 0)
                    break;
            }
            expect(plain(paged)).toEqual(plain(expected));
            for (const left of list.keys())
                await Promise.all(['', 'a', 'a\0'].map(right => rows.remove({left, right})));
        }), {numRuns: 100});
    });

    it('takes any string to text and back, in order', () => {
        fc.assert(fc.property(text, text, (a, b) => {
            expect(fromText(toText(a))).toBe(a);
            expect(Buffer.from(toText(a)).toString()).toBe(toText(a));
            expect(Math.sign(compareBytes(toText(a), toText(b)))).toBe(Math.sign(compareValues(a, b)));
        }), {numRuns: 5000});
    });
});

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
