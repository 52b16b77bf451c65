import type {
    AggregateOptions, AnyBulkWriteOperation, BulkWriteOptions, BulkWriteResult, Collection, CountDocumentsOptions, DeleteOptions, DeleteResult, Document, Filter, InsertManyResult,
    InsertOneResult, ReplaceOptions, UpdateFilter, UpdateOptions, UpdateResult
} from 'mongodb';
import {PortableTable, rowId, type ITable, type Row, type TableAccess, type TableDefinition, type TableDefinitionMap, type TableEntry, type TableSpec} from 'woltage';
import type {RowDocument} from './collections.ts';
import {documentId} from './document-id.ts';
import {encodeRow} from './encode.ts';

/** A row as it stands in MongoDB. */
type Stored<D extends TableDefinition> = TableEntry<D> & {_id: string};

/**
 * Methods of the driver's collection, on a table. Filters, updates and results are the driver's own: what they name are the documents as they stand in MongoDB, whose `_id` is the key
 * as JSON text. Before each of them the unit of work is written, and the table's rows are no longer cached; what they write is not part of the batch's commit. Errors are the driver's own.
 */
export interface MongoDBTableMethods<D extends TableDefinition = TableDefinition> {
    /** Inserts a row, whose `_id` is made of its key. @throws MongoServerError 11000 when there is one with this key; BadRequestError `INVALID_KEY`, `NOT_ENCODABLE` */
    insertOne(entry: TableEntry<D>): Promise<InsertOneResult<Stored<D>>>;
    /** Inserts rows, see {@link insertOne}. */
    insertMany(entries: readonly TableEntry<D>[], options?: BulkWriteOptions): Promise<InsertManyResult<Stored<D>>>;
    /** Replaces, or inserts with `upsert`, the row that has the key of `entry`. */
    replaceOne(entry: TableEntry<D>, options?: ReplaceOptions): Promise<UpdateResult<Stored<D>>>;
    updateOne(filter: Filter<Stored<D>>, update: UpdateFilter<Stored<D>>, options?: UpdateOptions): Promise<UpdateResult<Stored<D>>>;
    updateMany(filter: Filter<Stored<D>>, update: UpdateFilter<Stored<D>>, options?: UpdateOptions): Promise<UpdateResult<Stored<D>>>;
    deleteOne(filter: Filter<Stored<D>>, options?: DeleteOptions): Promise<DeleteResult>;
    deleteMany(filter: Filter<Stored<D>>, options?: DeleteOptions): Promise<DeleteResult>;
    bulkWrite(operations: readonly AnyBulkWriteOperation<Stored<D>>[], options?: BulkWriteOptions): Promise<BulkWriteResult>;
    /** All results of a pipeline. */
    aggregate<R extends Document = Document>(pipeline: readonly Document[], options?: AggregateOptions): Promise<R[]>;
    countDocuments(filter?: Filter<Stored<D>>, options?: CountDocumentsOptions): Promise<number>;
    distinct<F extends keyof TableEntry<D> & string>(field: F, filter?: Filter<Stored<D>>): Promise<TableEntry<D>[F][]>;
}

/** A table with the portable methods, and the driver's beside them. */
export type MongoDBTable<D extends TableDefinition = TableDefinition> = ITable<D> & MongoDBTableMethods<D>;

export type MongoDBTableMap<T extends TableDefinitionMap = TableDefinitionMap> = {readonly [Name in keyof T]: MongoDBTable<T[Name]>};

/** Calls a function with the table's collection, on servers that are connected. */
export type UseCollection = <R>(spec: TableSpec, run: (collection: Collection<RowDocument>, hasTransactions: boolean) => Promise<R>) => Promise<R>;

const REMOVED = {'_w.removed': {$exists: true}};
const PRESENT = {'_w.removed': {$exists: false}};

/** Without transactions, rows that were removed leave their number behind for a while, which native calls needn't know. */
const present = (filter: object, hasTransactions: boolean): Filter<RowDocument> => hasTransactions ? filter : {$and: [filter, PRESENT]};

export class NativeTable extends PortableTable implements MongoDBTableMethods {
    readonly #use: UseCollection;

    constructor(spec: TableSpec, access: TableAccess, use: UseCollection) {
        super(spec, access);
        this.#use = use;
    }

    insertOne(entry: object): Promise<InsertOneResult<never>> {
        return this.#write([entry], (collection, [document]) => collection.insertOne(document as RowDocument) as Promise<InsertOneResult<never>>);
    }

    insertMany(entries: readonly object[], options?: BulkWriteOptions): Promise<InsertManyResult<never>> {
        return this.#write(entries, (collection, documents) => collection.insertMany(documents, options) as Promise<InsertManyResult<never>>);
    }

    replaceOne(entry: object, options?: ReplaceOptions): Promise<UpdateResult<never>> {
        return this.#write([entry], (collection, [document]) => {
            const {_id, ...content} = document as RowDocument;
            return collection.replaceOne({_id}, content, options);
        });
    }

    updateOne(filter: object, update: object, options?: UpdateOptions): Promise<UpdateResult<never>> {
        return this.#native((collection, isAll) => collection.updateOne(present(filter, isAll), update, options) as Promise<UpdateResult<never>>);
    }

    updateMany(filter: object, update: object, options?: UpdateOptions): Promise<UpdateResult<never>> {
        return this.#native((collection, isAll) => collection.updateMany(present(filter, isAll), update, options) as Promise<UpdateResult<never>>);
    }

    deleteOne(filter: object, options?: DeleteOptions): Promise<DeleteResult> {
        return this.#native((collection, isAll) => collection.deleteOne(present(filter, isAll), options));
    }

    deleteMany(filter: object, options?: DeleteOptions): Promise<DeleteResult> {
        return this.#native((collection, isAll) => collection.deleteMany(present(filter, isAll), options));
    }

    bulkWrite(operations: readonly object[], options?: BulkWriteOptions): Promise<BulkWriteResult> {
        return this.#native(collection => collection.bulkWrite([...operations] as AnyBulkWriteOperation<RowDocument>[], options));
    }

    aggregate<R extends Document>(pipeline: readonly Document[], options?: AggregateOptions): Promise<R[]> {
        return this.#native((collection, isAll) => collection.aggregate<R>(isAll ? [...pipeline] : [{$match: PRESENT}, ...pipeline], options).toArray());
    }

    countDocuments(filter: object = {}, options?: CountDocumentsOptions): Promise<number> {
        return this.#native(async (collection, isAll) => Number(await collection.countDocuments(present(filter, isAll), options)));
    }

    distinct(field: string, filter: object = {}): Promise<never[]> {
        return this.#native((collection, isAll) => collection.distinct(field, present(filter, isAll)) as Promise<never[]>);
    }

    async #native<R>(run: (collection: Collection<RowDocument>, hasTransactions: boolean) => Promise<R>): Promise<R> {
        await this.access.beforeNative(this.spec);
        return this.#use(this.spec, run);
    }

    async #write<R>(entries: readonly object[], run: (collection: Collection<RowDocument>, documents: RowDocument[]) => Promise<R>): Promise<R> {
        const documents = entries.map((entry): RowDocument => ({_id: documentId(rowId(this.spec, entry as Row)), ...encodeRow(entry as Row)}));
        return this.#native(async (collection, hasTransactions) => {
            if (!hasTransactions)
                await collection.deleteMany({_id: {$in: documents.map(({_id}) => _id)}, ...REMOVED});
            return run(collection, documents);
        });
    }
}
