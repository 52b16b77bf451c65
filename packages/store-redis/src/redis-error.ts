import {ConfigError, isWoltageError, UnavailableError, type WoltageError} from 'woltage';

/** Answers of a server that may do it a little later. */
const LATER: ReadonlySet<string> = new Set([
    'LOADING', 'BUSY', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'READONLY', 'OOM', 'MISCONF', 'NOREPLICAS', 'UNKILLABLE', 'NOTBUSY'
]);
const CREDENTIALS: ReadonlySet<string> = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM']);

/** The first word of an answer that is an error, such as WRONGTYPE; `undefined` for errors of the connection. */
const replyCode = (error: unknown): string | undefined =>
    error instanceof Error ? /^[A-Z][A-Z0-9]+(?= )/.exec(error.message)?.[0] : undefined;

export const isAboutCredentials = (error: unknown): boolean => {
    const code = replyCode(error);
    return code !== undefined && (CREDENTIALS.has(code) || code === 'ERR' && /\bAUTH\b|invalid password|The user executing the script can't/.test((error as Error).message));
};

/** Also where `storeError` has told of it. */
export const isUnknownScript = (error: unknown): boolean => replyCode(isWoltageError(error) ? error.cause : error) === 'NOSCRIPT';

/** @returns What a caller of the store is told, in place of an error of the driver */
export function storeError(error: unknown, server: string): unknown {
    if (isWoltageError(error) || error instanceof TypeError || error instanceof RangeError)
        return error;
    const code = replyCode(error);
    if (isAboutCredentials(error))
        return credentialsRefused(error, server);
    if (code !== undefined && !LATER.has(code))
        return new UnavailableError(`Redis ${server} refused a call: ${messageOf(error)}`, {code: 'REDIS_FAILED', cause: error});
    return new UnavailableError(
        code === undefined
            ? `The connection to Redis ${server} was lost while a call was under way, which may have been carried out or not: ${messageOf(error)}`
            : `Redis ${server} can't serve this now: ${messageOf(error)}`,
        {code: 'REDIS_UNAVAILABLE', cause: error}
    );
}

export const credentialsRefused = (error: unknown, server: string): WoltageError =>
    new ConfigError(`Redis ${server} refuses the credentials, or what they are needed for: ${messageOf(error)}`, {code: 'REDIS_CREDENTIALS', cause: error});

export const unreachable = (server: string, timeoutMs: number, cause: unknown): WoltageError =>
    new UnavailableError(`Redis ${server} could not be reached within ${timeoutMs} ms${cause === undefined ? '' : `: ${messageOf(cause)}`}. Is it running, and is the address right?`, {
        code: 'REDIS_UNAVAILABLE', cause
    });

export const noAnswer = (server: string, timeoutMs: number): WoltageError =>
    new UnavailableError(`Redis ${server} gave no answer within ${timeoutMs} ms; the call may have been carried out or not.`, {code: 'REDIS_UNAVAILABLE'});

/** Node gathers the failures of several addresses of a host in one error without a message. */
function messageOf(error: unknown): string {
    if (error instanceof AggregateError && error.message === '')
        return error.errors.map(messageOf).join(', ');
    return error instanceof Error ? error.message || error.name : String(error);
}
