import assert from 'node:assert/strict';
import {compareRows, compileFilter, compileQuery, compileTables, matches, type FindOptions, type Row, type TableSpec} from 'woltage';
import type {StoreCases} from './cases.ts';
import {Random} from './random.ts';
import {openScope, tables} from './support.ts';

/** Values of all kinds, many of which look like others. */
const values: readonly unknown[] = [
    undefined, null, true, false, 0, 1, -1, 0.1, 1 / 3, -2.5, 5, 5e-324, 2 ** 53, 2 ** 60, 2 ** 63, -(2 ** 63), 1e21, -1e300, Number.MAX_VALUE, -Number.MAX_VALUE,
    0n, 1n, 5n, -1n, 2n ** 53n + 1n, 2n ** 60n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 2n ** 63n + 1n, 10n ** 21n, -(10n ** 30n),
    new Date(0), new Date(1), new Date(5), new Date(-62_135_596_800_000), new Date(8.64e15), new Date(-8.64e15),
    '', '0', '1', '1st iteration', '5', 'true', 'null', 'a', 'A', 'aa', 'ä', 'd00000', 's', 't', '%', '_', '\'', '"', '\u0000', 'a\u0000', 'a\u0000b', '\uffee', '\u{1f600}', '\u{10ffff}',
    '1970-01-01T00:00:00.000Z', '{"$date":1}', '{"$bigint":"1"}',
    [], [1], ['1'], [1, 2], {}, {a: 1}, {a: '1'}, {a: 1, b: [2n]}, {b: [2n], a: 1}, {$date: 1, x: 1}, {$bigint: '1', x: 1}, {$date: 1}, {$bigint: '1'}, {$escaped: 1}
];
const comparable = values.filter(value => ['string', 'number', 'bigint'].includes(typeof value) || value instanceof Date);

const spec = compileTables(tables, 'the suite').get('mixed') as TableSpec;
const fields = ['indexed', 'plain', 'rank', 'id'] as const;

/** `indexed` and `plain` hold the same: an index changes no result. */
function randomRows(random: Random, count: number, pool: readonly unknown[]): Row[] {
    return Array.from({length: count}, (_, i) => {
        const value = random.pick(pool);
        return {id: `${random.below(10)}-${i}`, ...value === undefined ? {} : {indexed: value, plain: value}, rank: random.below(4)};
    });
}

function randomFilter(random: Random, pool: readonly unknown[]): Record<string, unknown> {
    const field = random.pick(['indexed', 'plain']);
    const some = (): unknown => random.pick(pool);
    const bound = (): unknown => random.pick(comparable.filter(value => pool.includes(value)));
    return random.pick<() => Record<string, unknown>>([
        () => ({}),
        () => ({[field]: {$eq: some() ?? null}}),
        () => ({[field]: {$ne: some() ?? null}, rank: random.below(4)}),
        () => ({[field]: {$in: Array.from({length: random.below(5)}, () => some() ?? null)}}),
        () => ({[field]: {$gt: bound()}}),
        () => ({[field]: {$gte: bound()}}),
        () => ({[field]: {$lt: bound()}}),
        () => ({[field]: {$lte: bound()}}),
        () => ({[field]: {$gte: bound(), $lte: bound()}, rank: {$in: [0, 1, 2]}}),
        () => ({[field]: {$gt: bound(), $lt: bound(), $ne: some() ?? null}})
    ])();
}

const randomSort = (random: Random): Record<string, 'asc' | 'desc'> =>
    Object.fromEntries(Array.from({length: random.below(4)}, () => [random.pick(fields), random.pick(['asc', 'desc'] as const)]));

/** A table by what this suite asks of it; rows of any fields. */
interface RowTable {
    set(row: Row): Promise<void>;
    update(key: Row, values: Row): Promise<boolean>;
    remove(key: Row): Promise<void>;
    find(filter: Row, options: FindOptions<Row>): Promise<Row[]>;
    findOne(filter: Row, options: FindOptions<Row>): Promise<Row | null>;
    count(filter: Row): Promise<number>;
}

const asText = (value: unknown): string => JSON.stringify(value, (_key, item: unknown) => typeof item === 'bigint' ? `${item}n` : item);
const ids = (rows: readonly Row[]): unknown[] => rows.map(({id}) => id);

async function compareWithModel(table: RowTable, rows: readonly Row[], random: Random, pool: readonly unknown[]): Promise<void> {
    const filter = randomFilter(random, pool);
    const sort = randomSort(random);
    const limit = 1 + random.below(10);
    const what = `seed ${random.seed}: find(${asText(filter)}, ${asText({sort, limit})})`;
    const where = compileFilter(spec, filter);
    const expected = rows.filter(row => matches(row, where)).sort(compareRows(compileQuery(spec, filter, {sort}).sort));
    assert.deepEqual(ids(await table.find(filter, {sort})), ids(expected), `${what}, without limit`);
    assert.equal(await table.count(filter), expected.length, `${what}, counted`);
    const found: Row[] = [];
    for (let cursor: Row | undefined; ;) {
        const page = await table.find(filter, {sort, limit, cursor});
        found.push(...page);
        if (page.length < limit)
            break;
        cursor = page.at(-1);
    }
    assert.deepEqual(ids(found), ids(expected), `${what}, page by page`);
    assert.equal((await table.findOne(filter, {sort}))?.['id'], expected[0]?.['id'], `${what}, the first`);
}

async function run(table: RowTable, random: Random, pool: readonly unknown[]): Promise<void> {
    let rows = randomRows(random, 80, pool);
    for (const row of rows)
        await table.set(row);
    for (let i = 0; i < 40; i++) {
        await compareWithModel(table, rows, random, pool);
        const row = random.pick(rows);
        if (random.below(2) === 0) {
            await table.remove(row);
            rows = rows.filter(other => other !== row);
        } else {
            const value = random.pick(pool);
            await table.update(row, {indexed: value, plain: value, rank: 1});
            rows = rows.map(other => other === row ? {id: row['id'], indexed: value, plain: value, rank: 1} : other);
        }
    }
}

const isHuge = (value: unknown): boolean => (typeof value === 'number' || typeof value === 'bigint') && (value >= 2 ** 63 || value <= -(2 ** 63));
const usual = values.filter(value => !isHuge(value));
const usualOf = (...types: readonly string[]): unknown[] => usual.filter(value => value === undefined || types.includes(typeof value));

const pools: Readonly<Record<string, readonly unknown[]>> = {
    'values of all kinds': values,
    'values of all kinds but huge numbers': usual,
    'strings': usualOf('string'),
    'numbers and bigints': usualOf('number', 'bigint'),
    'numbers, bigints and booleans of any size': values.filter(value => ['number', 'bigint', 'boolean'].includes(typeof value)),
    'dates': [undefined, null, ...values.filter(value => value instanceof Date)],
    'booleans, and numbers that look like them': [true, false, 0, 1, 0n, 1n, null]
};

export const modelCases: StoreCases = Object.fromEntries(Object.entries(pools).map(([name, pool]) => [
    `queries over ${name} give what a model gives, page by page, with an index and without`,
    async store => {
        const {mixed} = (await openScope(store)).tables;
        await run(mixed as unknown as RowTable, new Random(Math.floor(Math.random() * 2 ** 31)), pool);
    }
]));
