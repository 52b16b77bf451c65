import type {Collection, Document, FindOptions} from 'mongodb';
import {compareRows, idsOf, matches, TopRows, type Row, type StoreQuery, type TableSpec} from 'woltage';
import type {RowDocument} from './collections.ts';
import {decodeRow} from './decode.ts';
import {documentId} from './document-id.ts';
import {toTopFieldName} from './field-name.ts';
import {isUnsortable} from './mongodb-error.ts';
import {behind, leadOf, misfits, sortOf, upTo} from './page-order.ts';
import {allOf, compileWhere, type CompiledWhere} from './where.ts';

/** Rows that were removed by a commit without a transaction leave their number behind for a while. */
const NOT_REMOVED = {'_w.removed': {$exists: false}};
const BATCH = 1000;

/**
 * Answers queries on one table, as `matches` and `compareRows` define them: MongoDB filters, sorts and limits where it means the same by that, and this process does
 * the rest. Rows that change meanwhile may be found or not, but never twice.
 */
export class Finder {
    readonly #collection: Collection<RowDocument>;
    readonly #spec: TableSpec;
    readonly #present: readonly Document[];

    constructor(collection: Collection<RowDocument>, spec: TableSpec, hasTransactions: boolean) {
        this.#collection = collection;
        this.#spec = spec;
        this.#present = hasTransactions ? [] : [NOT_REMOVED];
    }

    /** The rows with these ids, in their order. */
    async get(ids: readonly string[]): Promise<(Row | undefined)[]> {
        if (ids.length === 0)
            return [];
        const found = new Map<string, Row>();
        const documents = this.#collection.find({_id: {$in: ids.map(documentId)}}, {batchSize: ids.length + 1});
        for await (const document of documents) {
            if (document._w?.removed === undefined)
                found.set(document._id, decodeRow(document));
        }
        return ids.map(id => found.get(documentId(id)));
    }

    async find(query: StoreQuery): Promise<Row[]> {
        const {where, sort, limit} = query;
        if (limit === 0)
            return [];
        const ids = idsOf(this.#spec, where)?.map(documentId);
        const compiled = compileWhere(where);
        if (ids === undefined && limit !== undefined) {
            const page = await this.#page(compiled, query, limit).catch(unlessUnsortable);
            if (page !== undefined)
                return page;
        }
        const accepts = accepting(query);
        const top = new TopRows(compareRows(sort), limit);
        for await (const [id, row] of this.#rows(ids === undefined ? [...compiled.all, ...this.#present] : [{_id: {$in: ids}}, ...this.#present])) {
            if (accepts(row))
                top.add({id, row});
        }
        return top.inOrder().map(({row}) => row);
    }

    async count(where: StoreQuery['where']): Promise<number> {
        const ids = idsOf(this.#spec, where)?.map(documentId);
        if (ids !== undefined)
            return this.#countHere([{_id: {$in: ids}}, ...this.#present], where);
        const {usual, all, exceptions, isExact} = compileWhere(where);
        if (!isExact)
            return this.#countHere([...all, ...this.#present], where);
        const [counted, exceptional] = await Promise.all([
            this.#collection.countDocuments(allOf([...usual, ...this.#present])).then(Number),
            exceptions.length === 0 ? 0 : this.#countHere([...all, {$or: exceptions}, ...this.#present], where)
        ]);
        return counted + exceptional;
    }

    /** The first rows in MongoDB's order, if that is the portable order of all rows that match. */
    async #page(compiled: CompiledWhere, query: StoreQuery, limit: number): Promise<Row[] | undefined> {
        const {sort, cursor} = query;
        const from = cursor === undefined ? undefined : behind(sort, cursor);
        if (cursor !== undefined && from === undefined)
            return undefined;
        const page = await this.#pageInOrder(compiled, query, limit, [...compiled.usual, ...from === undefined ? [] : [from], ...this.#present]);
        const others = page && misfits(this.#spec, sort, cursor === undefined ? page : [...page, cursor]);
        if (others === undefined)
            return undefined;
        // One by one, for each may have an index of its own.
        const found = await Promise.all([...compiled.exceptions, ...others].map(other => this.#collection.findOne(allOf([...compiled.all, other, ...this.#present]), {projection: {_id: 1}})));
        return found.every(misfit => misfit === null) ? page : undefined;
    }

    /** The first rows in MongoDB's order; `undefined` where rows that don't belong here may have taken the place of others. */
    async #pageInOrder({isExact}: CompiledWhere, query: StoreQuery, limit: number, filters: readonly Document[]): Promise<Row[] | undefined> {
        const bound = isExact ? await this.#bound(query, limit, filters) : undefined;
        const accepts = accepting(query);
        const page: Row[] = [];
        for await (const [, row] of this.#rows(bound === undefined ? filters : [...filters, bound], {sort: sortOf(query.sort), allowDiskUse: true, ...isExact ? {limit} : {}, batchSize: Math.min(limit, BATCH)})) {
            if (accepts(row))
                page.push(row);
            else if (isExact)
                return undefined;
            if (page.length === limit)
                break;
        }
        return page;
    }

    /** How far the page goes in the first field of its order, where an index tells: MongoDB sorts all that is given to it for the sake of the other fields. */
    async #bound(query: StoreQuery, limit: number, filters: readonly Document[]): Promise<Document | undefined> {
        const lead = leadOf(this.#spec, query);
        if (lead === undefined)
            return undefined;
        const name = toTopFieldName(lead.field);
        const last = await this.#collection.findOne(allOf(filters), {sort: sortOf([lead]), skip: limit - 1, projection: {[name]: 1}});
        return last === null ? undefined : upTo(lead, (last[name] as unknown) ?? null);
    }

    async #countHere(filters: readonly Document[], where: StoreQuery['where']): Promise<number> {
        let count = 0;
        for await (const [, row] of this.#rows(filters)) {
            if (matches(row, where))
                count++;
        }
        return count;
    }

    /** Each row once, also when it changes its place in an index meanwhile. */
    async *#rows(filters: readonly Document[], options: FindOptions = {}): AsyncGenerator<readonly [id: string, row: Row]> {
        const seen = new Set<string>();
        for await (const document of this.#collection.find(allOf(filters), {batchSize: BATCH, ...options})) {
            if (seen.has(document._id))
                continue;
            seen.add(document._id);
            yield [document._id, decodeRow(document)];
        }
    }
}

function accepting({where, sort, cursor}: StoreQuery): (row: Row) => boolean {
    const order = compareRows(sort);
    return row => matches(row, where) && (cursor === undefined || order(row, cursor) > 0);
}

function unlessUnsortable(error: unknown): undefined {
    if (!isUnsortable(error))
        throw error;
    return undefined;
}
