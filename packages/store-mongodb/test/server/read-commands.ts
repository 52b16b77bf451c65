import {Aggregator, Query} from 'mingo';
import type {Collection} from './collection.ts';
import {bySort, valueAt} from './compare.ts';
import type {Data} from './database.ts';
import {badValue} from './errors.ts';
import type {Transaction} from './transactions.ts';
import type {Doc} from './wire.ts';

const numberOf = (value: unknown): number => Number(value ?? 0);

/** The documents that a `find` gives. */
export function find(collection: Collection, command: Doc, transaction: Transaction | undefined): Doc[] {
    const [skip, limit] = [numberOf(command['skip']), Math.abs(numberOf(command['limit'])) || Infinity];
    const sort = command['sort'] as Doc | undefined;
    const isSorted = sort !== undefined && Object.keys(sort).length > 0;
    const found = collection.find((command['filter'] ?? {}) as Doc, transaction, isSorted ? Infinity : skip + limit);
    if (isSorted)
        found.sort(bySort(checked(sort, found)));
    const page = found.slice(skip, skip + limit);
    const projection = command['projection'] as Doc | undefined;
    return projection === undefined || Object.keys(projection).length === 0 ? page : new Query({}).find<Doc>(page, projection).all();
}

function checked(sort: Doc, docs: readonly Doc[]): Doc {
    const paths = Object.keys(sort);
    if (docs.some(doc => paths.filter(path => Array.isArray(valueAt(doc, path))).length > 1))
        throw badValue('Executor error during find command :: caused by :: cannot sort with keys that are parallel arrays');
    return sort;
}

/** The documents that a pipeline gives. The leading `$match` is the server's own; the rest is mingo's. */
export function aggregate(data: Data, database: string, name: string, pipeline: readonly Doc[], transaction: Transaction | undefined): Doc[] {
    const first = pipeline[0]?.['$match'] as Doc | undefined;
    const docs = data.existing(database, name)?.find(first ?? {}, transaction) ?? [];
    const rest = first === undefined ? pipeline : pipeline.slice(1);
    return rest.length === 0 ? docs : new Aggregator([...rest], {
        collectionResolver: other => data.existing(database, other)?.find({}, transaction) ?? []
    }).run(docs);
}

export function distinct(collection: Collection, {key, query = {}}: Doc, transaction: Transaction | undefined): unknown[] {
    const found = collection.find(query as Doc, transaction).flatMap(doc => doc[key as string]);
    return [...new Set(found.filter(value => value !== undefined))];
}
