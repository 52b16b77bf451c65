import {migrate, openDatabase, whenNotBusy, type OpenOptions, type SQLiteDatabase} from '@woltage/sqlite';
import {
    checkEventQuery, ConfigError, EndableSubscription, UnavailableError, type AppendCondition, type AppendResult, type EventData, type EventFilter, type EventQuery,
    type EventQueryOptions, type EventStoreCapabilities, type ExpectedRevision, type IEventStore, type ReadOptions, type RecordedEvent, type StreamAppend,
    type SubscribeOptions, type SubscriptionBatch
} from 'woltage';
import {Appender} from './appender.ts';
import {ChangeWatch} from './change-watch.ts';
import {encodeAppend, encodeCondition} from './encode.ts';
import {EventMatches} from './event-matches.ts';
import {GroupCommit} from './group-commit.ts';
import {Erasure} from './erasure.ts';
import {EventPages} from './event-pages.ts';
import {toRecord} from './records.ts';
import {migrations} from './schema.ts';
import {followSQLite, type SubscriptionSource} from './subscription.ts';

export interface SQLiteEventStoreOptions extends OpenOptions {
    /** How often to look for events of other processes, in ms; only while a subscription waits. @default 20 */
    readonly pollIntervalMs?: number | undefined;
}

interface Connection extends SubscriptionSource {
    readonly database: SQLiteDatabase;
    readonly commits: GroupCommit;
    readonly matches: EventMatches;
    readonly erasure: Erasure;
    readonly subscriptions: Set<EndableSubscription>;
}

const READ_PAGE = 1000;
const LAST_REVISION = Number.MAX_SAFE_INTEGER;
const DEFAULT_POLL_INTERVAL_MS = 20;

/**
 * An event store in a SQLite file: embedded, durable, readable with any SQLite tool (table `events`). Appends of one turn of the
 * event loop share a transaction. Several processes may open the same file.
 *
 * @example
 * {adapter: SQLiteEventStore, args: [{path: 'data/events.db'}]}
 */
export class SQLiteEventStore implements IEventStore {
    readonly supports: EventStoreCapabilities = {multiStreamAppend: true, conditionalAppend: true, orderedAppendAll: true, erasure: true};
    readonly #options: SQLiteEventStoreOptions;
    #connection: Connection | undefined;
    #turn: Promise<void> = Promise.resolve();

    /** @throws ConfigError `SQLITE_OPTIONS` */
    constructor(options: SQLiteEventStoreOptions) {
        if (typeof options !== 'object' || options === null)
            throw new ConfigError('The SQLite event store needs options: {path: \'data/events.db\'}.', {code: 'SQLITE_OPTIONS'});
        checkDuration('busyTimeoutMs', options.busyTimeoutMs, 0);
        checkDuration('pollIntervalMs', options.pollIntervalMs, 1);
        this.#options = options;
    }

