import {channelName, checkDuration, checkOptions, Database, migrate, schemaScript, type PostgresOptions} from '@woltage/postgres';
import type {ClientBase} from 'pg';
import {
    checkEventQuery, EndableSubscription, streamGone, type AppendCondition, type AppendResult, type EventData, type EventFilter, type EventQuery,
    type EventQueryOptions, type EventStoreCapabilities, type ExpectedRevision, type IEventStore, type ReadOptions, type RecordedEvent, type StreamAppend,
    type SubscribeOptions, type SubscriptionBatch
} from 'woltage';
import {AppendStatements} from './append-statements.ts';
import type {AttemptParts} from './attempt.ts';
import {ChangeWatch} from './change-watch.ts';
import {encodeAppend, encodeCondition} from './encode.ts';
import {Erasure} from './erasure.ts';
import {EventMatches} from './event-matches.ts';
import {EventPages, type StreamPage} from './event-pages.ts';
import {GroupCommit} from './group-commit.ts';
import {toRecord} from './records.ts';
import {schemaPlan, type EventRow} from './schema.ts';
import {followPostgres} from './subscription.ts';
import {TransactionalEventStore} from './transaction-append.ts';

export interface PostgresEventStoreOptions extends PostgresOptions {
    /** How often to look for events of other processes where their notifications don't get through, in ms; only while a subscription waits. @default 500 */
    readonly pollIntervalMs?: number | undefined;
}

const READ_PAGE = 1000;
const LAST_REVISION = 2n ** 63n - 1n;
const LAST_POSITION = 2n ** 63n - 1n;
const DEFAULT_POLL_INTERVAL_MS = 500;
const DEFAULT_SCHEMA = 'woltage';

/**
 * An event store in PostgreSQL: one table, readable with any tool. Appends that are made while a commit is under way share the next one. Any number of
 * processes may use the same database.
 *
 * @example
 * {adapter: PostgresEventStore, args: ['postgres://user:password@localhost:5432/app']}
 */
export class PostgresEventStore implements IEventStore {
    readonly supports: EventStoreCapabilities = {multiStreamAppend: true, conditionalAppend: true, orderedAppendAll: true, erasure: true};
    readonly #database: Database;
    readonly #schema: string;
    readonly #channel: string;
    readonly #parts: AttemptParts;
    readonly #commits: GroupCommit;
    readonly #erasure: Erasure;
    readonly #pages: EventPages;
    readonly #changes: ChangeWatch;
    readonly #subscriptions = new Set<EndableSubscription>();
    #listening: Promise<void> | undefined;

    /** @throws ConfigError `POSTGRES_OPTIONS` */
    constructor(source: string | PostgresEventStoreOptions) {
        const options = checkOptions(source, ['pollIntervalMs']);
        checkDuration('pollIntervalMs', options.pollIntervalMs);
        this.#database = new Database(options);
        this.#schema = options.schema ?? DEFAULT_SCHEMA;
        this.#channel = channelName('events', this.#schema);
        this.#parts = {statements: new AppendStatements(this.#schema), matches: new EventMatches(this.#schema)};
        this.#pages = new EventPages(this.#database, this.#schema);
        this.#changes = new ChangeWatch(options.pollIntervalMs ?? DEFAULT_POLL_INTERVAL_MS, () => this.#pages.head());
        const afterCommit = (): void => {
            this.#changes.notify();
            this.#database.announce(this.#channel);
        };
        this.#commits = new GroupCommit(this.#database, this.#parts, afterCommit);
        this.#erasure = new Erasure(this.#database, this.#parts, this.#schema, afterCommit);
    }

    /** The SQL that creates the tables, for a database in which this program may not do so itself: `connect` finds them then. */
    static schemaScript(schema = DEFAULT_SCHEMA): string {
        return schemaScript(schemaPlan(schema));
    }

    /**
     * @throws ConfigError `POSTGRES_CREDENTIALS` when the server refuses them, or the right to create the tables is missing; `POSTGRES_DATABASE`, `SCHEMA_TOO_NEW`
     * @throws UnavailableError `POSTGRES_UNAVAILABLE` when it can't be reached within `timeoutMs`
     */
    connect(): Promise<void> {
        return this.#database.connect(run => migrate(run, schemaPlan(this.#schema)));
    }

    close(): Promise<void> {
        return this.#database.close(async () => {
            for (const subscription of [...this.#subscriptions])
                subscription.end();
            await this.#commits.idle();
            this.#listening = undefined;
        });
    }

