import {compileTables, type ProjectorClass, type Row, type TableDefinition, type TableEntry, type Woltage} from 'woltage';
import {differences, isEqual} from '../compare/differences.ts';
import {print} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';

/** The rows that a projector's tables should have, in any order; tables that aren't named aren't looked at. */
export type ExpectedRows<P extends ProjectorClass = ProjectorClass> = {
    readonly [Table in keyof P['schema']]?: P['schema'][Table] extends TableDefinition ? readonly TableEntry<P['schema'][Table]>[] : never;
};

/** @throws TestingError `TEST_INVALID` for tables that the projector doesn't have, and for what can't be rows */
export function checkRows({name, schema}: ProjectorClass, expected: unknown): asserts expected is Readonly<Record<string, readonly Row[]>> {
    const tables = Object.keys(schema);
    if (typeof expected !== 'object' || expected === null || Array.isArray(expected) || Object.keys(expected).length === 0)
        throw new TestingError(`expectRows takes rows by table: {${tables[0] ?? 'table'}: [{...}]}.`);
    for (const [table, rows] of Object.entries(expected)) {
        if (!tables.includes(table))
            throw new TestingError(`Projector '${name}' has no table '${table}'. It has: ${tables.join(', ') || 'none'}.`);
        if (!Array.isArray(rows) || !rows.every(row => typeof row === 'object' && row !== null))
            throw new TestingError(`The rows of table '${table}' must be an array of objects.`);
    }
}

/** All rows of a projection, by table. */
export async function readRows(woltage: Woltage, projectionName: string, version: number): Promise<Readonly<Record<string, readonly Row[]>>> {
    const tables = woltage.insides.store(projectionName, version)?.tables ?? {};
    return Object.fromEntries(await Promise.all(Object.entries(tables).map(async ([name, table]) => [name, await table.find() as Row[]] as const)));
}

interface Keyed {
    readonly key: string;
    readonly row: Row;
}

/** Where tables differ from what is expected, a line each; rows in the order of their keys, for a test runner's own difference. */
export function compareRows({name, schema}: ProjectorClass, expected: Readonly<Record<string, readonly Row[]>>, actual: Readonly<Record<string, readonly Row[]>>) {
    const specs = compileTables(schema, `projector ${name}`);
    const sorted: {readonly expected: Record<string, readonly Row[]>; readonly actual: Record<string, readonly Row[]>} = {expected: {}, actual: {}};
    const lines = Object.keys(expected).flatMap(table => {
        const keyFields = specs.get(table)?.keyFields ?? [];
        const [wanted, got] = [byKey(expected[table], keyFields), byKey(actual[table], keyFields)];
        sorted.expected[table] = wanted.map(({row}) => row);
        sorted.actual[table] = got.map(({row}) => row);
        return pair(table, wanted, got);
    });
    return {...sorted, lines};
}

const byKey = (rows: readonly Row[] = [], keyFields: readonly string[]): readonly Keyed[] =>
    rows.map(row => ({row, key: print(Object.fromEntries(keyFields.map(field => [field, row[field]])))})).sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** First rows that are equal find each other (a key may be a matcher), then rows of one key, and what is left is missing or unexpected. */
function pair(table: string, expected: readonly Keyed[], actual: readonly Keyed[]): readonly string[] {
    const left = [...actual];
    const take = (matches: (other: Keyed) => boolean): Keyed | undefined => {
        const index = left.findIndex(matches);
        return index < 0 ? undefined : left.splice(index, 1)[0];
    };
    const unmet = expected.filter(({row}) => take(other => isEqual(row, other.row)) === undefined);
    const lines = unmet.flatMap(({key, row}) => {
        const other = take(candidate => candidate.key === key);
        return other === undefined ? [`${table}: missing ${print(row)}`] : differences(row, other.row).map(line => `${table} ${key}: ${line}`);
    });
    return [...lines, ...left.map(({row}) => `${table}: unexpected ${print(row)}`)];
}