    /**
     * @throws ConfigError `SQLITE_OPEN` (with the path, when the file can't be opened or is no database), `SQLITE_OPTIONS`,
     * `SQLITE_DRIVER`, `SCHEMA_TOO_NEW`
     * @throws UnavailableError `SQLITE_BUSY`, `SQLITE_FAILED`
     */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            this.#connection ??= await connect(this.#options);
        });
    }

    close(): Promise<void> {
        return this.#inTurn(async () => {
            const connection = this.#connection;
            if (connection === undefined)
                return;
            this.#connection = undefined;
            for (const subscription of [...connection.subscriptions])
                subscription.end();
            await connection.commits.idle();
            connection.database.close();
        });
    }

    async *read(aggregateName: string, aggregateId: string, options: ReadOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
        const {direction = 'forwards', limit = Infinity} = options;
        const step = direction === 'forwards' ? 1 : -1;
        let from = options.fromRevision === undefined ? (direction === 'forwards' ? 0 : LAST_REVISION) : Number(options.fromRevision);
        for (let left = limit; left > 0;) {
            const size = Math.min(READ_PAGE, left);
            const rows = await this.#query(({pages, erasure}) => {
                const found = pages.stream(aggregateName, aggregateId, direction, from, size);
                // After the rows: what is erased in between is not read.
                if (options.tombstone !== true)
                    erasure.assertNotErased(aggregateName, aggregateId);
                return found;
            });
            if (rows.length > 0)
                yield rows.map(toRecord);
            if (rows.length < size)
                return;
            left -= rows.length;
            from = (rows.at(-1)?.[3] ?? from) + step;
        }
    }

    /** @throws UnavailableError `SQLITE_BUSY` after `busyTimeoutMs`, `SQLITE_FAILED` when SQLite can't write (disk full, for example) */
    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        const [result] = await this.appendAll([{aggregateName, aggregateId, events, revision}]);
        return result as AppendResult;
    }

    /** Appends to one stream after the other, in one transaction. @throws What `append` throws */
    async appendAll(streams: readonly StreamAppend[], condition?: AppendCondition): Promise<readonly AppendResult[]> {
        return this.#open().commits.run(streams.map(encodeAppend), condition && encodeCondition(condition));
    }

    async *query(query: EventQuery, {after, until}: EventQueryOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
        const checked = checkEventQuery(query);
        for (let from = Number(after ?? 0n); ;) {
            const rows = await this.#query(({matches}) => matches.page(checked, from, Number(until ?? LAST_REVISION), READ_PAGE));
            if (rows.length > 0)
                yield rows.map(toRecord);
            if (rows.length < READ_PAGE)
                return;
            from = rows.at(-1)?.[0] ?? from;
        }
    }

    /**
     * The rows are deleted, and what they held in the file is overwritten with the next checkpoint of SQLite's write-ahead log; see docs/erasure.md.
     *
     * @throws What `append` throws
     */
    async erase(aggregateName: string, aggregateId: string, tombstone: EventData, revision?: ExpectedRevision): Promise<AppendResult> {
        const append = encodeAppend({aggregateName, aggregateId, events: [tombstone], revision});
        const [result] = await this.#open().commits.run([{...append, isErasure: true}]);
        return result as AppendResult;
    }

    subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionBatch> {
        let connection: Connection | undefined;
        return new EndableSubscription({
            signal: options.signal,
            start: subscription => {
                connection = this.#open();
                connection.subscriptions.add(subscription);
            },
            read: ending => followSQLite(connection ?? this.#open(), options, ending),
            finish: subscription => connection?.subscriptions.delete(subscription)
        });
    }

    async getLatestPosition(filter?: EventFilter): Promise<bigint | null> {
        const types = filter?.types;
        const head = await this.#query(({pages}) => pages.head());
        if (head === null || types === undefined)
            return head === null ? null : BigInt(head);
        for (let end = types.length === 0 ? 0 : head; end > 0;) {
            const {found, next} = await this.#query(({pages}) => pages.latestBefore(types, end));
            if (found !== undefined)
                return BigInt(found);
            end = next;
            await new Promise(resolve => setImmediate(resolve));
        }
        return null;
    }

    #query<R>(run: (connection: Connection) => R): Promise<R> {
        return whenNotBusy(() => run(this.#open()), this.#options.busyTimeoutMs);
    }

    #open(): Connection {
        if (this.#connection === undefined)
            throw new UnavailableError(`The event store '${this.#options.path}' is not connected.`, {code: 'CLOSED'});
        return this.#connection;
    }

    /** One opening or closing at a time, in the order of the calls. */
    #inTurn(step: () => Promise<void>): Promise<void> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}

async function connect(options: SQLiteEventStoreOptions): Promise<Connection> {
    const {busyTimeoutMs, pollIntervalMs = DEFAULT_POLL_INTERVAL_MS} = options;
    const database = await whenNotBusy(() => openDatabase(options), busyTimeoutMs);
    try {
        await whenNotBusy(() => migrate(database, 'events', migrations), busyTimeoutMs);
        const changes = new ChangeWatch(database.prepare('PRAGMA data_version').raw(), pollIntervalMs);
        return {
            database, changes, busyTimeoutMs, erasure: new Erasure(database),
            matches: new EventMatches(database),
            commits: new GroupCommit(database, new Appender(database), busyTimeoutMs, () => changes.notify()),
            pages: new EventPages(database),
            subscriptions: new Set()
        };
    } catch (error) {
        database.close();
        throw error;
    }
}

function checkDuration(name: string, value: number | undefined, least: number): void {
    if (value !== undefined && !(Number.isFinite(value) && value >= least))
        throw new ConfigError(`'${name}' must be a number of ms, at least ${least}, not '${String(value)}'.`, {code: 'SQLITE_OPTIONS'});
}
