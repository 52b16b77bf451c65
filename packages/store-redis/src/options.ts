import type {RedisClientOptions, RedisFunctions, RedisModules, RedisScripts, RespVersions, TypeMapping} from 'redis';
import {ConfigError, type Logger} from 'woltage';
import type {RedisConnectable} from './client.ts';

/** Where the store is: a URL, or a client that is already there. */
export interface RedisStoreOptions {
    /** `redis[s]://[[user][:password]@][host][:port][/database]`, or `unix://[user[:password]@]/path/to/socket`. */
    readonly url?: string | undefined;
    /**
     * A client made by `createClient` or `createCluster` of the `redis` package, instead of a URL. The store opens it where it is not open, and then closes
     * it as well; an open one is left open.
     */
    readonly client?: RedisConnectable | undefined;
    /** More options for the client that is made for the URL: TLS, credentials, and what else the driver knows. */
    readonly clientOptions?: Omit<RedisClientOptions<RedisModules, RedisFunctions, RedisScripts, RespVersions, TypeMapping>, 'url'> | undefined;
    /** What all keys of this store begin with (in their hash tag). Stores with different prefixes never meet. @default 'woltage' */
    readonly keyPrefix?: string | undefined;
    /** How long connecting, and each call, waits for the server before it fails, in ms. @default 10000 */
    readonly timeoutMs?: number | undefined;
    /** Is told of lost connections, of queries without an index and of server settings that may lose data. @default nobody is */
    readonly logger?: Logger | undefined;
}

const KNOWN: ReadonlySet<string> = new Set(['url', 'client', 'clientOptions', 'keyPrefix', 'timeoutMs', 'logger']);
const PROTOCOLS: ReadonlySet<string> = new Set(['redis:', 'rediss:', 'unix:']);

const fail = (why: string): ConfigError => new ConfigError(`The Redis store: ${why}`, {code: 'REDIS_OPTIONS'});

/** @throws ConfigError `REDIS_OPTIONS`; it never shows the URL, which may hold a password */
export function checkOptions(options: RedisStoreOptions): RedisStoreOptions {
    if (typeof options !== 'object' || options === null)
        throw fail('it needs options: {url: \'redis://localhost:6379\'}.');
    const unknown = Object.keys(options).filter(name => !KNOWN.has(name));
    if (unknown.length > 0)
        throw fail(`unknown option ${unknown.map(name => `'${name}'`).join(', ')} (${[...KNOWN].join(', ')}). Options of the driver go into clientOptions.`);
    checkPlace(options);
    checkSettings(options);
    return options;
}

function checkPlace({url, client, clientOptions}: RedisStoreOptions): void {
    if ((url === undefined) === (client === undefined))
        throw fail('it needs either a url, such as \'redis://localhost:6379\', or a client.');
    if (url !== undefined && !isUrl(url))
        throw fail('the url must look like redis://user:password@host:6379/0 (or rediss://, unix://). Characters such as @, / and # in a password are written as %40, %2F and %23.');
    if (client !== undefined && !isClient(client))
        throw fail('the client must be one of createClient or createCluster of the redis package; pools and sentinels are not supported.');
    if (clientOptions !== undefined && (typeof clientOptions !== 'object' || clientOptions === null || client !== undefined))
        throw fail('clientOptions must be an object, and go with a url only.');
}

function checkSettings({keyPrefix, timeoutMs, logger}: RedisStoreOptions): void {
    if (keyPrefix !== undefined && (typeof keyPrefix !== 'string' || !/^[^{}:\s]+$/.test(keyPrefix)))
        throw fail('the keyPrefix must be a text without braces, colons and white space.');
    if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs < 2 ** 31))
        throw fail(`timeoutMs must be a number of ms above 0, not '${String(timeoutMs)}'.`);
    if (logger !== undefined && (typeof logger !== 'object' || logger === null || typeof logger.warn !== 'function'))
        throw fail('the logger needs the methods debug, info, warn and error.');
}

const isClient = (client: unknown): boolean =>
    typeof client === 'object' && client !== null && 'sendCommand' in client && 'subscribe' in client && !('acquire' in client);

function isUrl(url: unknown): boolean {
    if (typeof url !== 'string' || !URL.canParse(url))
        return false;
    const {protocol, pathname, username, password} = new URL(url);
    return PROTOCOLS.has(protocol) && (protocol === 'unix:' || /^(\/\d*)?$/.test(pathname)) && isEncoded(username) && isEncoded(password);
}

function isEncoded(text: string): boolean {
    try {
        decodeURIComponent(text);
        return true;
    } catch {
        return false;
    }
}

/** The server's address for messages, without credentials. */
export function serverName({url, client}: RedisStoreOptions): string {
    if (url === undefined)
        return nameOfGiven(client as GivenClient);
    const {protocol, hostname, port, pathname} = new URL(url);
    if (protocol === 'unix:')
        return `unix://${pathname}`;
    return `${protocol}//${hostname || 'localhost'}:${port || '6379'}${pathname === '/' ? '' : pathname}`;
}

interface GivenClient {
    readonly options?: {readonly socket?: {readonly host?: string; readonly port?: number; readonly path?: string}};
}

function nameOfGiven(client: GivenClient): string {
    if ('slots' in client)
        return '(the given cluster)';
    const {host = 'localhost', port = 6379, path} = client.options?.socket ?? {};
    return path === undefined ? `redis://${host}:${port}` : `unix://${path}`;
}
