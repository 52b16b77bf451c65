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
}

const KNOWN: ReadonlySet<string> = new Set(['connectionString', 'client', 'streamPrefix', 'timeoutMs', 'clockSkewMs', 'logger']);
const CONNECTION_STRING = /^(esdb|kurrentdb|kurrent|kdb)(\+discover)?:\/\/(?:[^:/?]+:[^@/?]+@)?[^@/?:,]+(:\d{1,5})?(,[^@/?:,]+(:\d{1,5})?)*\/?(\?.*)?$/;

export const optionsError = (why: string): ConfigError => new ConfigError(`The KurrentDB event store: ${why}`, {code: 'KURRENTDB_OPTIONS'});

/** @throws ConfigError `KURRENTDB_OPTIONS`; it never shows the connection string, which may hold a password */
export function settingsOf(given: string | KurrentDBEventStoreOptions): Settings {
    const options = typeof given === 'string' ? {connectionString: given} : given;
    if (typeof options !== 'object' || options === null)
        throw optionsError('it needs a connection string: \'kurrentdb://localhost:2113?tls=false\'.');
    const unknown = Object.keys(options).filter(name => !KNOWN.has(name));
    if (unknown.length > 0)
        throw optionsError(`unknown option ${unknown.map(name => `'${name}'`).join(', ')} (${[...KNOWN].join(', ')}).`);
    checkPlace(options);
    const {streamPrefix = '', timeoutMs = 10_000, clockSkewMs = 60_000, logger} = options;
    if (typeof streamPrefix !== 'string' || streamPrefix.startsWith('$') || /[\p{Cc}\p{Surrogate}]/u.test(streamPrefix))
        throw optionsError('the streamPrefix must be a text that doesn\'t begin with $, which is for KurrentDB\'s own streams, and has no control characters.');
    checkDuration('timeoutMs', timeoutMs, 1000);
    checkDuration('clockSkewMs', clockSkewMs, 0);
    if (logger !== undefined && (typeof logger !== 'object' || logger === null || typeof logger.warn !== 'function'))
        throw optionsError('the logger needs the methods debug, info, warn and error.');
    return {...options, streamPrefix, timeoutMs, clockSkewMs, server: serverName(options)};
}

function checkPlace({connectionString, client}: KurrentDBEventStoreOptions): void {
    if ((connectionString === undefined) === (client === undefined))
        throw optionsError('it needs either a connectionString, such as \'kurrentdb://localhost:2113?tls=false\', or a client.');
    if (connectionString !== undefined && (typeof connectionString !== 'string' || !CONNECTION_STRING.test(connectionString)))
        throw optionsError('the connectionString must look like kurrentdb://user:password@host:2113?tls=true (or kurrentdb+discover://). Characters such as @, : and / in a password are written as %40, %3A and %2F.');
    if (connectionString !== undefined && /[?&]throwOnAppendFailure=false/i.test(connectionString))
        throw optionsError('throwOnAppendFailure=false hides conflicts, and can\'t be used.');
    if (client !== undefined && (typeof client !== 'object' || client === null || !('appendToStream' in client)))
        throw optionsError('the client must be one of @kurrent/kurrentdb-client.');
    if (client !== undefined && (client as unknown as {readonly throwOnAppendFailure?: boolean}).throwOnAppendFailure === false)
        throw optionsError('a client with throwOnAppendFailure=false hides conflicts, and can\'t be used.');
}

function checkDuration(name: string, value: unknown, least: number): void {
    if (!(typeof value === 'number' && value >= least && value < 2 ** 31))
        throw optionsError(`${name} must be a number of ms, at least ${least}, not '${String(value)}'.`);
}

function serverName({connectionString}: KurrentDBEventStoreOptions): string {
    if (connectionString === undefined)
        return '(the given client)';
    return connectionString.replace(/\/?(\?.*)?$/, '').replace(/:\/\/.*@/, '://');
}
