import {fromText, isDataError, type Database, type Transaction} from '@woltage/postgres';
import {BadRequestError, ConflictError, streamGone, UnavailableError, type AppendResult} from 'woltage';
import {attempt, type AttemptParts} from './attempt.ts';
import type {EncodedAppend} from './encode.ts';
import {tableNames, type TableNames} from './schema.ts';

/** Removes streams. It takes the lock that orders appends, so that each of them either is removed or finds the stream gone. */
export class Erasure {
    readonly #database: Database;
    readonly #parts: AttemptParts;
    readonly #tables: TableNames;
    readonly #afterCommit: () => void;

    constructor(database: Database, parts: AttemptParts, schema: string, afterCommit: () => void) {
        this.#database = database;
        this.#parts = parts;
        this.#tables = tableNames(schema);
        this.#afterCommit = afterCommit;
    }

    /**
     * @param append Appends the tombstone
     * @throws GoneError, ConflictError `REVISION_CONFLICT`, `EVENT_ID_EXISTS`
     * @throws BadRequestError `INVALID_EVENT` when the tombstone doesn't fit into the table
     */
    async erase(append: EncodedAppend): Promise<AppendResult> {
        try {
            // A repetition, where the connection was lost, finds its own tombstone.
            const result = await this.#database.repeat(() => this.#database.transaction(({run}) => this.#erase(run, append)));
            this.#afterCommit();
            return result;
        } catch (error) {
            throw isDataError(error) ? new BadRequestError(`PostgreSQL refuses an event: ${(error as Error).message}`, {code: 'INVALID_EVENT', cause: error}) : error;
        }
    }

    async #erase(run: Transaction['run'], append: EncodedAppend): Promise<AppendResult> {
        const {aggregateName, aggregateId} = append;
        const {events, erased} = this.#tables;
        await run(this.#parts.statements.lock);
        const repeated = await this.#repeated(run, append);
        if (repeated !== undefined)
            return repeated;
        const [outcome] = await attempt(run, this.#parts, [{appends: [append]}], undefined) ?? [];
        if (outcome === undefined)
            throw new UnavailableError(`The events on PostgreSQL ${this.#database.server} change in spite of the lock.`, {code: 'POSTGRES_FAILED'});
        if ('error' in outcome)
            throw outcome.error;
        const result = outcome.results[0] as AppendResult;
        await run({
            text: `WITH removed AS (DELETE FROM ${events} WHERE aggregate_name = $1 AND aggregate_id = $2 AND revision < $3)
                INSERT INTO ${erased} (aggregate_name, aggregate_id, position) VALUES ($1, $2, $4)`,
            values: [aggregateName, aggregateId, result.revision, result.position]
        });
        return result;
    }

    /** The result of the erasure that this one repeats; `undefined` when nothing of it is there. */
    async #repeated(run: Transaction['run'], {aggregateName, aggregateId, events: [tombstone]}: EncodedAppend): Promise<AppendResult | undefined> {
        const {events, erased} = this.#tables;
        const id = tombstone?.[0] as string;
        const [row] = await run({
            text: `SELECT e.id, e.revision, e.position FROM ${erased} s JOIN ${events} e USING (position) WHERE s.aggregate_name = $1 AND s.aggregate_id = $2
                UNION ALL SELECT id, NULL, NULL FROM ${events} WHERE id = $3`,
            values: [aggregateName, aggregateId, id]
        });
        if (row === undefined)
            return undefined;
        const [known, revision, position] = row;
        if (typeof revision !== 'string')
            throw new ConflictError(`Event id ${fromText(id)} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id: fromText(id)}});
        if (known !== id)
            throw streamGone(fromText(aggregateName), fromText(aggregateId));
        return {revision: BigInt(revision), position: BigInt(position as string)};
    }
}
