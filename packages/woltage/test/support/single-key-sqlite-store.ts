import Database from 'better-sqlite3';
import {
    compareRows, compileTables, decodeJson, directAccess, encodeJson, matches, PortableTable, RedoCommit, UnavailableError, type CommitBatch, type IStore, type ListRecordsOptions,
    type RecordChange, type RedoLog, type RedoStore, type Row, type RowWrite, type ScopeOptions, type StoreQuery, type StoreRecord, type TableDefinitionMap, type TableMap, type TableSpec
} from 'woltage';

/** What happens before each single write, for tests that crash there. */
export type BeforeWrite = () => void | Promise<void>;

/** One connection, of which every statement is a transaction of its own. */
class Cells {
    readonly #path: string;
    readonly beforeWrite: BeforeWrite;
    #database: Database.Database | undefined;

    constructor(path: string, beforeWrite: BeforeWrite) {
        this.#path = path;
        this.beforeWrite = beforeWrite;
    }

    connect(): void {
        if (this.#database !== undefined)
            return;
        this.#database = new Database(this.#path, {timeout: 20_000});
        this.#database.pragma('journal_mode = WAL');
        this.#database.exec('CREATE TABLE IF NOT EXISTS cells (scope TEXT, key TEXT, value TEXT, token TEXT, seq INTEGER, removed_at INTEGER, PRIMARY KEY (scope, key)) WITHOUT ROWID');
    }

    close(): void {
        this.#database?.close();
        this.#database = undefined;
    }

    read<R>(sql: string, ...values: unknown[]): R[] {
        return this.#open.prepare(sql).all(...values) as R[];
    }

    async write(sql: string, ...values: unknown[]): Promise<number> {
        await this.beforeWrite();
        return this.#open.prepare(sql).run(...values).changes;
    }

    get #open(): Database.Database {
        if (this.#database === undefined)
            throw new UnavailableError('The store is not connected.', {code: 'CLOSED'});
        return this.#database;
    }
}

interface Cell {
    readonly key: string;
    readonly value: string;
    readonly token: string;
}

const LOG = 'log';
const RECORD = 'record/';
const rowPrefix = (table: string): string => `row/${table}/`;
/** SQLite keeps text as UTF-8, which has no place for half a surrogate pair. */
const text = (value: string): string => value.replace(/[\p{Surrogate}\uffff]/gu, unit => `\uffff${unit.charCodeAt(0).toString(16)}`);
const untext = (value: string): string => value.replace(/\uffff([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));

class ScopeCells implements RedoStore {
    readonly #cells: Cells;
    readonly #scope: string;

    constructor(cells: Cells, scope: string) {
        this.#cells = cells;
        this.#scope = text(scope);
    }

    async readLog(): Promise<RedoLog | undefined> {
        const [log] = this.#cells.read<Cell>('SELECT * FROM cells WHERE scope = ? AND key = ?', this.#scope, LOG);
        return log && {text: untext(log.value), token: log.token};
    }

    async swapLog(expected: string | null, log: RedoLog): Promise<boolean> {
        const changed = expected === null
            ? await this.#cells.write('INSERT INTO cells (scope, key, value, token) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', this.#scope, LOG, text(log.text), log.token)
            : await this.#cells.write('UPDATE cells SET value = ?, token = ? WHERE scope = ? AND key = ? AND token = ?', text(log.text), log.token, this.#scope, LOG, expected);
        return changed === 1;
    }

    async applyRows(writes: readonly RowWrite[], commit: number): Promise<void> {
        for (const {table, id, row} of writes)
            await this.#apply(rowPrefix(table) + id, row === null ? null : encodeJson(row), '', commit);
    }

    async applyRecords(changes: readonly RecordChange[], commit: number): Promise<void> {
        for (const {key, value, token} of changes)
            await this.#apply(RECORD + key, value, token, commit);
    }

    async readRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        return keys.map(key => this.one(RECORD + key)).map(cell => cell && {value: untext(cell.value), token: untext(cell.token)});
    }

    async forgetRemoved(before: number): Promise<void> {
        await this.#cells.write('DELETE FROM cells WHERE scope = ? AND removed_at < ?', this.#scope, before);
    }

    one(key: string): Cell | undefined {
        return this.#cells.read<Cell>('SELECT * FROM cells WHERE scope = ? AND key = ? AND removed_at IS NULL', this.#scope, text(key))[0];
    }

    all(prefix: string): Cell[] {
        return this.#cells.read<Cell>('SELECT * FROM cells WHERE scope = ? AND key >= ? AND removed_at IS NULL ORDER BY key', this.#scope, text(prefix))
            .filter(({key}) => key.startsWith(text(prefix)));
    }

    /** Keeps the log, so that the numbers of commits go on. */
    async drop(): Promise<void> {
        await this.#cells.write('DELETE FROM cells WHERE scope = ? AND key <> ?', this.#scope, LOG);
    }

    #apply(key: string, value: string | null, token: string, commit: number): Promise<number> {
        return this.#cells.write('INSERT INTO cells (scope, key, value, token, seq, removed_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, '
            + 'token = excluded.token, seq = excluded.seq, removed_at = excluded.removed_at WHERE excluded.seq > cells.seq',
        this.#scope, text(key), text(value ?? ''), text(token), commit, value === null ? Date.now() : null);
    }
}

