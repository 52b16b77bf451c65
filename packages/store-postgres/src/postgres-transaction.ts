import {adapterError, type Database, type Statement, type TextRow, type Transaction} from '@woltage/postgres';
import type {PoolClient} from 'pg';
import type {CommitBatch, Row, RowWrite, StoreQuery, StoreTransaction, TableSpec} from 'woltage';
import {Finder} from './finder.ts';
import type {RecordStatement} from './records.ts';
import {rowStatements} from './row-writes.ts';
import type {TableLayout} from './table-layout.ts';

/** What a transaction needs to know of its scope. */
export interface TransactionScope {
    readonly database: Database;
    layout(name: string, given?: TableSpec): TableLayout;
    /** The statements that write records, and what checks their outcome. */
    recordStatements(records: NonNullable<CommitBatch['records']>): readonly RecordStatement[];
    check(statement: RecordStatement, written: readonly TextRow[]): void;
    announce(): void;
}

class RolledBack extends Error {}

/** A transaction on a connection of its own, which native calls and a batch's commit share. */
export class PostgresTransaction implements StoreTransaction {
    readonly #scope: TransactionScope;
    readonly #transaction: Transaction;
    readonly #finder: Finder;
    readonly #end: (error?: Error) => void;
    readonly #done: Promise<void>;
    /** One call at a time: a savepoint is the whole connection's. */
    #turn: Promise<unknown> = Promise.resolve();

    private constructor(scope: TransactionScope, transaction: Transaction, end: (error?: Error) => void, done: Promise<void>) {
        this.#scope = scope;
        this.#transaction = transaction;
        this.#finder = new Finder({query: statement => this.#run(statement)});
        this.#end = end;
        this.#done = done;
    }

    static begin(scope: TransactionScope): Promise<PostgresTransaction> {
        return new Promise((resolve, reject) => {
            const done: Promise<void> = scope.database.transaction(transaction => new Promise<void>((commit, rollback) => {
                const end = (error?: Error): void => error === undefined ? commit() : rollback(error);
                // The promise is known by the time that the transaction has begun.
                resolve(new PostgresTransaction(scope, transaction, end, done));
            }));
            done.catch(reject);
        });
    }

    getRows(table: TableSpec, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
        return this.#inTurn(() => this.#finder.get(this.#scope.layout(table.name, table), ids));
    }

    findRows(table: TableSpec, query: StoreQuery): Promise<readonly Row[]> {
        return this.#inTurn(() => this.#finder.find(this.#scope.layout(table.name, table), query));
    }

    countRows(table: TableSpec, where: StoreQuery['where']): Promise<number> {
        return this.#inTurn(() => this.#finder.count(this.#scope.layout(table.name, table), where));
    }

    write(writes: readonly RowWrite[]): Promise<void> {
        const statements = rowStatements(writes, name => this.#scope.layout(name));
        return this.#inTurn(() => this.#runAll(statements));
    }

    async commit({writes = [], records = []}: CommitBatch): Promise<void> {
        try {
            const rows = rowStatements(writes, name => this.#scope.layout(name));
            await this.#inTurn(async () => {
                for (const statement of this.#scope.recordStatements(records))
                    this.#scope.check(statement, await this.#run(statement));
                await this.#runAll(rows);
            });
        } catch (error) {
            await this.rollback();
            throw error;
        }
        this.#end();
        await this.#done;
        if (records.length > 0)
            this.#scope.announce();
    }

    async rollback(): Promise<void> {
        await this.#turn.catch(() => undefined);
        this.#end(new RolledBack('Rolled back.'));
        await this.#done.catch(() => undefined);
    }

    /** Calls `run` with the connection. What it has done is taken back when it throws, and the transaction goes on. Errors are those of `run`. */
    native<R>(run: (client: PoolClient) => R | Promise<R>): Promise<R> {
        const {client} = this.#transaction;
        return this.#inTurn(async () => {
            await client.query('SAVEPOINT native');
            try {
                const result = await run(client);
                await client.query('RELEASE SAVEPOINT native');
                return result;
            } catch (error) {
                // Where the connection is lost, the server rolls back everything by itself, and the commit fails.
                await client.query('ROLLBACK TO SAVEPOINT native').catch(() => undefined);
                throw error;
            }
        });
    }

    async #runAll(statements: readonly Statement[]): Promise<void> {
        for (const statement of statements)
            await this.#run(statement);
    }

    async #run(statement: Statement): Promise<readonly TextRow[]> {
        try {
            return await this.#transaction.run(statement);
        } catch (error) {
            throw adapterError(error, this.#scope.database.server);
        }
    }

    #inTurn<R>(step: () => Promise<R>): Promise<R> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}
