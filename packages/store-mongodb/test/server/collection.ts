import {EJSON} from 'bson';
import {compare, valueAt} from './compare.ts';
import {CommandError, duplicateKey, writeConflict} from './errors.ts';
import {matcher} from './match.ts';
import type {Transaction} from './transactions.ts';
import type {Doc} from './wire.ts';

export interface Index {
    readonly name: string;
    readonly key: Doc;
    readonly unique?: boolean;
}

/** A value of `_id` as the key of a map: numbers that are equal are one. */
export const idKey = (id: unknown): string => typeof id === 'string' ? `s${id}` : typeof id === 'bigint' || typeof id === 'number' ? `n${id}` : EJSON.stringify([id]);

/** Documents by `_id`. A transaction's writes are its own until it is committed; they lock what they change. */
export class Collection {
    readonly namespace: string;
    readonly indexes: Index[] = [{name: '_id_', key: {_id: 1}}];
    readonly #docs = new Map<string, Doc>();
    readonly #locks = new Map<string, Transaction>();
    /** When each document was last changed, in numbers of writes. */
    readonly #changed = new Map<string, number>();

    constructor(namespace: string) {
        this.namespace = namespace;
    }

    get(key: string, transaction: Transaction | undefined): Doc | undefined {
        const own = transaction?.writesTo(this).get(key);
        return own === undefined ? this.#docs.get(key) : own ?? undefined;
    }

    /** The documents that match, in no order that anybody may rely on. */
    find(filter: Doc, transaction: Transaction | undefined, limit = Infinity): Doc[] {
        const test = matcher(filter);
        const found: Doc[] = [];
        for (const doc of this.#candidates(filter, transaction)) {
            if (found.length >= limit)
                break;
            if (test(doc))
                found.push(doc);
        }
        return found;
    }

    /** The transaction that keeps others from writing this document. */
    lockOf(key: string, transaction: Transaction | undefined): Transaction | undefined {
        const holder = this.#locks.get(key);
        return holder === transaction ? undefined : holder;
    }

    /**
     * Writes or removes (null) a document. Without a transaction, nobody else may hold its lock.
     *
     * @throws CommandError WriteConflict, DuplicateKey
     */
    write(key: string, doc: Doc | null, transaction: Transaction | undefined, clock: {now: number}): void {
        if (transaction !== undefined) {
            if (this.lockOf(key, transaction) !== undefined || (this.#changed.get(key) ?? 0) > transaction.startedAt)
                throw writeConflict();
        }
        if (doc !== null)
            this.indexes.forEach(index => this.#checkIndex(index, key, doc, transaction));
        if (transaction === undefined)
            return this.apply(key, doc, clock);
        this.#locks.set(key, transaction);
        transaction.writesTo(this).set(key, doc);
    }

    apply(key: string, doc: Doc | null, clock: {now: number}): void {
        this.#changed.set(key, ++clock.now);
        if (doc === null)
            this.#docs.delete(key);
        else
            this.#docs.set(key, doc);
    }

    unlock(key: string): void {
        this.#locks.delete(key);
    }

    *all(transaction: Transaction | undefined): Generator<Doc> {
        const own = transaction?.writesTo(this);
        for (const [key, doc] of this.#docs) {
            if (own?.has(key) !== true)
                yield doc;
        }
        for (const doc of own?.values() ?? []) {
            if (doc !== null)
                yield doc;
        }
    }

    /** @throws CommandError when the documents that are there can't be indexed so */
    addIndex(index: Index): void {
        for (const doc of this.#docs.values())
            this.#checkIndex(index, idKey(doc['_id']), doc, undefined);
        this.indexes.push(index);
    }

    #candidates(filter: Doc, transaction: Transaction | undefined): Iterable<Doc> {
        const ids = idsOf(filter['_id']);
        return ids === undefined ? this.all(transaction) : ids.map(id => this.get(idKey(id), transaction)).filter(doc => doc !== undefined);
    }

    #checkIndex({name, key: pattern, unique}: Index, key: string, doc: Doc, transaction: Transaction | undefined): void {
        const paths = Object.keys(pattern);
        const values = paths.map(path => valueAt(doc, path) ?? null);
        if (values.filter(Array.isArray).length > 1)
            throw parallelArrays(paths.filter((_path, i) => Array.isArray(values[i])));
        if (unique !== true)
            return;
        for (const other of this.all(transaction)) {
            if (idKey(other['_id']) !== key && paths.every((path, i) => compare(valueAt(other, path) ?? null, values[i]) === 0))
                throw duplicateKey(this.namespace, name, pattern, Object.fromEntries(paths.map((path, i) => [path, values[i]])));
        }
    }
}

function parallelArrays(paths: readonly string[]): Error {
    return new CommandError(171, 'CannotIndexParallelArrays', `cannot index parallel arrays ${paths.map(path => `[${path}]`).join(' ')}`);
}

/** The values of `_id` that a condition names; `undefined` where it is none of that kind. */
function idsOf(condition: unknown): unknown[] | undefined {
    if (typeof condition === 'string')
        return [condition];
    if (typeof condition !== 'object' || condition === null || condition instanceof Date)
        return undefined;
    const {$in: list, $eq: value} = condition as {$in?: unknown; $eq?: unknown};
    if (Array.isArray(list))
        return [...new Map(list.map(id => [idKey(id), id as unknown])).values()];
    return typeof value === 'string' ? [value] : undefined;
}
