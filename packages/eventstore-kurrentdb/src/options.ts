import type {KurrentDBClient} from '@kurrent/kurrentdb-client';
import {ConfigError, type Logger} from 'woltage';

/** Where the event store is: a connection string, or a client that is already there. */
export interface KurrentDBEventStoreOptions {
    /**
     * `kurrentdb://[user:password@]host[:port][,host[:port]...][?tls=false&...]`, or `kurrentdb+discover://` for a cluster behind a DNS name; see KurrentDB's own
     * documentation for the settings. Characters such as `@` and `:` in a password are written as `%40` and `%3A`.
     */
    readonly connectionString?: string | undefined;
    /** A client made by `@kurrent/kurrentdb-client`, instead of a connection string. It is never disposed of by the store. */
    readonly client?: KurrentDBClient | undefined;
    /** What the names of this store's streams begin with. A store sees the streams with its prefix alone, which lets several applications share a server. @default '' */
    readonly streamPrefix?: string | undefined;
    /**
     * How long connecting, and each call, goes on trying before it fails, in ms; at least 1000, for the client's first read takes half a second.
     * Subscriptions wait as long as it takes. @default 10000
     */
    readonly timeoutMs?: number | undefined;
    /** By how much the clocks of the machines that append may differ, in ms: bounds how far an append without an exact revision looks back for its ids. @default 60000 */
    readonly clockSkewMs?: number | undefined;
    /** Is told of lost connections. @default nobody is */
    readonly logger?: Logger | undefined;
}

/** The options with what they leave out. */
export interface Settings extends KurrentDBEventStoreOptions {
    readonly streamPrefix: string;
    readonly timeoutMs: number;
    readonly clockSkewMs: number;
    /** The server's address for messages, without credentials. */
    readonly server: string;
    /** Of the connection string. The client's reads would send them as they stand there, with what is escaped. */
    readonly credentials: {readonly username: string; readonly password: string} | undefined;
}

const KNOWN: ReadonlySet<string> = new Set(['connectionString', 'client', 'streamPrefix', 'timeoutMs', 'clockSkewMs', 'logger']);
const CONNECTION_STRING = /^(?:esdb|kurrentdb|kurrent|kdb)(?:\+discover)?:\/\/(?:([^:/?]+):([^@/?]+)@)?[^@/?:,]+(?::\d{1,5})?(?:,[^@/?:,]+(?::\d{1,5})?)*\/?(?:\?.*)?$/;

export const optionsError = (why: string): ConfigError => new ConfigError(`The KurrentDB event store: ${why}`, {code: 'KURRENTDB_OPTIONS'});

/** @throws ConfigError `KURRENTDB_OPTIONS`; it never shows the connection string, which may hold a password */
export function settingsOf(given: string | KurrentDBEventStoreOptions): Settings {
    const options = typeof given === 'string' ? {connectionString: given} : given;
    if (typeof options !== 'object' || options === null)
        throw optionsError('it needs a connection string: \'kurrentdb://localhost:2113?tls=false\'.');
    const unknown = Object.keys(options).filter(name => !KNOWN.has(name));
    if (unknown.length > 0)
        throw optionsError(`unknown option ${unknown.map(name => `'${name}'`).join(', ')} (${[...KNOWN].join(', ')}).`);
    const {connectionString, client, streamPrefix = '', timeoutMs = 10_000, clockSkewMs = 60_000, logger} = options;
    if ((connectionString === undefined) === (client === undefined))
        throw optionsError('it needs either a connectionString, such as \'kurrentdb://localhost:2113?tls=false\', or a client.');
    checkClient(client);
    checkPrefix(streamPrefix);
    checkDuration('timeoutMs', timeoutMs, 1000);
    checkDuration('clockSkewMs', clockSkewMs, 0);
    checkLogger(logger);
    const place = connectionString === undefined ? {server: '(the given client)', credentials: undefined} : placeOf(connectionString);
    return {...options, ...place, streamPrefix, timeoutMs, clockSkewMs};
}

function placeOf(connectionString: unknown): Pick<Settings, 'server' | 'credentials'> {
    const match = typeof connectionString === 'string' ? CONNECTION_STRING.exec(connectionString) : null;
    if (match === null)
        throw optionsError('the connectionString must look like kurrentdb://user:password@host:2113?tls=true (or kurrentdb+discover://). Characters such as @, : and / in a password are written as %40, %3A and %2F.');
    const [text, username, password] = match;
    if (/[?&]throwOnAppendFailure=false/i.test(text))
        throw optionsError('throwOnAppendFailure=false hides conflicts, and can\'t be used.');
    const server = text.replace(/\/?(\?.*)?$/, '').replace(/:\/\/.*@/, '://');
    const isInsecure = /[?&]tls=false/i.test(text);
    return {server, credentials: username === undefined || isInsecure ? undefined : {username: decode(username), password: decode(password ?? '')}};
}

function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        throw optionsError('the credentials in the connectionString hold a % that isn\'t written as %25.');
    }
}

function checkClient(client: unknown): void {
    if (client === undefined)
        return;
    if (typeof client !== 'object' || client === null || !('appendToStream' in client))
        throw optionsError('the client must be one of @kurrent/kurrentdb-client.');
    if ((client as {readonly throwOnAppendFailure?: boolean}).throwOnAppendFailure === false)
        throw optionsError('a client with throwOnAppendFailure=false hides conflicts, and can\'t be used.');
}

function checkPrefix(streamPrefix: unknown): void {
    if (typeof streamPrefix !== 'string' || streamPrefix.startsWith('$') || /[\p{Cc}\p{Surrogate}]/u.test(streamPrefix))
        throw optionsError('the streamPrefix must be a text that doesn\'t begin with $, which is for KurrentDB\'s own streams, and has no control characters.');
}

function checkDuration(name: string, value: unknown, least: number): void {
    if (!(typeof value === 'number' && value >= least && value < 2 ** 31))
        throw optionsError(`${name} must be a number of ms, at least ${least}, not '${String(value)}'.`);
}

function checkLogger(logger: unknown): void {
    if (logger !== undefined && (typeof logger !== 'object' || logger === null || typeof (logger as Logger).warn !== 'function'))
        throw optionsError('the logger needs the methods debug, info, warn and error.');
}
