import {MongoBulkWriteError, type AnyBulkWriteOperation, type Collection} from 'mongodb';
import {UnavailableError, type RecordChange, type RedoLog, type RedoStore, type RowWrite, type StoreRecord} from 'woltage';
import type {Collections, RecordDocument, RedoDocument, RowDocument} from './collections.ts';
import {codeOf, DUPLICATE_KEY, PARALLEL_ARRAYS} from './mongodb-error.ts';
import {readRecords, recordId, recordRange} from './records.ts';
import {toText} from './text.ts';
import {writesByTable} from './writes.ts';

/** A document holds 16 MB; a character takes three bytes at most. */
const PART_CHARACTERS = 4_000_000;

/** What a scope can do on a server that writes one document at a time. */
export class MongoDBRedoStore implements RedoStore {
    readonly #collections: Collections;

    constructor(collections: Collections) {
        this.#collections = collections;
    }

    async readLog(): Promise<RedoLog | undefined> {
        for (let incomplete: string | undefined; ;) {
            const log = await this.#redo.findOne({_id: this.#scope});
            if (log === null)
                return undefined;
            const text = await this.#textOf(log);
            if (text !== undefined)
                return {token: log.token, text};
            // Parts are removed when the log has been replaced.
            if (log.token === incomplete)
                throw new UnavailableError(`The redo record of '${this.#scope}' has lost a part. Was its collection '${this.#collections.names.redo}' changed by hand?`, {code: 'MONGODB_FAILED'});
            incomplete = log.token;
        }
    }

    async swapLog(expected: string | null, {token, text}: RedoLog): Promise<boolean> {
        const parts = Math.max(0, Math.ceil(text.length / PART_CHARACTERS) - 1);
        for (let i = 1; i <= parts; i++)
            await this.#redo.insertOne({_id: this.#partId(token, i), token, text: partOf(text, i), parts: 0, at: new Date()});
        const log = {token, text: partOf(text, 0), parts, at: new Date()};
        if (expected === null)
            return this.#insertLog(log);
        const before = await this.#redo.findOneAndReplace({_id: this.#scope, token: expected}, log, {projection: {text: 0}});
        await this.#removeParts(before ?? log);
        return before !== null;
    }

    async applyRows(writes: readonly RowWrite[], commit: number): Promise<void> {
        for (const {table, writes: rows} of writesByTable(writes))
            await this.#applyTo(table, rows, commit, () => writesByTable(writes, true).find(other => other.table === table)?.writes ?? []);
    }

    async applyRecords(changes: readonly RecordChange[], commit: number): Promise<void> {
        const operations = changes.map(({key, value, token}) => replacement<RecordDocument>(recordId(this.#scope, key), value === null ? null : {value: toText(value), token: toText(token)}, commit));
        if (operations.length > 0)
            await write(this.#collections.records, operations);
    }

    readRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        return readRecords(this.#collections, keys);
    }

    async forgetRemoved(before: number): Promise<void> {
        const removed = {'_w.removed': {$lt: new Date(before)}};
        await this.#collections.records.deleteMany({_id: recordRange(this.#scope), ...removed});
        for (const {_id} of await this.#collections.tables.find({scope: this.#scope}).toArray())
            await this.#collections.database.collection(_id).deleteMany(removed);
        await this.#redo.deleteMany({_id: this.#parts, at: {$lt: new Date(before)}});
    }

    /** Ends the use of the redo record, on a server that has got transactions. Nothing may be left to do in it. */
    async retire(): Promise<void> {
        await this.forgetRemoved(8.64e15);
        await this.#redo.deleteOne({_id: this.#scope});
    }

    async #applyTo(table: string, rows: readonly {readonly id: string; readonly document: object | null}[], commit: number, wrapped: () => typeof rows): Promise<void> {
        const collection = this.#collections.table(table);
        const operations = (list: typeof rows): AnyBulkWriteOperation<RowDocument>[] => list.map(({id, document}) => replacement<RowDocument>(id, document, commit));
        try {
            await write(collection, operations(rows));
        } catch (error) {
            if (codeOf(error) !== PARALLEL_ARRAYS)
                throw error;
            await write(collection, operations(wrapped()));
        }
    }

    async #insertLog(log: Omit<RedoDocument, '_id'>): Promise<boolean> {
        try {
            await this.#redo.insertOne({_id: this.#scope, ...log});
            return true;
        } catch (error) {
            if (codeOf(error) !== DUPLICATE_KEY)
                throw error;
            return false;
        }
    }

    async #textOf({token, text, parts}: RedoDocument): Promise<string | undefined> {
        if (parts === 0)
            return text;
        const ids = this.#partIds(token, parts);
        const found = new Map<string, string>();
        for await (const part of this.#redo.find({_id: {$in: ids}}))
            found.set(part._id, part.text);
        return found.size === parts ? text + ids.map(id => found.get(id)).join('') : undefined;
    }

    async #removeParts({token, parts}: Pick<RedoDocument, 'token' | 'parts'>): Promise<void> {
        if (parts > 0)
            await this.#redo.deleteMany({_id: {$in: this.#partIds(token, parts)}});
    }

    #partIds(token: string, parts: number): string[] {
        return Array.from({length: parts}, (_, i) => this.#partId(token, i + 1));
    }

    #partId(token: string, i: number): string {
        return `${this.#scope}\n${token}\n${i}`;
    }

    get #parts(): {readonly $gt: string; readonly $lt: string} {
        return {$gt: `${this.#scope}\n`, $lt: `${this.#scope}\n\u{10ffff}`};
    }

    get #scope(): string {
        return this.#collections.names.scope;
    }

    get #redo(): Collection<RedoDocument> {
        return this.#collections.redo;
    }
}

/** JSON has no halves of surrogate pairs in it but those of whole ones, which a cut may part. */
function partOf(text: string, i: number): string {
    return text.slice(cutAt(text, i * PART_CHARACTERS), cutAt(text, (i + 1) * PART_CHARACTERS));
}

const cutAt = (text: string, at: number): number => at < text.length && /[\udc00-\udfff]/.test(text.charAt(at)) ? at + 1 : at;

/** Writes or removes a document, unless it carries this commit's number or a later one: then the upsert collides with it. */
const replacement = <D extends RowDocument | RecordDocument>(_id: string, content: object | null, commit: number): AnyBulkWriteOperation<D> => ({
    replaceOne: {
        filter: {_id, '_w.c': {$not: {$gte: commit}}} as never,
        replacement: {...content, _w: {c: commit, ...content === null ? {removed: new Date()} : {}}} as never,
        upsert: true
    }
});

async function write<D extends RowDocument | RecordDocument>(collection: Collection<D>, operations: AnyBulkWriteOperation<D>[]): Promise<void> {
    try {
        await collection.bulkWrite(operations, {ordered: false});
    } catch (error) {
        // With other codes, or none, the bulk write wasn't carried out to its end.
        if (!(error instanceof MongoBulkWriteError) || error.code !== DUPLICATE_KEY && error.code !== PARALLEL_ARRAYS || error.result.getWriteConcernError() !== undefined)
            throw error;
        const failed = [error.writeErrors].flat().filter(({code, errmsg}) => code !== DUPLICATE_KEY || errmsg?.includes('index: _id_') !== true);
        if (failed.length > 0)
            throw failed.some(({code}) => code === PARALLEL_ARRAYS) ? Object.assign(error, {code: PARALLEL_ARRAYS}) : error;
    }
}
