import {adapterError, isDataError, type Database, type Transaction} from '@woltage/postgres';
import type {ClientBase} from 'pg';
import {BadRequestError, UnavailableError, type AppendCondition, type AppendResult, type EventData, type ExpectedRevision, type StreamAppend} from 'woltage';
import {attempt, type AppendTask, type AttemptParts} from './attempt.ts';
import {encodeAppend, encodeCondition} from './encode.ts';

/** Appends in a transaction of the user's, see `PostgresEventStore.withTransaction`. */
export class TransactionalEventStore {
    readonly #database: Database;
    readonly #client: ClientBase;
    readonly #parts: AttemptParts;
    readonly #channel: string;

    /** @internal */
    constructor(database: Database, client: ClientBase, parts: AttemptParts, channel: string) {
        this.#database = database;
        this.#client = client;
        this.#parts = parts;
        this.#channel = channel;
    }

    /** Like `append` of the event store. A conflict leaves the transaction usable. */
    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        const [result] = await this.appendAll([{aggregateName, aggregateId, events, revision}]);
        return result as AppendResult;
    }

    /** Like `appendAll` of the event store. A conflict leaves the transaction usable. */
    async appendAll(streams: readonly StreamAppend[], condition?: AppendCondition): Promise<readonly AppendResult[]> {
        const task = {appends: streams.map(encodeAppend), condition: condition && encodeCondition(condition)};
        return this.#database.use(async link => {
            try {
                return await this.#append(statement => link.run(this.#client, statement), task);
            } catch (error) {
                throw isDataError(error)
                    ? new BadRequestError(`PostgreSQL refuses an event: ${(error as Error).message}`, {code: 'INVALID_EVENT', cause: error})
                    : adapterError(error, this.#database.server);
            }
        });
    }

    async #append(run: Transaction['run'], task: AppendTask): Promise<readonly AppendResult[]> {
        await run(this.#parts.statements.lock);
        const [outcome] = await attempt(run, this.#parts, [task], undefined) ?? [];
        if (outcome === undefined)
            throw new UnavailableError(`The transaction on PostgreSQL ${this.#database.server} sees the events as they were when it began. Use READ COMMITTED, or begin it again.`,
                {code: 'POSTGRES_UNAVAILABLE'});
        if ('error' in outcome)
            throw outcome.error;
        await run({text: 'SELECT pg_notify($1, \'\')', values: [this.#channel]});
        return outcome.results;
    }
}
