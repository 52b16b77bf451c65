import {migrate, openDatabase, whenNotBusy, type OpenOptions, type SQLiteDatabase} from '@woltage/sqlite';
import {
    UnavailableError, type AppendResult, type EventData, type EventFilter, type ExpectedRevision, type IEventStore, type ReadOptions,
    type RecordedEvent, type StreamAppend, type SubscribeOptions, type SubscriptionBatch
} from 'woltage';
import {Appender} from './appender.ts';
import {ChangeWatch} from './change-watch.ts';
import {GroupCommit} from './group-commit.ts';
import {EventPages} from './event-pages.ts';
import {toRecord} from './records.ts';
import {migrations} from './schema.ts';

export interface SQLiteEventStoreOptions extends OpenOptions {
    /** How often to look for events of other processes, in ms. @default 20 */
    readonly pollIntervalMs?: number | undefined;
}

interface Connection {
    readonly database: SQLiteDatabase;
    readonly appender: Appender;
    readonly commits: GroupCommit;
    readonly pages: EventPages;
    readonly changes: ChangeWatch;
}

const READ_PAGE = 1000;
const LAST_REVISION = Number.MAX_SAFE_INTEGER;

/**
 * An event store in a SQLite file: embedded, durable, readable with any SQLite tool (table `events`). Appends of one turn of the
 * event loop share a transaction. Several processes may open the same file.
 *
 * @example
 * {adapter: SQLiteEventStore, args: [{path: 'data/events.db'}]}
 */
export class SQLiteEventStore implements IEventStore {
    readonly supports = {multiStreamAppend: true};
    readonly #options: SQLiteEventStoreOptions;
    #connection: Connection | undefined;

    constructor(options: SQLiteEventStoreOptions) {
        this.#options = options;
    }

    /** @throws ConfigError `SQLITE_OPEN`, `SQLITE_DRIVER`, `SCHEMA_TOO_NEW` */
    async connect(): Promise<void> {
        if (this.#connection !== undefined)
            return;
        const {busyTimeoutMs, pollIntervalMs = 20} = this.#options;
        const database = await whenNotBusy(() => openDatabase(this.#options), busyTimeoutMs);
        try {
            await whenNotBusy(() => migrate(database, 'events', migrations), busyTimeoutMs);
        } catch (error) {
            database.close();
            throw error;
        }
        const changes = new ChangeWatch(database.prepare('PRAGMA data_version').raw(), pollIntervalMs);
        this.#connection = {
            database, changes,
            appender: new Appender(database),
            commits: new GroupCommit(database, busyTimeoutMs, () => changes.notify()),
            pages: new EventPages(database)
        };
    }

    async close(): Promise<void> {
        const connection = this.#connection;
        if (connection === undefined)
            return;
        this.#connection = undefined;
        connection.changes.notify();
        await connection.commits.idle();
        connection.database.close();
    }

    async *read(aggregateName: string, aggregateId: string, options: ReadOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
        const {direction = 'forwards', limit = Infinity} = options;
        const step = direction === 'forwards' ? 1 : -1;
        let from = options.fromRevision === undefined ? (direction === 'forwards' ? 0 : LAST_REVISION) : Number(options.fromRevision);
        for (let left = limit; left > 0;) {
            const size = Math.min(READ_PAGE, left);
            const rows = this.#open().pages.stream(aggregateName, aggregateId, direction, from, size);
            if (rows.length > 0)
                yield rows.map(toRecord);
            if (rows.length < size)
                return;
            left -= rows.length;
            from = (rows.at(-1)?.[3] ?? from) + step;
        }
    }

    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        const [result] = await this.appendAll([{aggregateName, aggregateId, events, revision}]);
        return result as AppendResult;
    }

    async appendAll(streams: readonly StreamAppend[]): Promise<readonly AppendResult[]> {
        const {appender, commits} = this.#open();
        return commits.run(() => streams.map(stream => {
            const {revision, position} = appender.append(stream);
            return {revision, position};
        }));
    }

    async *subscribe({after, filter, signal, batchSize = 1000}: SubscribeOptions = {}): AsyncGenerator<SubscriptionBatch> {
        const {pages, changes} = this.#open();
        let position = after === undefined ? 0 : Number(after);
        let isFirst = true;
        while (this.#connection?.pages === pages && signal?.aborted !== true) {
            changes.mark();
            const page = pages.next(position, filter?.types, batchSize);
            if (page.position > position || isFirst) {
                isFirst = false;
                position = page.position;
                yield {events: page.rows.map(toRecord), position: position === 0 ? undefined : BigInt(position), caughtUp: page.caughtUp};
                // SQLite reads synchronously: let others have their turn between two pages.
                if (!page.caughtUp)
                    await new Promise(resolve => setImmediate(resolve));
            } else {
                await changes.changed(signal);
            }
        }
    }

    async getLatestPosition(filter?: EventFilter): Promise<bigint | null> {
        const position = this.#open().pages.latest(filter?.types);
        return position === null ? null : BigInt(position);
    }

    #open(): Connection {
        if (this.#connection === undefined)
            throw new UnavailableError(`The event store '${this.#options.path}' is not connected.`, {code: 'CLOSED'});
        return this.#connection;
    }
}
