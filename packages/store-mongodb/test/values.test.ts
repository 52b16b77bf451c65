import {randomUUID} from 'node:crypto';
import fc from 'fast-check';
import {BSON} from 'mongodb';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {compareValues, encodeJson, z, type Row} from 'woltage';
import {decodeRow} from '../src/decode.ts';
import {encodeRow} from '../src/encode.ts';
import {fromFieldName, toFieldName, toTopFieldName} from '../src/field-name.ts';
import {MongoDBStore} from '../src/index.ts';
import {scopeName} from '../src/names.ts';
import {fromText, toText} from '../src/text.ts';
import {standalone, transactional} from './server/servers.ts';

/** Any string there is: of all planes, with halves of pairs, and such that mean something somewhere. */
const text = fc.oneof(
    fc.string({unit: 'binary'}), fc.string({unit: 'grapheme'}), fc.array(fc.integer({min: 0, max: 0xffff})).map(units => String.fromCharCode(...units)),
    fc.constantFrom('', '\0', 'a\0b', '\0\0', '{', '$', '$where', '$ne', '.', 'a.b', '..', '%', '%0024', '%text', '%bigint', '_id', '_w', '_bsontype', '__proto__', 'toBSON', 'x\ud800', '\udc00x', '\u{1d800}', '\u{10ffff}', '\uffff', '~', '0', '-1')
);
const date = fc.oneof(fc.date({noInvalidDate: true}), fc.constantFrom(8.64e15, -8.64e15, 0, -1).map(ms => new Date(ms)));
const bigint = fc.oneof(fc.bigInt(), fc.bigInt({min: -(2n ** 64n), max: 2n ** 64n}), fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) - 1n));
const number = fc.oneof(fc.double({noNaN: true, noDefaultInfinity: true}), fc.integer(), fc.constantFrom(2 ** 31, 2 ** 53, 2 ** 63, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE)).map(n => n === 0 ? 0 : n);
const scalar = fc.oneof(text, number, bigint, date, fc.boolean(), fc.constant(null));
const name = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '$date', '$bigint', '$ref', '$id', '_bsontype', 'hasOwnProperty', 'length', '%json', '%array'));
const value = fc.letrec(tie => ({
    any: fc.oneof({maxDepth: 4}, scalar, fc.array(tie('any'), {maxLength: 4}), fc.dictionary(name, tie('any'), {maxKeys: 4}))
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

describe.each([transactional, standalone])('What a MongoDBStore keeps on $title', ({start}) => {
    let server: Awaited<ReturnType<typeof start>>;
    let store: MongoDBStore;
    beforeAll(async () => {
        server = await start();
        store = new MongoDBStore({url: server.url, database: 'woltage-values'});
        await store.connect();
    });
    afterAll(async () => {
        await store.native(({database}) => database.dropDatabase());
        await store.close();
        await server.stop();
    });

    async function scopeOf(namespace: string = randomUUID()) {
        const scope = store.scope({namespace, tables});
        await scope.createTables();
        return scope;
    }

    it('comes back equal: rows with any key and any value', async () => {
        const {rows} = (await scopeOf()).tables;
        let last: {left: string | number | bigint | Date; right: string} = {left: '', right: ''};
        await fc.assert(fc.asyncProperty(fc.oneof(text, number, bigint, date), text, value, async (left, right, item) => {
            await rows.remove(last);
            last = {left, right};
            await rows.set({left, right, value: item});
            expect(await rows.count()).toBe(1);
            const [got, found, counted] = [await rows.get({left, right}), await rows.find({left, right}), await rows.count({right, value: {$eq: item}})];
            expect(plain(got)).toEqual(plain({left, right, value: item}));
            expect(plain(found)).toEqual(plain([{left, right, value: item}]));
            expect(counted).toBe(1);
            expect(plain(await rows.find({value: {$eq: item}, right}, {sort: {value: 'desc'}, limit: 1}))).toEqual(plain([{left, right, value: item}]));
            expect(await rows.count({value: {$ne: item}})).toBe(0);
        }), {numRuns: 150});
        await rows.remove(last);
        expect(await rows.count()).toBe(0);
    });

    it('comes back equal: records with any key, value and token', async () => {
        const scope = await scopeOf();
        await fc.assert(fc.asyncProperty(fc.uniqueArray(text, {maxLength: 6}), text, text, text, async (keys, content, token, prefix) => {
            await scope.commit({records: keys.map(key => ({key, value: content, token, expected: null}))});
            expect(await scope.getRecords(keys)).toEqual(keys.map(() => ({value: content, token})));
            const listed = keys.filter(key => key.startsWith(prefix)).sort(compareValues);
            expect((await scope.listRecords(prefix)).map(({key}) => key)).toEqual(listed);
            for (const after of keys)
                expect((await scope.listRecords(prefix, {after})).map(({key}) => key)).toEqual(listed.filter(key => compareValues(key, after) > 0));
            await scope.commit({records: keys.map(key => ({key, value: null, token: 'next', expected: token}))});
            expect(await scope.listRecords('')).toEqual([]);
        }), {numRuns: 100});
    });

    it('is paged in the order of its keys, whatever those are', async () => {
        const keyed = {rows: {key: z.object({id: z.unknown()}), schema: z.object({n: z.number()}), indexes: [['n']]}};
        const scope = store.scope({namespace: randomUUID(), tables: keyed});
        await scope.createTables();
        const {rows} = scope.tables;
        // A number and a bigint that are equal have no order between them.
        const keys = fc.oneof(fc.uniqueArray(text, {maxLength: 9}), fc.uniqueArray(fc.oneof(text, date, fc.boolean(), number), {maxLength: 9, comparator: (a, b) => compareValues(a, b) === 0}), fc.uniqueArray(bigint, {maxLength: 9}));
        await fc.assert(fc.asyncProperty(keys, fc.boolean(), async (list: readonly unknown[], sorts) => {
            await scope.commit({writes: list.map((id, i) => ({table: 'rows', id: encodeJson(id), row: {id, n: i % 2}}))});
            const expected = list.map((id, i) => ({id, n: i % 2})).sort((a, b) => (sorts ? b.n - a.n : 0) || compareValues(a.id, b.id));
            const found: Row[] = [];
            for (let page: Row[] = []; found.length === 0 || page.length > 0; found.push(...page)) {
                page = await rows.find({}, {limit: 2, cursor: found.at(-1) as never, ...sorts ? {sort: {n: 'desc'}} : {}});
                if (page.length === 0)
                    break;
            }
            await scope.commit({writes: list.map(id => ({table: 'rows', id: encodeJson(id), row: null}))});
            expect(found).toEqual(expected);
        }), {numRuns: 100});
    });

    it('stays apart by namespace, whatever that is, and goes without a trace', async () => {
        const names = () => store.native(async ({database}) => (await database.listCollections({}, {nameOnly: true}).toArray()).map(collection => collection.name).sort());
        const before = await names();
        await fc.assert(fc.asyncProperty(fc.uniqueArray(text, {minLength: 2, maxLength: 4}), async namespaces => {
            const scopes = await Promise.all(namespaces.map(scopeOf));
            for (const [n, scope] of scopes.entries())
                await scope.tables.rows.set({left: n, right: '', value: n});
            for (const [n, scope] of scopes.entries()) {
                expect(await scope.tables.rows.find()).toEqual([{left: n, right: '', value: n}]);
                await scope.dropTables();
            }
            expect(await names()).toEqual(before);
        }), {numRuns: 20});
    });

    it('isn\'t changed by what means something to MongoDB or its driver', async () => {
        const {rows} = (await scopeOf()).tables;
        const evil: unknown[] = [
            {$where: 'sleep(1000)'}, {'$set': {a: 1}}, {_bsontype: 'ObjectId', id: 'x'}, {_bsontype: 'Code', code: '1', scope: {}}, {$ref: 'a', $id: 'b'}, {'a.b.c': {'$gt': ''}}, {_id: 1, _w: {removed: true}},
            {'': {'': 1}}, JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}'), [{$exists: false}], {'\0': 'nul'}, {'%text': '"x"'}, {'%0024where': 1}, {'%json': 'broken'}
        ];
        for (const [left, item] of evil.entries())
            await rows.set({left, right: '$where', value: item});
        for (const [left, item] of evil.entries())
            expect(plain((await rows.get({left, right: '$where'}))?.value)).toEqual(plain(item));
        expect(await rows.count({right: '$where'})).toBe(evil.length);
        expect(({} as {polluted?: unknown}).polluted).toBeUndefined();
        for (const right of ['$ne', '{"$ne": null}', '\0', '_id'])
            expect(await rows.count({right})).toBe(0);
    });

    it('may have fields of any name at the top', async () => {
        const odd = ['_id', '_w', '$set', 'a.b', '%', '', '__proto__', '0', 'constructor', '_bsontype'];
        const scope = store.scope({namespace: randomUUID(), tables: {odd: {key: z.object({_id: z.string()}), schema: z.record(z.string(), z.unknown()), indexes: odd.map(field => [field])}}});
        await scope.createTables();
        const row = (n: number): Row => Object.fromEntries(odd.map((field, i) => [field, field === '_id' ? `id-${n}` : n + i]));
        for (let n = 0; n < 3; n++)
            await scope.tables.odd.set(row(n) as never);
        expect(plain(await scope.tables.odd.get({_id: 'id-1'}))).toEqual(plain(row(1)));
        for (const [i, field] of odd.entries()) {
            const filter = Object.fromEntries([[field, field === '_id' ? 'id-2' : 2 + i]]);
            expect((await scope.tables.odd.find(filter as never)).map(({_id}) => _id)).toEqual(['id-2']);
            expect((await scope.tables.odd.find({}, {sort: Object.fromEntries([[field, 'desc']]), limit: 2} as never)).map(({_id}) => _id)).toEqual(['id-2', 'id-1']);
        }
    });

    it('may be nested deeper than MongoDB nests', async () => {
        const {rows} = (await scopeOf()).tables;
        const nested = (depth: number): unknown => depth === 0 ? [1n, new Date(5), '\ud800'] : depth % 2 === 0 ? [nested(depth - 1)] : {a: nested(depth - 1)};
        for (const depth of [10, 79, 80, 81, 82, 150, 190]) {
            await rows.set({left: depth, right: '', value: nested(depth)});
            expect((await rows.get({left: depth, right: ''}))?.value).toEqual(nested(depth));
        }
    });
});

describe('What MongoDB gets to see', () => {
    it('is a row\'s own fields with their natural types', () => {
        expect(encodeRow({id: 'a', at: new Date(5), amount: 5n, ok: true, none: null, left: undefined, list: ['x', {deep: 'y'}], 'a.b': '😀'})).toEqual({
            id: 'a', at: new Date(5), amount: 5n, ok: true, none: null, list: ['x', {deep: 'y'}], 'a%002eb': '😀'
        });
    });

    it('comes back from any row', () => {
        fc.assert(fc.property(fc.dictionary(name, value), fc.boolean(), (row, wrapsArrays) => {
            expect(plain(decodeRow(BSON.deserialize(BSON.serialize(encodeRow(row, wrapsArrays)), {useBigInt64: true})))).toEqual(plain(row));
        }), {numRuns: 2000});
    });

    it('has names of fields that MongoDB takes for nothing else, each its own', () => {
        fc.assert(fc.property(name, name, (a, b) => {
            for (const to of [toFieldName, toTopFieldName]) {
                expect(fromFieldName(to(a))).toBe(a);
                expect(to(a) === to(b)).toBe(a === b);
                expect(to(a)).not.toMatch(/^\$|[.\0]|^_bsontype$|^__proto__$|^$/);
                expect(Buffer.from(to(a)).toString()).toBe(to(a));
            }
            expect(['_id', '_w']).not.toContain(toTopFieldName(a));
        }), {numRuns: 5000});
    });

    it('has keys of records in order', () => {
        fc.assert(fc.property(text, text, (a, b) => {
            expect(fromText(toText(a))).toBe(a);
            expect(Buffer.from(toText(a)).toString()).toBe(toText(a));
            expect(Math.sign(Buffer.compare(Buffer.from(toText(a)), Buffer.from(toText(b))))).toBe(Math.sign(compareValues(a, b)));
        }), {numRuns: 5000});
    });

    it('has names of collections that MongoDB allows, for any namespace its own', () => {
        fc.assert(fc.property(text, text, (a, b) => {
            expect(scopeName(a)).toMatch(/^[A-Za-z0-9@_~-]{1,65}$/);
            expect(scopeName(a) === scopeName(b)).toBe(a === b);
        }), {numRuns: 5000});
    });
});
