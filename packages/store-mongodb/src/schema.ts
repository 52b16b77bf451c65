import type {CreateIndexesOptions, IndexDescription} from 'mongodb';
import {ConfigError, type TableSpec} from 'woltage';
import type {Collections} from './collections.ts';
import {toTopFieldName} from './field-name.ts';
import {codeOf, messageOf, NAMESPACE_EXISTS} from './mongodb-error.ts';
import {recordRange} from './records.ts';

/** Answers that say that an index can't be: CannotCreateIndex, CannotIndexParallelArrays, IndexOptionsConflict, IndexKeySpecsConflict. */
const INDEX_REFUSED: ReadonlySet<number> = new Set([67, 171, 85, 86]);

/** An index over rows that are there already takes its time: an hour, in ms. */
const PATIENT: CreateIndexesOptions & {readonly socketTimeoutMS: number} = {socketTimeoutMS: 3_600_000};

/** Creates a scope's tables and indexes where they are missing. @throws ConfigError `MONGODB_INDEX` */
export async function createTables(collections: Collections, specs: Iterable<TableSpec>): Promise<void> {
    const {database, names, tables} = collections;
    const wanted = [...specs];
    const existing = new Set((await database.listCollections({}, {nameOnly: true}).toArray()).map(({name}) => name));
    for (const name of [names.records, names.tables, names.redo, names.sessions, ...wanted.map(spec => names.table(spec.name))]) {
        if (!existing.has(name))
            await createCollection(collections, name);
    }
    for (const spec of wanted) {
        const name = names.table(spec.name);
        await tables.replaceOne({_id: name}, {scope: names.scope}, {upsert: true});
        await createIndexes(collections, spec);
    }
}

async function createCollection({database}: Collections, name: string): Promise<void> {
    try {
        await database.createCollection(name);
    } catch (error) {
        // Somebody else has done it.
        if (codeOf(error) !== NAMESPACE_EXISTS)
            throw error;
    }
}

async function createIndexes({database, names}: Collections, {name, indexes}: TableSpec): Promise<void> {
    if (indexes.length === 0)
        return;
    try {
        const distinct = new Map(indexes.map(fields => [JSON.stringify(fields), {key: keyOf(fields)}]));
        await database.collection(names.table(name)).createIndexes([...distinct.values()], PATIENT);
    } catch (error) {
        if (!INDEX_REFUSED.has(codeOf(error) ?? 0))
            throw error;
        throw new ConfigError(`An index of table '${name}' can't be created: ${messageOf(error)}`, {code: 'MONGODB_INDEX', cause: error});
    }
}

const keyOf = (fields: readonly string[]): IndexDescription['key'] => Object.fromEntries(fields.map(field => [toTopFieldName(field), 1]));

/** Removes all that a scope has, but for the numbers of its commits. */
export async function dropTables({database, names, tables, records, sessions}: Collections, specs: Iterable<TableSpec>): Promise<void> {
    const {scope} = names;
    const known = await tables.find({scope}).toArray();
    for (const name of new Set([...known.map(({_id}) => _id), ...Array.from(specs, spec => names.table(spec.name))]))
        await database.collection(name).drop();
    await tables.deleteMany({scope});
    await sessions.deleteMany({scope});
    await records.deleteMany({_id: recordRange(scope)});
}
