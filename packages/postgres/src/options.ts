import {Client, type Pool, type PoolConfig} from 'pg';
import {ConfigError, type Logger} from 'woltage';

/** Where a PostgreSQL adapter keeps its data: a connection string, or a pool that is already there. */
export interface PostgresOptions {
    /** `postgres://user:password@host:5432/database`, with `?sslmode=...` and what else the driver knows. Left out: the variables `PGHOST`, `PGUSER` and so on. */
    readonly connectionString?: string | undefined;
    /** A pool of the `pg` package, instead of a connection string. It is left open. */
    readonly pool?: Pool | undefined;
    /** More options for the pool that is made: `max` connections (10 by default), TLS, credentials, and what else the driver knows. */
    readonly poolOptions?: Omit<PoolConfig, 'connectionString'> | undefined;
    /** The schema in the database, created where it is missing. Adapters with different schemas never meet. @default 'woltage' */
    readonly schema?: string | undefined;
    /** How long connecting, and waiting for a connection that was lost, takes before it fails, in ms. @default 10000 */
    readonly timeoutMs?: number | undefined;
    /** How long each statement takes before it fails, and its connection is given up, in ms. @default 30000 */
    readonly statementTimeoutMs?: number | undefined;
    /** Is told of lost connections. @default nobody is */
    readonly logger?: Logger | undefined;
}

const KNOWN: readonly string[] = ['connectionString', 'pool', 'poolOptions', 'schema', 'timeoutMs', 'statementTimeoutMs', 'logger'];
const MAX_NAME_BYTES = 63;

const fail = (why: string): ConfigError => new ConfigError(`The PostgreSQL adapter: ${why}`, {code: 'POSTGRES_OPTIONS'});

/**
 * @param more Options that the adapter has beside the common ones
 * @throws ConfigError `POSTGRES_OPTIONS`; it never shows the connection string, which may hold a password
 */
export function checkOptions<O extends PostgresOptions>(given: string | O, more: readonly string[] = []): O {
    const options = (typeof given === 'string' ? {connectionString: given} : given) as O;
    if (typeof options !== 'object' || options === null)
        throw fail('it needs a connection string, such as \'postgres://user:password@localhost:5432/app\', or options.');
    const known = [...KNOWN, ...more];
    const unknown = Object.keys(options).filter(name => !known.includes(name));
    if (unknown.length > 0)
        throw fail(`unknown option ${unknown.map(name => `'${name}'`).join(', ')} (${known.join(', ')}). Options of the driver go into poolOptions.`);
    checkPlace(options);
    checkDuration('timeoutMs', options.timeoutMs);
    checkDuration('statementTimeoutMs', options.statementTimeoutMs);
    const {schema, logger} = options;
    if (schema !== undefined && !isName(schema))
        throw fail(`the schema must be a name of 1 to ${MAX_NAME_BYTES} bytes that doesn't begin with 'pg_'.`);
    if (logger !== undefined && (typeof logger !== 'object' || logger === null || typeof logger.warn !== 'function'))
        throw fail('the logger needs the methods debug, info, warn and error.');
    return options;
}

/** @throws ConfigError `POSTGRES_OPTIONS` */
export function checkDuration(name: string, value: number | undefined): void {
    if (value !== undefined && !(typeof value === 'number' && value >= 1 && value < 2 ** 31))
        throw fail(`'${name}' must be a number of ms, at least 1, not '${String(value)}'.`);
}

function checkPlace({connectionString, pool, poolOptions}: PostgresOptions): void {
    if (pool !== undefined && (connectionString !== undefined || poolOptions !== undefined))
        throw fail('a pool stands alone: it has its connection string and options already.');
    if (pool !== undefined && !isPool(pool))
        throw fail('the pool must be a Pool of the pg package.');
    if (poolOptions !== undefined && (typeof poolOptions !== 'object' || poolOptions === null))
        throw fail('poolOptions must be an object.');
    if (connectionString !== undefined && !isConnectionString(connectionString))
        throw fail('the connection string must look like postgres://user:password@host:5432/database. Characters such as @, / and # in a password are written as %40, %2F and %23.');
}

const isPool = (pool: unknown): boolean => typeof pool === 'object' && pool !== null && 'connect' in pool && 'totalCount' in pool;

function isConnectionString(text: unknown): boolean {
    if (typeof text !== 'string' || !/^(postgres(ql)?|socket):\/\//.test(text))
        return false;
    try {
        new Client({connectionString: text});
        return true;
    } catch {
        return false;
    }
}

const isName = (name: unknown): boolean =>
    typeof name === 'string' && name !== '' && !/[\0\p{Surrogate}]/u.test(name) && !name.startsWith('pg_') && Buffer.byteLength(name) <= MAX_NAME_BYTES;

/** The server's address for messages, without credentials. */
export function serverName({connectionString, pool, poolOptions}: PostgresOptions): string {
    const config: PoolConfig = pool === undefined ? {...poolOptions, ...connectionString === undefined ? {} : {connectionString}} : pool.options;
    const {host, port, database} = new Client(config);
    return `postgres://${host.startsWith('/') ? encodeURIComponent(host) : host}:${port}/${database ?? ''}`;
}
