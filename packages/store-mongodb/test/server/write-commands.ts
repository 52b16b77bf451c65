import {ObjectId} from 'bson';
import {setTimeout as delay} from 'node:timers/promises';
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
    readonly #maxTimeMs: number;

    constructor(data: Data, collection: Collection, transaction: Transaction | undefined, maxTimeMs: number) {
        this.#maxTimeMs = maxTimeMs;
        this.#data = data;
        this.#collection = collection;
        this.#transaction = transaction;
    }

    async insert({documents, ordered}: Doc): Promise<Doc> {
        return this.#each(documents as Doc[], ordered, doc => {
            const whole = {...doc, _id: doc['_id'] ?? new ObjectId()};
            return this.#whenUnlocked(() => [idKey(whole._id)], ([key]) => {
                this.#write(key as string, whole, true);
                return {n: 1};
            });
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
        return this.#each(deletes as Doc[], ordered, ({q, limit}) => this.#whenUnlocked(() => this.#keysOf(q as Doc, Number(limit) || Infinity), keys => {
            for (const key of keys)
                this.#write(key, null);
            return {n: keys.length};
        }));
    }

    async findAndModify(command: Doc): Promise<Doc> {
        await this.#data.beforeWrite?.();
        const {query = {}, sort, upsert, update, arrayFilters} = command;
        const keys = (): string[] => {
            const found = this.#keysOf(query as Doc, sort === undefined ? 1 : Infinity);
            return sort === undefined ? found : found.sort((a, b) => bySort(sort as Doc)(this.#doc(a), this.#doc(b))).slice(0, 1);
        };
        return this.#whenUnlocked(keys, ([key]) => {
            if (key !== undefined)
                return this.#modify(key, command);
            if (upsert !== true)
                return {lastErrorObject: {n: 0, updatedExisting: false}, value: null, ok: 1};
            const doc = upserted(query as Doc, update, arrayFilters);
            this.#write(idKey(doc['_id']), doc, true);
            return {lastErrorObject: {n: 1, updatedExisting: false, upserted: doc['_id']}, value: command['new'] === true ? doc : null, ok: 1};
        });
    }

    #modify(key: string, {remove, update, new: wantsNew, arrayFilters}: Doc): Doc {
        const before = this.#doc(key);
        if (remove === true) {
            this.#write(key, null);
            return {lastErrorObject: {n: 1}, value: before, ok: 1};
        }
        const after = updated(before, update, arrayFilters);
        this.#write(key, after);
        return {lastErrorObject: {n: 1, updatedExisting: true}, value: wantsNew === true ? after : before, ok: 1};
    }

    #updateOne({q, u, multi, upsert, arrayFilters}: Doc): Promise<{readonly n: number; readonly nModified: number; readonly upsertedId?: unknown}> {
        const isInsert = (keys: readonly string[]): boolean => keys.length === 0 && upsert === true;
        const keys = (): string[] => this.#keysOf(q as Doc, multi === true ? Infinity : 1);
        const insert = upsert === true ? upserted(q as Doc, u, arrayFilters) : undefined;
        return this.#whenUnlocked(() => {
            const found = keys();
            return isInsert(found) ? [idKey(insert?.['_id'])] : found;
        }, locked => {
            if (insert !== undefined && isInsert(keys())) {
                this.#write(locked[0] as string, insert, true);
                return {n: 1, nModified: 0, upsertedId: insert['_id']};
            }
            for (const key of locked)
                this.#write(key, updated(this.#doc(key), u, arrayFilters));
            return {n: locked.length, nModified: locked.length};
        });
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

    /** Looks for documents and writes them in one go. Outside of transactions, a write waits for those that hold what it wants. */
    async #whenUnlocked<R>(find: () => string[], write: (keys: readonly string[]) => R): Promise<R> {
        for (; ;) {
            const keys = find();
            const holder = this.#transaction === undefined ? keys.map(key => this.#collection.lockOf(key, undefined)).find(lock => lock !== undefined) : undefined;
            if (holder === undefined)
                return write(keys);
            await this.#wait(holder.ended);
        }
    }

    async #wait(ended: Promise<void>): Promise<void> {
        if (this.#maxTimeMs === 0)
            return ended;
        const timeout = new AbortController();
        const late = delay(this.#maxTimeMs, undefined, {signal: timeout.signal}).then(() => {
            throw new CommandError(50, 'MaxTimeMSExpired', 'operation exceeded time limit');
        });
        await Promise.race([ended, late]).finally(() => timeout.abort());
    }

    #keysOf(filter: Doc, limit: number): string[] {
        return this.#collection.find(filter, this.#transaction, limit).map(doc => idKey(doc['_id']));
    }

    #doc(key: string): Doc {
        return this.#collection.get(key, this.#transaction) as Doc;
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
