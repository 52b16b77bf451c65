import {setTimeout as sleep} from 'node:timers/promises';
import type {PoolClient} from 'pg';
import {ConfigError, UnavailableError} from 'woltage';
import {Announcer} from './announcer.ts';
import {Listener} from './listener.ts';
import {serverName, type PostgresOptions} from './options.ts';
import {PoolLink, type Statement, type TextRow} from './pool-link.ts';
import {adapterError, isLostConnection, sqlStateOf} from './postgres-error.ts';

/** Statements on one connection, in a transaction. */
export interface Transaction {
    readonly client: PoolClient;
    readonly run: (statement: Statement) => Promise<readonly TextRow[]>;
}

interface Opened {
    readonly link: PoolLink;
    readonly listener: Listener;
    readonly announcer: Announcer;
}

/** A database as an adapter uses it: open between `connect` and `close`, with errors that say what is wrong. */
export class Database {
    /** The server's address for messages. */
    readonly server: string;
    readonly #options: PostgresOptions;
    #opened: Opened | undefined;
    #isOpen = false;
    #turn: Promise<void> = Promise.resolve();
    #underWay = 0;
    #whenIdle: (() => void) | undefined;

    constructor(options: PostgresOptions) {
        this.#options = options;
        this.server = serverName(options);
    }

    get isOpen(): boolean {
        return this.#isOpen;
    }

