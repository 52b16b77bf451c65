import {channelName, checkOptions, Database, isDataError, migrate, schemaScript, sqlStateOf, type PostgresOptions} from '@woltage/postgres';
import {
    BadRequestError, compileTables, directAccess, PortableTable, type CommitBatch, type IStore, type ListRecordsOptions, type Row, type ScopeOptions,
    type StoreQuery, type StoreRecord, type TableAccess, type TableDefinitionMap, type TableMap, type TableSpec
} from 'woltage';
import {CommitAtOnce} from './commit-at-once.ts';
import {Finder} from './finder.ts';
import {runNative, type PostgresNative} from './native.ts';
import {PostgresTransaction} from './postgres-transaction.ts';
import {Records, type RecordStatement} from './records.ts';
import {rowStatements, type NamedStatement} from './row-writes.ts';
import {schemaPlan} from './schema.ts';
import {TableLayout} from './table-layout.ts';
import {createTables, dropTables} from './tables.ts';

/** Where the rows of a store's tables are kept. */
export type PostgresStoreOptions = PostgresOptions;

/** What the scopes of a store share. */
interface Shared {
    readonly database: Database;
    readonly schema: string;
    readonly commits: CommitAtOnce;
}

const DEFAULT_SCHEMA = 'woltage';
/** What comes of transactions that get in each other's way, and is well the next time. */
const COLLISION = /^40(001|P01)$/;
const MAX_COLLISIONS = 10;

/**
 * A store in PostgreSQL: a table with real columns for each table of a projection. Any number of processes may use the same database.
 *
 * @example
 * {adapter: PostgresStore, args: ['postgres://user:password@localhost:5432/app']}
 */
export class PostgresStore<T extends TableDefinitionMap = TableDefinitionMap> implements IStore<T> {
    readonly tables: TableMap<T>;
    readonly #shared: Shared;
    readonly #namespace: string;
    readonly #specs: ReadonlyMap<string, TableSpec>;
    readonly #layouts = new Map<string, TableLayout>();
    readonly #records: Records;
    readonly #finder: Finder;
    readonly #access: TableAccess;
    readonly #channel: string;

