import {
    compileTables, directAccess, PortableTable, type CommitBatch, type IStore, type ListRecordsOptions, type RecordWrite, type Row, type ScopeOptions,
    type StoreQuery, type StoreRecord, type TableAccess, type TableDefinitionMap, type TableMap, type TableSpec
} from 'woltage';
import {commitArguments, writesByTable, type TableWrites} from './commit.ts';
import {Connection} from './connection.ts';
import {Contents, retry} from './contents.ts';
import {fillIndexes} from './fill-indexes.ts';
import {Finder} from './finder.ts';
import {Keys} from './keys.ts';
import {runNative, type RedisNative} from './native.ts';
import type {RedisStoreOptions} from './options.ts';
import {Records, staleRecord} from './records.ts';
import {COMMIT} from './scripts.ts';

/**
 * A store in Redis. Any number of processes may use the same server or cluster.
 *
 * @example
 * {adapter: RedisStore, args: [{url: 'redis://localhost:6379'}]}
 */
export class RedisStore<T extends TableDefinitionMap = TableDefinitionMap> implements IStore<T> {
    readonly tables: TableMap<T>;
    readonly #connection: Connection;
    readonly #keys: Keys;
    readonly #contents: Contents;
    readonly #records: Records;
    readonly #finder: Finder;
    readonly #specs: ReadonlyMap<string, TableSpec>;
    readonly #access: TableAccess;

    /** @throws ConfigError `REDIS_OPTIONS` */
    constructor(options: RedisStoreOptions);
    /** @internal A scope of a store. */
    constructor(connection: Connection, scope: ScopeOptions<T>);
    constructor(source: RedisStoreOptions | Connection, {namespace = '', tables, access}: Partial<ScopeOptions<T>> = {}) {
        this.#connection = source instanceof Connection ? source : new Connection(source);
        this.#keys = new Keys(this.#connection.keyPrefix, namespace);
        this.#contents = new Contents(this.#connection, this.#keys);
        this.#records = new Records(this.#connection, this.#keys);
        this.#finder = new Finder(this.#connection, this.#keys, this.#contents, namespace);
        this.#specs = compileTables(tables ?? {}, `'${namespace}'`);
        this.#access = access?.(this) ?? directAccess(this);
        this.tables = Object.fromEntries(Array.from(this.#specs, ([name, spec]) => [name, new PortableTable(spec, this.#access)])) as unknown as TableMap<T>;
    }

    /**
     * @throws ConfigError `REDIS_CREDENTIALS` when the server refuses them
     * @throws UnavailableError `REDIS_UNAVAILABLE` when it can't be reached within `timeoutMs`
     */
    connect(): Promise<void> {
        return this.#connection.connect();
    }

    close(): Promise<void> {
        return this.#connection.close();
    }

    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): RedisStore<S> {
        return new RedisStore<S>(this.#connection, options);
    }

    /**
     * Direct access to the client, for what the portable methods can't say. In a projector, what the batch has written so far is
     * in Redis first, and rows are no longer cached; what is written here is not taken back when the handler fails. Rows are for reading:
     * the indexes know nothing of what a native command writes to them. Errors are the driver's own.
     *
     * @example
     * await this.store.native(({client, key}) => client.zIncrBy(key('scores'), 1, userId));
     */
    async native<R>(run: (native: RedisNative<T>) => R | Promise<R>): Promise<R> {
        for (const spec of this.#specs.values())
            await this.#access.beforeNative(spec);
        return runNative(this.#connection, this.#keys, run);
    }

    createTables(): Promise<void> {
        return this.#connection.use(async () => {
            for (const spec of this.#specs.values())
                await fillIndexes(this.#connection, this.#keys, this.#contents, await this.#contents.declare(spec.name, spec));
        });
    }

    dropTables(): Promise<void> {
        return this.#connection.use(() => this.#contents.drop());
    }

    getRows({name}: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        return this.#connection.use(() => this.#finder.get(name, ids));
    }

    findRows(table: TableSpec, query: StoreQuery): Promise<readonly Row[]> {
        return this.#connection.use(() => this.#finder.find(table, query));
    }

    countRows(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        return this.#connection.use(() => this.#finder.count(table, where));
    }

    getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        return this.#connection.use(() => this.#records.get(keys));
    }

    listRecords(prefix: string, options: ListRecordsOptions = {}): Promise<readonly (StoreRecord & {readonly key: string})[]> {
        return this.#connection.use(() => this.#records.list(prefix, options));
    }

    watchRecords(listener: () => void): Promise<() => void> {
        return this.#connection.watch(this.#keys.channel, listener);
    }

    async commit({writes = [], records = []}: CommitBatch): Promise<void> {
        const tables = writesByTable(writes);
        await this.#connection.use(() => retry(() => this.#tryToCommit(tables, records)));
    }

    /** Gives `undefined` when the tables' indexes turn out to be others than was thought; nothing is written then. */
    async #tryToCommit(tables: readonly TableWrites[], records: readonly RecordWrite[]): Promise<true | undefined> {
        const withLayouts = [];
        for (const table of tables)
            withLayouts.push({...table, layout: await this.#contents.open(table.table, this.#specs.get(table.table))});
        const {keys, values} = commitArguments(this.#keys, records, withLayouts);
        const [result, index] = await this.#connection.run(COMMIT, keys, values) as readonly ['OK' | 'STALE' | 'CHANGED', number?];
        if (result === 'STALE')
            throw staleRecord(records[index ?? 0] as RecordWrite);
        if (result === 'CHANGED')
            this.#contents.forget();
        return result === 'OK' || undefined;
    }
}