    /**
     * Connects; repeated calls do nothing.
     *
     * @param prepare Runs on the first connection, for example migrations
     * @throws ConfigError `POSTGRES_CREDENTIALS`, `POSTGRES_DATABASE`
     * @throws UnavailableError `POSTGRES_UNAVAILABLE` when it can't be reached in time
     */
    connect(prepare: (run: Transaction['run']) => Promise<void>): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#isOpen)
                return;
            const link = new PoolLink(this.#options, this.server);
            try {
                await this.#onConnection(link, async client => {
                    const run = (statement: Statement): Promise<readonly TextRow[]> => link.run(client, statement, MIGRATION_TIMEOUT_MS);
                    await checkEncoding(run, this.server);
                    await prepare(run);
                });
            } catch (error) {
                await link.close();
                throw error;
            }
            this.#opened = {link, listener: new Listener(link), announcer: new Announcer(channel => this.#notify(link, channel))};
            this.#isOpen = true;
        });
    }

    /**
     * Refuses new calls at once, and waits for those under way.
     *
     * @param finish What is still to be done before the connections are closed
     */
    close(finish: () => Promise<void> = () => Promise.resolve()): Promise<void> {
        return this.#inTurn(async () => {
            const opened = this.#opened;
            this.#isOpen = false;
            if (opened === undefined)
                return;
            await finish();
            if (this.#underWay > 0)
                await new Promise<void>(resolve => this.#whenIdle = resolve);
            await opened.announcer.idle();
            this.#opened = undefined;
            await opened.listener.close();
            await opened.link.close();
        });
    }

    /** Runs one statement, which is a transaction of its own. @throws UnavailableError `CLOSED`, `POSTGRES_UNAVAILABLE`, `POSTGRES_FAILED` */
    run(statement: Statement): Promise<readonly TextRow[]> {
        return this.use(link => this.#onConnection(link, client => link.run(client, statement)));
    }

    /** Runs a statement that changes nothing; again, where the connection was lost meanwhile. @throws What {@link run} throws */
    query(statement: Statement): Promise<readonly TextRow[]> {
        return this.repeat(() => this.run(statement));
    }

    /** Does what may be done twice; again, where the connection was lost meanwhile, for as long as connecting may take. */
    async repeat<R>(work: () => Promise<R>): Promise<R> {
        const deadline = performance.now() + (this.#opened?.link.timeoutMs ?? 0);
        for (; ;) {
            try {
                return await work();
            } catch (error) {
                if (!isLostConnection(error) || performance.now() > deadline)
                    throw error;
                await sleep(REPEAT_MS);
            }
        }
    }

    /**
     * Tells those who listen to a channel, soon; calls that come close together are one. It is no part of a transaction: one that told of itself would
     * make all others of the whole server that do so wait until it is on the disk.
     */
    announce(channel: string): void {
        this.#opened?.announcer.announce(channel);
    }

    /**
     * Runs `work` in a transaction. It is rolled back when `work` throws.
     *
     * @param timeoutMs Of each statement
     */
    transaction<R>(work: (transaction: Transaction) => Promise<R>, timeoutMs?: number): Promise<R> {
        return this.use(link => this.#onConnection(link, async client => {
            const run = (statement: Statement): Promise<readonly TextRow[]> => link.run(client, statement, timeoutMs);
            // A process that is gone without a word doesn't hold its locks for ever.
            await run({text: `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(timeoutMs ?? link.statementTimeoutMs)}`});
            try {
                const result = await work({client, run});
                await run({text: 'COMMIT'});
                return result;
            } catch (error) {
                // Where the connection is lost, the server rolls back by itself.
                await run({text: 'ROLLBACK'}).catch(() => undefined);
                throw error;
            }
        }));
    }

    /** Calls the listener for each notification on a channel, and when some may have been missed. */
    listen(channel: string, listener: () => void): Promise<() => void> {
        return this.use(async () => this.#open.listener.listen(channel, listener));
    }

    /** @throws UnavailableError `CLOSED` */
    assertOpen(): void {
        if (!this.#isOpen)
            throw this.#closed();
    }

    /** Keeps the connections open until `work` is done. @throws UnavailableError `CLOSED` */
    async use<R>(work: (link: PoolLink) => Promise<R>): Promise<R> {
        this.assertOpen();
        return this.finish(work);
    }

    /** Like {@link use}, also while it is being closed: for what was begun before. */
    async finish<R>(work: (link: PoolLink) => Promise<R>): Promise<R> {
        const {link} = this.#open;
        this.#underWay++;
        try {
            return await work(link);
        } finally {
            this.#underWay--;
            if (this.#underWay === 0)
                this.#whenIdle?.();
        }
    }

    /** Runs `work` with a connection, which nobody else gets after an error. Errors are those of `work`. */
    lend<R>(work: (client: PoolClient) => Promise<R>): Promise<R> {
        return this.use(async link => {
            const client = await link.acquire();
            let isBroken = true;
            try {
                const result = await work(client);
                isBroken = false;
                return result;
            } finally {
                link.release(client, isBroken);
            }
        });
    }

    /** Runs `work` with a connection. Errors are those of the adapters. */
    onConnection<R>(work: (client: PoolClient, link: PoolLink) => Promise<R>): Promise<R> {
        return this.finish(link => this.#onConnection(link, client => work(client, link)));
    }

    /** Who listens looks from time to time as well: a notification that fails is no more than a delay. */
    async #notify(link: PoolLink, channel: string): Promise<void> {
        try {
            await this.#onConnection(link, client => link.run(client, {text: 'SELECT pg_notify($1, \'\')', values: [channel]}));
        } catch (error) {
            link.logger?.debug({server: this.server, channel, error}, 'PostgreSQL could not be asked to notify those who listen.');
        }
    }

    async #onConnection<R>(link: PoolLink, work: (client: PoolClient) => Promise<R>): Promise<R> {
        const client = await link.acquire();
        let failure: unknown;
        try {
            return await work(client);
        } catch (error) {
            failure = error;
            throw adapterError(error, this.server);
        } finally {
            link.release(client, failure !== undefined && !isHarmless(failure));
        }
    }

    get #open(): Opened {
        if (this.#opened === undefined)
            throw this.#closed();
        return this.#opened;
    }

    #closed(): UnavailableError {
        return new UnavailableError(`PostgreSQL ${this.server} is not connected.`, {code: 'CLOSED'});
    }

    #inTurn(step: () => Promise<void>): Promise<void> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}

const REPEAT_MS = 20;

/** Building an index over a large table may take its time. */
const MIGRATION_TIMEOUT_MS = 2 ** 31 - 1;

/** A refused statement leaves the connection as it was; after anything else nobody knows. */
const isHarmless = (error: unknown): boolean => {
    const state = sqlStateOf(error);
    return state !== undefined && !/^(08|57P|58)/.test(state);
};

async function checkEncoding(run: Transaction['run'], server: string): Promise<void> {
    const [row] = await run({text: 'SHOW server_encoding'});
    if (row?.[0] !== 'UTF8')
        throw new ConfigError(`The database ${server} has the encoding ${row?.[0]}. Create one with: createdb --encoding=UTF8 --template=template0 <name>`, {code: 'POSTGRES_DATABASE'});
}