    /** @throws ConfigError `POSTGRES_OPTIONS` */
    constructor(source: string | PostgresStoreOptions);
    /** @internal A scope of a store. */
    constructor(shared: Shared, scope: ScopeOptions<T>);
    constructor(source: string | PostgresStoreOptions | Shared, {namespace = '', tables, access}: Partial<ScopeOptions<T>> = {}) {
        this.#shared = typeof source === 'object' && source !== null && 'database' in source ? source : share(source);
        const {database, schema} = this.#shared;
        this.#namespace = namespace;
        this.#records = new Records(database, schema, namespace);
        this.#finder = new Finder(database);
        this.#channel = channelName('records', schema, namespace);
        this.#specs = compileTables(tables ?? {}, `'${namespace}'`);
        this.#access = access?.(this) ?? directAccess(this);
        this.tables = Object.fromEntries(Array.from(this.#specs, ([name, spec]) => [name, new PortableTable(spec, this.#access)])) as unknown as TableMap<T>;
    }

    /** The SQL that creates the store's own tables, for a database in which this program may not create the schema itself. It needs the right to create tables in it. */
    static schemaScript(schema = DEFAULT_SCHEMA): string {
        return schemaScript(schemaPlan(schema));
    }

    /**
     * @throws ConfigError `POSTGRES_CREDENTIALS` when the server refuses them, or the right to create tables is missing; `POSTGRES_DATABASE`, `SCHEMA_TOO_NEW`
     * @throws UnavailableError `POSTGRES_UNAVAILABLE` when it can't be reached within `timeoutMs`
     */
    connect(): Promise<void> {
        return this.#shared.database.connect(run => migrate(run, schemaPlan(this.#shared.schema)));
    }

    close(): Promise<void> {
        return this.#shared.database.close();
    }

    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): PostgresStore<S> {
        return new PostgresStore<S>(this.#shared, options);
    }

    /**
     * A client of the `pg` package, in a transaction; for SQL that the portable methods can't say. In a projector, it is the transaction that the batch is committed in: it sees
     * what the batch has written so far, and what it writes takes effect together with the rows and the position, exactly once. Elsewhere, it is a transaction of
     * its own, which is committed when `run` is done. What `run` has done is rolled back when it throws. Errors are the driver's own.
     *
     * Don't end the transaction yourself, and don't call `native` within `run`.
     *
     * @example
     * await this.store.native(({client, table}) => client.query(`SELECT sum(total) FROM ${table('orders')}`));
     */
    async native<R>(run: (native: PostgresNative<T>) => R | Promise<R>): Promise<R> {
        for (const spec of this.#specs.values())
            await this.#access.beforeNative(spec);
        const {transaction} = this.#access;
        const table = <N extends keyof T & string>(name: N): string => this.#layout(name).quoted;
        return transaction instanceof PostgresTransaction
            ? transaction.native(client => run({client, table}))
            : runNative(this.#shared.database, client => run({client, table}));
    }

    begin(): Promise<PostgresTransaction> {
        const {database} = this.#shared;
        return PostgresTransaction.begin({
            database, layout: (name, given) => this.#layout(name, given), recordStatements: records => this.#records.statements(records),
            check: (statement, written) => this.#records.check(statement, written), announce: () => database.announce(this.#channel)
        });
    }

    createTables(): Promise<void> {
        return this.#createTables(true);
    }

    /** A replay into two indexes takes a third longer where they are kept up to date with each commit. */
    createBareTables(): Promise<void> {
        return this.#createTables(false);
    }

    #createTables(withIndexes: boolean): Promise<void> {
        const {database, schema} = this.#shared;
        const layouts = Array.from(this.#specs.keys(), name => this.#layout(name));
        return database.repeat(() => database.transaction(({run}) => createTables(run, schema, this.#namespace, layouts, withIndexes), MAX_TIMEOUT_MS));
    }

    dropTables(): Promise<void> {
        const {database, schema} = this.#shared;
        return database.repeat(() => database.transaction(async ({run}) => {
            await dropTables(run, schema, this.#namespace);
            await this.#records.clear(run);
        }, MAX_TIMEOUT_MS));
    }

    getRows(table: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        return this.#finder.get(this.#layout(table.name, table), ids);
    }

    findRows(table: TableSpec, query: StoreQuery): Promise<readonly Row[]> {
        return this.#finder.find(this.#layout(table.name, table), query);
    }

    countRows(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        return this.#finder.count(this.#layout(table.name, table), where);
    }

    getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        return this.#records.get(keys);
    }

    listRecords(prefix: string, options: ListRecordsOptions = {}): Promise<readonly (StoreRecord & {readonly key: string})[]> {
        return this.#records.list(prefix, options);
    }

    watchRecords(listener: () => void): Promise<() => void> {
        return this.#shared.database.listen(this.#channel, listener);
    }

    /** @throws BadRequestError `NOT_ENCODABLE`, also for a bigint beyond 64 bits in a field that the schema says holds bigints */
    async commit({writes = [], records = []}: CommitBatch): Promise<void> {
        const {database, commits} = this.#shared;
        // Encoded before the transaction: what can't be stored is refused before anything is written.
        const rows = rowStatements(writes, name => this.#layout(name));
        if (rows.length + records.length === 0)
            return database.use(() => Promise.resolve());
        const kinds = this.#records.statements(records);
        await retryCollisions(async () => {
            if (!await commits.run(kinds, rows))
                await this.#commitStepwise(kinds, rows);
        });
        if (records.length > 0)
            database.announce(this.#channel);
    }

    /** Finds out which record is stale. */
    #commitStepwise(kinds: readonly RecordStatement[], rows: readonly NamedStatement[]): Promise<void> {
        return this.#shared.database.transaction(async ({run}) => {
            for (const statement of kinds)
                this.#records.check(statement, await run(statement));
            for (const statement of rows)
                await run(statement);
        });
    }

    #layout(name: string, given?: TableSpec): TableLayout {
        let layout = this.#layouts.get(name);
        if (layout === undefined) {
            const spec = this.#specs.get(name) ?? given;
            if (spec === undefined)
                throw new BadRequestError(`There is no table '${name}' in '${this.#namespace}'.`, {code: 'INVALID_QUERY'});
            this.#layouts.set(name, layout = new TableLayout(this.#shared.schema, this.#namespace, spec));
        }
        return layout;
    }
}

/** Building an index over a large table may take its time. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function share(source: string | PostgresStoreOptions): Shared {
    const options = checkOptions(source);
    const database = new Database(options);
    return {database, schema: options.schema ?? DEFAULT_SCHEMA, commits: new CommitAtOnce(database)};
}

async function retryCollisions(work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        try {
            return await work();
        } catch (error) {
            if (isDataError(error))
                throw new BadRequestError(`PostgreSQL refuses a row: ${(error as Error).message}`, {code: 'NOT_ENCODABLE', cause: error});
            if (attempt >= MAX_COLLISIONS || !COLLISION.test(sqlStateOf(error) ?? ''))
                throw error;
        }
    }
}
