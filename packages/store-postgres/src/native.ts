import type {Database} from '@woltage/postgres';
import type {PoolClient} from 'pg';
import type {TableDefinitionMap} from 'woltage';

/** What native access gets, see `PostgresStore.native`. */
export interface PostgresNative<T extends TableDefinitionMap> {
    /** In a transaction. */
    readonly client: PoolClient;
    /**
     * The quoted name of a table in the database. Its columns have the names of the fields. Beside them stand `$id` (the key as JSON), `$more` and `$odd` (what has no
     * column, or doesn't fit into it), and columns to sort by.
     */
    table<N extends keyof T & string>(name: N): string;
}

/** Runs `run` in a transaction of its own. */
export async function runNative<R>(database: Database, run: (client: PoolClient) => R | Promise<R>): Promise<R> {
    const outcome = await database.lend(async client => {
        await client.query('BEGIN');
        try {
            const result = await run(client);
            await client.query('COMMIT');
            return {result};
        } catch (error) {
            // Where the connection is lost, this fails as well, and the server rolls back by itself.
            await client.query('ROLLBACK');
            return {error};
        }
    });
    if ('error' in outcome)
        throw outcome.error;
    return outcome.result;
}
