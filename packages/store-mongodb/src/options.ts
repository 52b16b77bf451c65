import type {MongoClient, MongoClientOptions} from 'mongodb';
import {ConfigError, type Logger} from 'woltage';

/** Where the store is: a connection string, or a client that is already there. */
export interface MongoDBStoreOptions {
    /** `mongodb://[user:password@]host[:port][,...][/database][?options]`, or `mongodb+srv://...`. */
    readonly url?: string | undefined;
    /** A client of the `mongodb` package, instead of a URL. It is connected where it isn't yet, and never closed. */
    readonly client?: MongoClient | undefined;
    /** More options for the client that is made for the URL: TLS, credentials, and what else the driver knows. */
    readonly clientOptions?: MongoClientOptions | undefined;
    /** The database. @default the one that the URL names, otherwise `woltage`; with a client, its own */
    readonly database?: string | undefined;
    /** What the names of all collections begin with. Stores with different prefixes never meet. @default 'woltage' */
    readonly prefix?: string | undefined;
    /** How long connecting, and each call, takes at most before it fails, in ms. @default 10000 */
    readonly timeoutMs?: number | undefined;
    /** Is told of lost connections. @default nobody is */
    readonly logger?: Logger | undefined;
}

const KNOWN: ReadonlySet<string> = new Set(['url', 'client', 'clientOptions', 'database', 'prefix', 'timeoutMs', 'logger']);
const URL_PATTERN = /^(mongodb(?:\+srv)?):\/\/(?:(.*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?.*)?$/s;
const DEFAULT_DATABASE = 'woltage';

const fail = (why: string): ConfigError => new ConfigError(`The MongoDB store: ${why}`, {code: 'MONGODB_OPTIONS'});

/** @throws ConfigError `MONGODB_OPTIONS`; it never shows the URL, which may hold a password */
export function checkOptions(source: string | MongoDBStoreOptions): MongoDBStoreOptions {
    const options = typeof source === 'string' ? {url: source} : source;
    if (typeof options !== 'object' || options === null)
        throw fail('it needs a connection string, such as \'mongodb://localhost:27017\', or options.');
    const unknown = Object.keys(options).filter(name => !KNOWN.has(name));
    if (unknown.length > 0)
        throw fail(`unknown option ${unknown.map(name => `'${name}'`).join(', ')} (${[...KNOWN].join(', ')}). Options of the driver go into clientOptions.`);
    checkPlace(options);
    checkSettings(options);
    return options;
}

function checkPlace({url, client, clientOptions}: MongoDBStoreOptions): void {
    if ((url === undefined) === (client === undefined))
        throw fail('it needs either a url, such as \'mongodb://localhost:27017\', or a client.');
    if (url !== undefined && (typeof url !== 'string' || !URL_PATTERN.test(url)))
        throw fail('the url must look like mongodb://user:password@host:27017/database (or mongodb+srv://). Characters such as @, : and / in a password are written as %40, %3A and %2F.');
    if (client !== undefined && !isClient(client))
        throw fail('the client must be a MongoClient of the mongodb package.');
    if (clientOptions !== undefined && (typeof clientOptions !== 'object' || clientOptions === null || client !== undefined))
        throw fail('clientOptions must be an object, and go with a url only.');
}

function checkSettings({database, prefix, timeoutMs, logger}: MongoDBStoreOptions): void {
    if (!isOptional(database, value => typeof value === 'string' && /^[^\s/\\."$*<>:|?\0]{1,63}$/.test(value)))
        throw fail('the database must be a name of at most 63 characters without white space and /\\."$*<>:|?');
    if (!isOptional(prefix, value => typeof value === 'string' && /^(?!system$)[A-Za-z_][A-Za-z0-9_-]{0,39}$/.test(value)))
        throw fail('the prefix must be a letter and at most 39 letters, digits, hyphens and underscores more; not \'system\'.');
    if (!isOptional(timeoutMs, value => typeof value === 'number' && value >= 1 && value < 2 ** 31))
        throw fail(`timeoutMs must be a number of ms, at least 1, not '${String(timeoutMs)}'.`);
    if (!isOptional(logger, value => typeof value === 'object' && value !== null && 'warn' in value && typeof value.warn === 'function'))
        throw fail('the logger needs the methods debug, info, warn and error.');
}

const isOptional = (value: unknown, isValid: (value: unknown) => boolean): boolean => value === undefined || isValid(value);

/** Also one of another copy of the package. */
const isClient = (client: unknown): boolean =>
    typeof client === 'object' && client !== null && 'startSession' in client && 'db' in client && 'options' in client;

/** The servers' addresses for messages, without credentials. */
export function serverName({url, client}: MongoDBStoreOptions): string {
    if (url !== undefined) {
        const [, protocol, , hosts] = URL_PATTERN.exec(url) as unknown as [string, string, string, string];
        return `${protocol}://${hosts}`;
    }
    const {hosts, srvHost} = (client as MongoClient).options;
    return srvHost === undefined ? `mongodb://${hosts.map(String).join(',')}` : `mongodb+srv://${srvHost}`;
}

/** The name of the database. */
export function databaseName({url, client, database}: MongoDBStoreOptions): string {
    if (database !== undefined)
        return database;
    if (client !== undefined)
        return client.options.dbName;
    const named = URL_PATTERN.exec(url ?? '')?.[4];
    return named === undefined || named === '' ? DEFAULT_DATABASE : decodeURIComponent(named);
}
