import {ObjectId} from 'bson';
import {bySort} from './compare.ts';
import {idKey, type Collection} from './collection.ts';
import type {Data} from './database.ts';
import {CommandError, duplicateKey} from './errors.ts';
import type {Transaction} from './transactions.ts';
import {updated, upserted} from './update.ts';
import type {Doc} from './wire.ts';

const DUPLICATE_KEY = 11000;
const MAX_DOCUMENT_FIELDS_DEPTH = 180;

/** Insert, update, delete and findAndModify, upon one collection and within one transaction or none. */
export class Writer {
    readonly #data: Data;
    readonly #collection: Collection;
    readonly #transaction: Transaction | undefined;

    constructor(data: Data, collection: Collection, transaction: Transaction | undefined) {
        this.#data = data;
        this.#collection = collection;
        this.#transaction = transaction;
    }

    async insert({documents, ordered}: Doc): Promise<Doc> {
        return this.#each(documents as Doc[], ordered, async doc => {
            const whole = {...doc, _id: doc['_id'] ?? new ObjectId()};
            const key = idKey(whole._id);
            await this.#unlocked(key);
            if (this.#collection.get(key, this.#transaction) !== undefined)
                throw this.#duplicateId(whole._id);
            this.#write(key, whole);
            return {n: 1};
        });
    }

    async update({updates, ordered}: Doc): Promise<Doc> {
        const upsertedIds: Doc[] = [];
        const result = await this.#each(updates as Doc[], ordered, async (statement, index) => {
            const {n, nModified, upsertedId} = await this.#updateOne(statement);
            if (upsertedId !== undefined)
                upsertedIds.push({index, _id: upsertedId});
            return {n, nModified};
        });
        return {nModified: 0, ...result, ...upsertedIds.length > 0 ? {upserted: upsertedIds} : {}};
    }

    async delete({deletes, ordered}: Doc): Promise<Doc> {
        return this.#each(deletes as Doc[], ordered, async ({q, limit}) => {
            const found = await this.#findUnlocked(q as Doc, Number(limit) || Infinity);
            for (const doc of found)
                this.#write(idKey(doc['_id']), null);
            return {n: found.length};
        });
    }

    async findAndModify({query = {}, sort, remove, update, new: wantsNew, upsert, arrayFilters}: Doc): Promise<Doc> {
        const found = await this.#findUnlocked(query as Doc, sort === undefined ? 1 : Infinity);
        await this.#data.beforeWrite?.();
        const [doc] = sort === undefined ? found : found.sort(bySort(sort as Doc));
        if (doc === undefined && upsert !== true)
            return {lastErrorObject: {n: 0, updatedExisting: false}, value: null, ok: 1};
        if (doc !== undefined && remove === true) {
            this.#write(idKey(doc['_id']), null);
            return {lastErrorObject: {n: 1}, value: doc, ok: 1};
        }
        const result = doc === undefined ? upserted(query as Doc, update, arrayFilters) : updated(doc, update, arrayFilters);
        this.#write(idKey(result['_id']), result, doc === undefined);
        const outcome = doc === undefined ? {updatedExisting: false, upserted: result['_id']} : {updatedExisting: true};
        return {lastErrorObject: {n: 1, ...outcome}, value: wantsNew === true ? result : doc ?? null, ok: 1};
    }

    async #updateOne({q, u, multi, upsert, arrayFilters}: Doc): Promise<{readonly n: number; readonly nModified: number; readonly upsertedId?: unknown}> {
        const found = await this.#findUnlocked(q as Doc, multi === true ? Infinity : 1);
        if (found.length === 0 && upsert === true) {
            const doc = upserted(q as Doc, u, arrayFilters);
            await this.#unlocked(idKey(doc['_id']));
            this.#write(idKey(doc['_id']), doc, true);
            return {n: 1, nModified: 0, upsertedId: doc['_id']};
        }
        for (const doc of found)
            this.#write(idKey(doc['_id']), updated(doc, u, arrayFilters));
        return {n: found.length, nModified: found.length};
    }

    /** Statements one by one; those that fail are told of, and end an ordered list. */
    async #each(statements: readonly Doc[], ordered: unknown, run: (statement: Doc, index: number) => Promise<Doc>): Promise<Doc> {
        const sums: Record<string, number> = {n: 0};
        const writeErrors: Doc[] = [];
        for (const [index, statement] of statements.entries()) {
            await this.#data.beforeWrite?.();
            try {
                for (const [name, count] of Object.entries(await run(statement, index)))
                    sums[name] = (sums[name] ?? 0) + (count as number);
            } catch (error) {
                if (!(error instanceof CommandError) || this.#transaction !== undefined && error.code !== DUPLICATE_KEY)
                    throw error;
                writeErrors.push({index, code: error.code, errmsg: error.message, ...error.extra});
                if (ordered !== false)
                    break;
            }
        }
        return {...sums, ok: 1, ...writeErrors.length > 0 ? {writeErrors} : {}};
    }

    #write(key: string, doc: Doc | null, isNew = false): void {
        if (isNew && doc !== null && this.#collection.get(key, this.#transaction) !== undefined)
            throw this.#duplicateId(doc['_id']);
        if (doc !== null && depthOf(doc) > MAX_DOCUMENT_FIELDS_DEPTH)
            throw new CommandError(15, 'Overflow', 'Document exceeds maximum nested object depth');
        this.#collection.write(key, doc, this.#transaction, this.#data.clock);
    }

    /** A write outside of transactions waits for those that hold what it wants. */
    async #unlocked(key: string): Promise<void> {
        for (let holder; this.#transaction === undefined && (holder = this.#collection.lockOf(key, undefined)) !== undefined;)
            await holder.ended;
    }

    async #findUnlocked(filter: Doc, limit: number): Promise<Doc[]> {
        for (; ;) {
            const found = this.#collection.find(filter, this.#transaction, limit);
            const locked = found.map(doc => idKey(doc['_id'])).find(key => this.#transaction === undefined && this.#collection.lockOf(key, undefined) !== undefined);
            if (locked === undefined)
                return found;
            await this.#unlocked(locked);
        }
    }

    #duplicateId(id: unknown): CommandError {
        return duplicateKey(this.#collection.namespace, '_id_', {_id: 1}, {_id: id});
    }
}

function depthOf(value: unknown): number {
    if (typeof value !== 'object' || value === null || value instanceof Date || '_bsontype' in value)
        return 0;
    let depth = 0;
    for (const item of Object.values(value)) {
        if (typeof item === 'object' && item !== null)
            depth = Math.max(depth, depthOf(item));
    }
    return depth + 1;
}
