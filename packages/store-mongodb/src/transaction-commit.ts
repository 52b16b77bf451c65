import type {ClientSession, MongoClient} from 'mongodb';
import type {CommitBatch, RecordWrite} from 'woltage';
import type {Collections} from './collections.ts';
import {codeOf, DUPLICATE_KEY, MAX_TIME_EXPIRED, PARALLEL_ARRAYS} from './mongodb-error.ts';
import {inTransaction} from './in-transaction.ts';
import {recordId, staleRecord} from './records.ts';
import {ScopeSessions} from './scope-sessions.ts';
import {toText} from './text.ts';
import {operationsOf, writesByTable, type TableWrites} from './writes.ts';

/** Commits on servers with transactions: replica sets and sharded clusters. */
export class TransactionCommit {
    readonly #client: MongoClient;
    readonly #collections: Collections;
    readonly sessions: ScopeSessions;
    readonly #timeoutMs: number;

    constructor(client: MongoClient, collections: Collections, timeoutMs: number) {
        this.#client = client;
        this.#collections = collections;
        this.sessions = new ScopeSessions(client, collections);
        this.#timeoutMs = timeoutMs;
    }

    /** @throws StaleRecordError */
    async commit({writes = [], records = []}: CommitBatch): Promise<void> {
        try {
            await this.#write(writesByTable(writes), records);
        } catch (error) {
            if (codeOf(error) !== PARALLEL_ARRAYS)
                throw error;
            await this.#write(writesByTable(writes, true), records);
        }
    }

    async #write(tables: readonly TableWrites[], records: readonly RecordWrite[]): Promise<void> {
        const count = records.length + tables.reduce((sum, {writes}) => sum + writes.length, 0);
        if (count === 0)
            return;
        // One document is written atomically as it is, unless somebody's transaction is in its way.
        if (count === 1 && await this.#applyAlone(tables, records))
            return;
        await inTransaction(this.#client, this.#timeoutMs, this.sessions, session => this.#apply(tables, records, {session}));
    }

    async #applyAlone(tables: readonly TableWrites[], records: readonly RecordWrite[]): Promise<boolean> {
        try {
            await this.#apply(tables, records, {maxTimeMS: Math.ceil(this.#timeoutMs / 2)});
            return true;
        } catch (error) {
            if (codeOf(error) !== MAX_TIME_EXPIRED)
                throw error;
            return false;
        }
    }

    async #apply(tables: readonly TableWrites[], records: readonly RecordWrite[], options: {readonly session: ClientSession} | {readonly maxTimeMS: number}): Promise<void> {
        for (const record of records)
            await this.#writeRecord(record, options);
        for (const {table, writes} of tables)
            await this.#collections.table(table).bulkWrite(operationsOf(writes), {ordered: false, ...options});
    }

    async #writeRecord(record: RecordWrite, options: {readonly session: ClientSession} | {readonly maxTimeMS: number}): Promise<void> {
        const {records, names: {scope}} = this.#collections;
        const _id = recordId(scope, record.key);
        const content = {value: toText(record.value ?? ''), token: toText(record.token)};
        if (record.expected === null) {
            await records.insertOne({_id, ...content}, options).catch((error: unknown) => {
                throw codeOf(error) === DUPLICATE_KEY ? staleRecord(record.key) : error;
            });
            if (record.value === null)
                await records.deleteOne({_id}, options);
            return;
        }
        const filter = record.expected === undefined ? {_id} : {_id, token: toText(record.expected)};
        const found = record.value === null
            ? (await records.deleteOne(filter, options)).deletedCount
            : (await records.replaceOne(filter, content, {...options, upsert: record.expected === undefined})).matchedCount;
        if (found === 0 && record.expected !== undefined)
            throw staleRecord(record.key);
    }
}