/** A store that can write one key at a time only: its commits go through the redo log. */
export class SingleKeySQLiteStore<T extends TableDefinitionMap = TableDefinitionMap> implements IStore<T> {
    readonly tables: TableMap<T>;
    readonly #cells: Cells;
    readonly #scope: ScopeCells;
    readonly #commits: RedoCommit;

    constructor(options: {readonly path: string; readonly beforeWrite?: BeforeWrite} | Cells, scope: ScopeOptions<T> = {namespace: '', tables: {} as T}) {
        this.#cells = options instanceof Cells ? options : new Cells(options.path, options.beforeWrite ?? (() => undefined));
        this.#scope = new ScopeCells(this.#cells, scope.namespace);
        this.#commits = new RedoCommit(this.#scope);
        const access = scope.access?.(this) ?? directAccess(this);
        this.tables = Object.fromEntries(Array.from(compileTables(scope.tables, scope.namespace), ([name, spec]) => [name, new PortableTable(spec, access)])) as unknown as TableMap<T>;
    }

    async connect(): Promise<void> {
        this.#cells.connect();
    }

    async close(): Promise<void> {
        this.#cells.close();
    }

    scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): SingleKeySQLiteStore<S> {
        return new SingleKeySQLiteStore<S>(this.#cells, options);
    }

    async createTables(): Promise<void> {
        this.#scope.one('');
    }

    async dropTables(): Promise<void> {
        await this.#commits.settle();
        await this.#scope.drop();
    }

    async getRows({name}: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        return ids.map(id => this.#scope.one(rowPrefix(name) + id)).map(cell => cell && decodeJson(untext(cell.value)) as Row);
    }

    async findRows(table: TableSpec, {where, sort, limit, cursor}: StoreQuery): Promise<readonly Row[]> {
        const order = compareRows(sort);
        return this.#rows(table).filter(row => matches(row, where) && (cursor === undefined || order(row, cursor) > 0)).sort(order).slice(0, limit);
    }

    async countRows(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        return this.#rows(table).filter(row => matches(row, where)).length;
    }

    async getRecords(keys: readonly string[]): Promise<readonly (StoreRecord | undefined)[]> {
        await this.#commits.settle();
        return this.#scope.readRecords(keys);
    }

    async listRecords(prefix: string, {after, limit}: ListRecordsOptions = {}): Promise<readonly (StoreRecord & {readonly key: string})[]> {
        await this.#commits.settle();
        return this.#scope.all(RECORD + prefix)
            .map(({key, value, token}) => ({key: untext(key).slice(RECORD.length), value: untext(value), token: untext(token)}))
            .filter(({key}) => after === undefined || Buffer.compare(Buffer.from(text(key)), Buffer.from(text(after))) > 0)
            .slice(0, limit);
    }

    async commit(batch: CommitBatch): Promise<void> {
        // What can't be stored is refused before anything is written.
        encodeJson(batch.writes ?? []);
        this.#scope.one('');
        await this.#commits.commit(batch);
    }

    #rows({name}: TableSpec): Row[] {
        return this.#scope.all(rowPrefix(name)).map(({value}) => decodeJson(untext(value)) as Row);
    }
}
