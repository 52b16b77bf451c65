import {setTimeout as sleep} from 'node:timers/promises';
import {Pool, type ClientBase, type PoolClient} from 'pg';
import {within, type Logger} from 'woltage';
import type {PostgresOptions} from './options.ts';
import {configurationError, isPassing, noAnswer, unreachable} from './postgres-error.ts';

const RETRY_MS = 100;
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;

/** A statement; its values are texts, as the driver would make them. */
export interface Statement {
    readonly text: string;
    readonly values?: readonly (string | number | bigint | boolean | null)[] | undefined;
    /** Makes the server keep the statement's plan for the connection. */
    readonly name?: string | undefined;
}

/** A row as PostgreSQL writes it: each column as text. */
export type TextRow = readonly (string | null)[];

const AS_TEXT = {getTypeParser: () => (text: string): string => text};

/** Connections to one server: made when they are needed, again where they were lost, never waited for without end. */
export class PoolLink {
    readonly pool: Pool;
    /** The server's address for messages. */
    readonly server: string;
    readonly timeoutMs: number;
    readonly statementTimeoutMs: number;
    readonly logger: Logger | undefined;
    readonly #isOwn: boolean;
    #isTroubled = false;

    constructor(options: PostgresOptions, server: string) {
        const {connectionString, poolOptions, timeoutMs = DEFAULT_TIMEOUT_MS, statementTimeoutMs = DEFAULT_STATEMENT_TIMEOUT_MS} = options;
        this.server = server;
        this.timeoutMs = timeoutMs;
        this.statementTimeoutMs = statementTimeoutMs;
        this.logger = options.logger;
        this.#isOwn = options.pool === undefined;
        this.pool = options.pool ?? new Pool({
            application_name: 'woltage', keepAlive: true, connectionTimeoutMillis: timeoutMs, ...poolOptions, ...connectionString === undefined ? {} : {connectionString}
        });
        this.pool.on('error', this.#remember);
    }

    /**
     * A connection, as soon as there is one. To be given back by {@link release}.
     *
     * @throws ConfigError `POSTGRES_CREDENTIALS`, `POSTGRES_DATABASE`
     * @throws UnavailableError `POSTGRES_UNAVAILABLE` when there is none in time
     */
    async acquire(): Promise<PoolClient> {
        const deadline = performance.now() + this.timeoutMs;
        for (; ;) {
            try {
                const client = await this.#connect(deadline - performance.now());
                client.on('error', this.#remember);
                this.#forget();
                return client;
            } catch (error) {
                const fixed = configurationError(error, this.server);
                if (fixed !== undefined)
                    throw fixed;
                this.#remember(error);
                if (!isPassing(error) || performance.now() + RETRY_MS >= deadline)
                    throw unreachable(this.server, this.timeoutMs, error);
                await sleep(RETRY_MS);
            }
        }
    }

    /** Whether one connection can be kept aside. */
    get canSpareOne(): boolean {
        return (this.pool.options.max ?? 10) > 1;
    }

    /** @param isBroken Closes the connection instead of keeping it */
    release(client: PoolClient, isBroken: boolean): void {
        client.off('error', this.#remember);
        // An error that nobody hears would end the process.
        if (isBroken)
            client.on('error', () => undefined);
        client.release(isBroken);
    }

    /** Runs a statement on a connection. Errors are the driver's own, but for `POSTGRES_UNAVAILABLE` when there is no answer in time. */
    async run(client: ClientBase, {text, values, name}: Statement, timeoutMs: number = this.statementTimeoutMs): Promise<readonly TextRow[]> {
        const answer = client.query<(string | null)[]>({
            text, rowMode: 'array', types: AS_TEXT, ...values === undefined ? {} : {values: [...values]}, ...name === undefined ? {} : {name}
        });
        const {rows} = await within(timeoutMs, answer, () => noAnswer(this.server, timeoutMs));
        return rows;
    }

    async close(): Promise<void> {
        this.pool.off('error', this.#remember);
        if (!this.#isOwn)
            return;
        this.pool.on('error', () => undefined);
        await this.pool.end();
    }

    async #connect(ms: number): Promise<PoolClient> {
        let isLate = false;
        const connecting = this.pool.connect();
        // Nobody waits for it any more.
        connecting.then(client => isLate && client.release(), () => undefined);
        return within(Math.max(1, ms), connecting, () => {
            isLate = true;
            return new Error('it gives no answer, or all connections of the pool are in use');
        });
    }

    readonly #remember = (error: unknown): void => {
        if (!this.#isTroubled)
            this.logger?.warn({server: this.server, error}, 'The connection to PostgreSQL was lost; it is made again as soon as possible.');
        this.#isTroubled = true;
    };

    #forget(): void {
        if (this.#isTroubled)
            this.logger?.info({server: this.server}, 'The connection to PostgreSQL is back.');
        this.#isTroubled = false;
    }
}