    async *read(aggregateName: string, aggregateId: string, options: ReadOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
        const {direction = 'forwards', limit = Infinity} = options;
        const step = direction === 'forwards' ? 1n : -1n;
        let from = options.fromRevision ?? (direction === 'forwards' ? 0n : LAST_REVISION);
        for (let left = limit; left > 0;) {
            const size = Math.min(READ_PAGE, left);
            const rows = rowsOf(await this.#pages.stream(aggregateName, aggregateId, direction, from, size), aggregateName, aggregateId, options);
            if (rows.length > 0)
                yield rows.map(toRecord);
            if (rows.length < size)
                return;
            left -= rows.length;
            from = BigInt(rows.at(-1)?.[3] ?? from) + step;
        }
    }

    /**
     * Where the connection is lost meanwhile, it is tried again: events that were written all the same are not written twice.
     *
     * @throws UnavailableError `POSTGRES_UNAVAILABLE` when the server can't be reached within `timeoutMs`, `POSTGRES_FAILED` when it can't write (disk full, for example)
     * @throws BadRequestError `INVALID_EVENT` when an event doesn't fit into the table
     */
    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        const [result] = await this.appendAll([{aggregateName, aggregateId, events, revision}]);
        return result as AppendResult;
    }

    /** Appends to one stream after the other, in one transaction. @throws What `append` throws */
    async appendAll(streams: readonly StreamAppend[], condition?: AppendCondition): Promise<readonly AppendResult[]> {
        const appends = streams.map(encodeAppend);
        const encoded = condition && encodeCondition(condition);
        return this.#database.use(() => this.#commits.run(appends, encoded));
    }

    async *query(query: EventQuery, {after, until = LAST_POSITION}: EventQueryOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
        const checked = checkEventQuery(query);
        for (let from = after ?? 0n; ;) {
            const rows = await this.#parts.matches.page(statement => this.#database.query(statement), checked, from, until, READ_PAGE);
            if (rows.length > 0)
                yield rows.map(toRecord);
            if (rows.length < READ_PAGE)
                return;
            from = BigInt(rows.at(-1)?.[0] ?? from);
        }
    }

    /**
     * The rows are deleted. PostgreSQL keeps what they held until it vacuums, see docs/erasure.md. Where the connection is lost meanwhile, it is tried again.
     *
     * @throws What `append` throws
     */
    async erase(aggregateName: string, aggregateId: string, tombstone: EventData, revision?: ExpectedRevision): Promise<AppendResult> {
        const append = encodeAppend({aggregateName, aggregateId, events: [tombstone], revision});
        return this.#database.use(() => this.#erasure.erase(append));
    }

    /**
     * Appends in a transaction of your own, together with what you write to other tables of the same database (READ COMMITTED): all of it or nothing. Until
     * you commit or roll back, the lock that orders events is held, and **every other append of every process waits**: append last, and commit at once.
     *
     * @param client A client of the `pg` package, in a transaction
     * @example
     * await client.query('BEGIN');
     * await client.query('UPDATE ...');
     * await eventStore.withTransaction(client).append('order', id, events, revision);
     * await client.query('COMMIT');
     */
    withTransaction(client: ClientBase): TransactionalEventStore {
        return new TransactionalEventStore(this.#database, client, this.#parts, this.#channel);
    }

    subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionBatch> {
        return new EndableSubscription({
            signal: options.signal,
            start: subscription => {
                this.#database.assertOpen();
                this.#subscriptions.add(subscription);
                this.#listening ??= this.#listen();
            },
            read: ending => followPostgres({pages: this.#pages, changes: this.#changes}, options, ending),
            finish: subscription => this.#subscriptions.delete(subscription)
        });
    }

    async getLatestPosition(filter?: EventFilter): Promise<bigint | null> {
        const types = filter?.types;
        const head = await this.#pages.head();
        if (head === 0n || types === undefined)
            return head === 0n ? null : head;
        for (let end = types.length === 0 ? 0n : head; end > 0n;) {
            const {found, next} = await this.#pages.latestBefore(types, end);
            if (found !== undefined)
                return found;
            end = next;
        }
        return null;
    }

    async #listen(): Promise<void> {
        try {
            await this.#database.listen(this.#channel, this.#changes.notify);
        } catch {
            // Closed meanwhile.
        }
        // What came before somebody listened.
        this.#changes.notify();
    }
}

/** @throws GoneError */
function rowsOf({rows, isErased}: StreamPage, aggregateName: string, aggregateId: string, {tombstone}: ReadOptions): readonly EventRow[] {
    if (isErased && tombstone !== true)
        throw streamGone(aggregateName, aggregateId);
    return rows;
}
