import {BSON} from 'mongodb';
import {RedoCommit, type CommitBatch, type ListRecordsOptions, type Row, type StoreQuery, type StoreRecord, type TableSpec} from 'woltage';
import {Collections} from './collections.ts';
import type {Link} from './connection.ts';
import {Finder} from './finder.ts';
import {rowTooLarge} from './mongodb-error.ts';
import type {Names} from './names.ts';
import {listRecords, readRecords} from './records.ts';
import {MongoDBRedoStore} from './redo-store.ts';
import {createTables, dropTables} from './schema.ts';
import {TransactionCommit} from './transaction-commit.ts';
import {writesByTable} from './writes.ts';

const MAX_DOCUMENT_BYTES = 16_777_216;
/** For the number of the commit, and the like. */
const RESERVED_BYTES = 4096;

/** What one scope holds on the servers that are connected. */
export class ScopeData {
    readonly collections: Collections;
    readonly #transactions: TransactionCommit | undefined;
    readonly #redoStore: MongoDBRedoStore;
    readonly #redo: RedoCommit;

    constructor({client, database, hasTransactions}: Link, names: Names, timeoutMs: number) {
        this.collections = new Collections(database, names);
        this.#transactions = hasTransactions ? new TransactionCommit(client, this.collections, timeoutMs) : undefined;
        this.#redoStore = new MongoDBRedoStore(this.collections);
        this.#redo = new RedoCommit(this.#redoStore);
    }

    async create(specs: Iterable<TableSpec>): Promise<void> {
        if (this.#transactions !== undefined && await this.#redoStore.readLog() !== undefined) {
            await this.#redo.settle();
            await this.#redoStore.retire();
        }
        await createTables(this.collections, specs);
        await this.#transactions?.sessions.forgetOld();
    }

    async drop(specs: Iterable<TableSpec>): Promise<void> {
        await this.#settle();
        await this.#transactions?.sessions.endOthers();
        await dropTables(this.collections, specs);
    }

    finder(spec: TableSpec): Finder {
        return new Finder(this.collections.table(spec.name), spec, this.#transactions !== undefined);
    }

    get(table: TableSpec, ids: readonly string[]): Promise<(Row | undefined)[]> {
        return this.finder(table).get(ids);
    }

    find(table: TableSpec, query: StoreQuery): Promise<Row[]> {
        return this.finder(table).find(query);
    }

    async getRecords(keys: readonly string[]): Promise<(StoreRecord | undefined)[]> {
        await this.#settle();
        return readRecords(this.collections, keys);
    }

    async listRecords(prefix: string, options: ListRecordsOptions): Promise<(StoreRecord & {readonly key: string})[]> {
        await this.#settle();
        return listRecords(this.collections, prefix, options);
    }

    async commit(batch: CommitBatch): Promise<void> {
        if (this.#transactions !== undefined)
            return this.#transactions.commit(batch);
        this.#checkSizes(batch);
        await this.#redo.commit(batch);
    }

    /** What the redo record holds must be applicable. */
    #checkSizes({writes = []}: CommitBatch): void {
        for (const {writes: list} of writesByTable(writes)) {
            if (list.some(({document}) => document !== null && BSON.calculateObjectSize(document) > MAX_DOCUMENT_BYTES - RESERVED_BYTES))
                throw rowTooLarge();
        }
    }

    async #settle(): Promise<void> {
        if (this.#transactions === undefined)
            await this.#redo.settle();
    }
}
