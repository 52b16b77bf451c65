import {compareRows, decodeJson, idsOf, matches, TopRows, type FoundRow, type Row, type StoreQuery, type TableSpec} from 'woltage';
import type {Connection} from './connection.ts';
import {retry, type Contents} from './contents.ts';
import {IndexReader, OutdatedPlan} from './index-reader.ts';
import type {Keys} from './keys.ts';
import {planQuery, type Branch, type Plan} from './plan.ts';

const SCAN_COUNT = 1000;
const BRANCHES_AT_ONCE = 16;

interface IndexedQuery {
    readonly plan: Plan;
    readonly reader: IndexReader;
}

/** Answers queries on the tables of one scope, as `matches` and `compareRows` define them. Rows that change meanwhile may be found or not, but never twice. */
export class Finder {
    readonly #connection: Connection;
    readonly #keys: Keys;
    readonly #contents: Contents;
    readonly #namespace: string;
    readonly #told = new Set<string>();

    constructor(connection: Connection, keys: Keys, contents: Contents, namespace: string) {
        this.#connection = connection;
        this.#keys = keys;
        this.#contents = contents;
        this.#namespace = namespace;
    }

    /** The rows with these ids, in their order. */
    async get(table: string, ids: readonly string[]): Promise<(Row | undefined)[]> {
        if (ids.length === 0)
            return [];
        const rows = await this.#connection.getFields(this.#keys.rows(table), ids);
        return rows.map(json => json === null ? undefined : decodeJson(json) as Row);
    }

    async find(spec: TableSpec, query: StoreQuery): Promise<Row[]> {
        const {where, sort, limit, cursor} = query;
        if (limit === 0)
            return [];
        const order = compareRows(sort);
        const accepts = ({row}: FoundRow): boolean => matches(row, where) && (cursor === undefined || order(row, cursor) > 0);
        const ids = idsOf(spec, where);
        return this.#whilePlanHolds(async () => {
            const top = new TopRows(order, limit);
            const indexed = ids === undefined ? await this.#plan(spec, query, accepts) : undefined;
            if (indexed === undefined)
                await this.#collect(ids === undefined ? this.#scan(spec, query) : this.#named(spec, ids), accepts, top);
            else
                await this.#search(indexed.reader, indexed.plan.branches, top, limit);
            return top.inOrder().map(({row}) => row);
        });
    }

    async count(spec: TableSpec, where: StoreQuery['where']): Promise<number> {
        if (where.length === 0)
            return this.#connection.send('HLEN', this.#keys.rows(spec.name)) as Promise<number>;
        const query: StoreQuery = {where, sort: [], limit: undefined, cursor: undefined};
        const accepts = ({row}: FoundRow): boolean => matches(row, where);
        const ids = idsOf(spec, where);
        return this.#whilePlanHolds(async () => {
            const indexed = ids === undefined ? await this.#plan(spec, query, accepts) : undefined;
            return indexed === undefined
                ? countDistinct(ids === undefined ? this.#scan(spec, query) : this.#named(spec, ids), accepts)
                : this.#countIndexed(indexed);
        });
    }

    async #countIndexed({reader, plan: {branches, isExact}}: IndexedQuery): Promise<number> {
        const counts = await Promise.all(branches.map(branch => isExact ? reader.count(branch) : countDistinct(reader.rows(branch), () => true)));
        return counts.reduce((sum, count) => sum + count, 0);
    }

    /** Each branch gives its first rows. */
    async #search(reader: IndexReader, branches: readonly Branch[], top: TopRows, limit = Infinity): Promise<void> {
        const seen = new Set<string>();
        const search = async (branch: Branch): Promise<void> => {
            let count = 0;
            for await (const found of reader.inOrder(branch)) {
                if (seen.has(found.id))
                    continue;
                seen.add(found.id);
                top.add(found);
                if (++count >= limit)
                    return;
            }
        };
        for (let i = 0; i < branches.length; i += BRANCHES_AT_ONCE)
            await Promise.all(branches.slice(i, i + BRANCHES_AT_ONCE).map(search));
    }

    async #collect(rows: AsyncIterable<FoundRow>, accepts: (found: FoundRow) => boolean, top: TopRows): Promise<void> {
        const seen = new Set<string>();
        for await (const found of rows) {
            if (seen.has(found.id) || !accepts(found))
                continue;
            seen.add(found.id);
            top.add(found);
        }
    }

    async *#named({name}: TableSpec, ids: readonly string[]): AsyncGenerator<FoundRow> {
        const rows = await this.get(name, ids);
        for (const [i, row] of rows.entries()) {
            if (row !== undefined)
                yield {id: ids[i] as string, row};
        }
    }

    async *#scan(spec: TableSpec, query: StoreQuery): AsyncGenerator<FoundRow> {
        this.#tellOfScan(spec, query);
        let cursor = '0';
        do {
            const page = await this.#connection.scan(this.#keys.rows(spec.name), cursor, SCAN_COUNT);
            for (const [id, json] of page.entries)
                yield {id, row: decodeJson(json) as Row};
            cursor = page.cursor;
        } while (cursor !== '0');
    }

    #tellOfScan({name}: TableSpec, {where, sort, limit}: StoreQuery): void {
        if (where.length === 0 && limit === undefined)
            return;
        const fields = [...new Set([...where, ...limit === undefined ? [] : sort].map(({field}) => field))];
        const what = `${name}: ${fields.join(', ')}`;
        if (this.#told.has(what))
            return;
        this.#told.add(what);
        this.#connection.logger?.warn(
            {namespace: this.#namespace, table: name, fields},
            `A query reads all rows of table '${name}', for no index fits it. Declare one that begins with the fields it asks for (${fields.join(', ')}), where the table is large.`
        );
    }

    /** How an index answers the query; `undefined` when none is of use, not even one that has come since this table was last looked at. */
    async #plan({name}: TableSpec, query: StoreQuery, accepts: (found: FoundRow) => boolean): Promise<IndexedQuery | undefined> {
        for (const look of [() => this.#contents.layout(name), () => this.#contents.load(name)]) {
            const layout = await look();
            const plan = planQuery(layout, query);
            if (plan !== undefined)
                return {plan, reader: new IndexReader({connection: this.#connection, keys: this.#keys, layout, plan, query, accepts})};
        }
        return undefined;
    }

    #whilePlanHolds<R>(work: () => Promise<R>): Promise<R> {
        return retry(async () => {
            try {
                return await work();
            } catch (error) {
                if (!(error instanceof OutdatedPlan))
                    throw error;
                this.#contents.forget();
                return undefined;
            }
        });
    }
}

async function countDistinct(rows: AsyncIterable<FoundRow>, accepts: (found: FoundRow) => boolean): Promise<number> {
    const seen = new Set<string>();
    for await (const found of rows) {
        if (accepts(found))
            seen.add(found.id);
    }
    return seen.size;
}
