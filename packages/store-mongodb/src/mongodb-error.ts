import {MongoError, MongoServerError} from 'mongodb';
import {BadRequestError, ConfigError, isWoltageError, UnavailableError, type WoltageError} from 'woltage';

/** Answers that tell of credentials: Unauthorized, AuthenticationFailed, and Atlas's own. */
const CREDENTIALS: ReadonlySet<number> = new Set([13, 18, 8000]);
const TOO_LARGE: ReadonlySet<number> = new Set([10334, 17280, 17419, 17420]);
export const DUPLICATE_KEY = 11000;
export const PARALLEL_ARRAYS = 171;
export const MAX_TIME_EXPIRED = 50;
export const NAMESPACE_EXISTS = 48;
const BAD_VALUE = 2;
/** Answers of a server that may do it a little later: there is no primary, it shuts down, its disk is full, it took too long, others were in the way. */
const LATER: ReadonlySet<number> = new Set([
    6, 7, 24, 43, 50, 63, 64, 89, 91, 112, 133, 134, 150, 175, 189, 202, 225, 234, 237, 246, 251, 262, 290, 317, 358, 384, 9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436, 14031
]);

export const codeOf = (error: unknown): number | undefined => error instanceof MongoServerError && typeof error.code === 'number' ? error.code : undefined;

/** MongoDB doesn't sort by two fields that are arrays. */
export const isUnsortable = (error: unknown): boolean => codeOf(error) === BAD_VALUE && (error as Error).message.includes('parallel arrays');

/** The driver finds out about some documents before the server does. */
const isTooLarge = (error: unknown): boolean => TOO_LARGE.has(codeOf(error) ?? 0) || error instanceof Error && /larger than the maximum size|object.*too large|ERR_OUT_OF_RANGE/i.test(error.message);

/** @returns What a caller of the store is told, in place of an error of the driver */
export function storeError(error: unknown, server: string): unknown {
    if (isWoltageError(error) || !(error instanceof MongoError || isTooLarge(error)))
        return error;
    const code = codeOf(error);
    if (code !== undefined && CREDENTIALS.has(code))
        return credentialsRefused(error, server);
    if (isTooLarge(error))
        return rowTooLarge(error);
    if (code === undefined || LATER.has(code) || (error as MongoError).hasErrorLabel('RetryableWriteError') || (error as MongoError).hasErrorLabel('TransientTransactionError'))
        return new UnavailableError(`MongoDB ${server} could not be reached, or the connection was lost while a call was under way, which may have been carried out or not: ${messageOf(error)}`, {
            code: 'MONGODB_UNAVAILABLE', cause: error
        });
    return new UnavailableError(`MongoDB ${server} refused a call: ${messageOf(error)}`, {code: 'MONGODB_FAILED', cause: error});
}

export const rowTooLarge = (cause?: unknown): WoltageError =>
    new BadRequestError('A row is larger than MongoDB\'s 16 MB for a document. Keep what is large elsewhere, or divide it among several rows.', {code: 'ROW_TOO_LARGE', cause});

export const isAboutCredentials = (error: unknown): boolean => CREDENTIALS.has(codeOf(error) ?? 0);

export const credentialsRefused = (error: unknown, server: string): WoltageError =>
    new ConfigError(`MongoDB ${server} refuses the credentials, or what they are needed for: ${messageOf(error)}`, {code: 'MONGODB_CREDENTIALS', cause: error});

export const unreachable = (server: string, timeoutMs: number, cause: unknown): WoltageError =>
    new UnavailableError(`MongoDB ${server} could not be reached within ${timeoutMs} ms: ${messageOf(cause)}. Is it running, and is the address right?`, {code: 'MONGODB_UNAVAILABLE', cause});

export const noAnswer = (server: string, timeoutMs: number): WoltageError =>
    new UnavailableError(`MongoDB ${server} gave no answer within ${timeoutMs} ms; the call may have been carried out or not.`, {code: 'MONGODB_UNAVAILABLE'});

/** The driver's messages may repeat a connection string. */
export const messageOf = (error: unknown): string => {
    const message = error instanceof Error ? error.message || error.name : String(error);
    return message.replace(/\/\/[^\s"'/]*@/g, '//');
};
