import {ConfigError, isWoltageError, UnavailableError, type WoltageError} from 'woltage';

/** Answers of a server that stay the same however often one asks. */
const DEFINITE: ReadonlySet<string> = new Set([
    'access-denied', 'invalid-argument', 'invalid-transaction', 'maximum-append-size-exceeded', 'append-record-size-exceeded', 'transaction-max-size-exceeded',
    'missing-required-metadata-property', 'unsupported'
]);
/** gRPC: invalid argument, not found, already exists, permission denied, failed precondition, out of range, unimplemented, unauthenticated. */
const DEFINITE_CODES: ReadonlySet<number> = new Set([3, 5, 6, 7, 9, 11, 12, 16]);
const CREDENTIALS_CODES: ReadonlySet<number> = new Set([7, 16]);

interface ClientError {
    readonly type?: unknown;
    readonly code?: unknown;
    readonly actualState?: unknown;
}

const fields = (error: unknown): ClientError => typeof error === 'object' && error !== null ? error : {};

/** The client's own word for what went wrong, such as `wrong-expected-version`. */
export const typeOf = (error: unknown): string | undefined => {
    const {type} = fields(error);
    return typeof type === 'string' ? type : undefined;
};

export const isConflict = (error: unknown): boolean => typeOf(error) === 'wrong-expected-version' || typeOf(error) === 'append-consistency-violation';
export const isMissingStream = (error: unknown): boolean => typeOf(error) === 'stream-not-found';
export const isDeletedStream = (error: unknown): boolean => typeOf(error) === 'stream-deleted' || typeOf(error) === 'stream-tombstoned';

/** The stream that an error is about. */
export function streamOf(error: unknown): string | undefined {
    const {streamName, stream} = fields(error) as {readonly streamName?: unknown; readonly stream?: unknown};
    const name = streamName ?? stream;
    return typeof name === 'string' ? name : undefined;
}

/** What the one who asks must look at himself. */
export const isAnswer = (error: unknown): boolean => isConflict(error) || isMissingStream(error) || isDeletedStream(error);

const isAboutCredentials = (error: unknown): boolean => {
    const {code} = fields(error);
    return typeOf(error) === 'access-denied' || typeof code === 'number' && CREDENTIALS_CODES.has(code) || /unauthenticated|PermissionDenied|permission denied/i.test(messageOf(error));
};

/** Whether a later try may go better. */
export function isPassing(error: unknown): boolean {
    const {code} = fields(error);
    return !isWoltageError(error) && !isAnswer(error) && !isAboutCredentials(error) && !DEFINITE.has(typeOf(error) ?? '') && !(typeof code === 'number' && DEFINITE_CODES.has(code));
}

/** Whether this is what the store itself says of a server that is away. */
export const isUnavailable = (error: unknown): boolean => isWoltageError(error) && error.code === 'KURRENTDB_UNAVAILABLE';

/** @returns What a caller of the store is told, in place of an error of the client */
export function storeError(error: unknown, server: string): unknown {
    if (isWoltageError(error))
        return error;
    if (isAboutCredentials(error))
        return new ConfigError(`KurrentDB ${server} refuses the credentials, or what they are needed for; reading $all must be allowed: ${messageOf(error)}`, {code: 'KURRENTDB_CREDENTIALS', cause: error});
    if (!isPassing(error))
        return new UnavailableError(`KurrentDB ${server} refused a call: ${messageOf(error)}`, {code: 'KURRENTDB_FAILED', cause: error});
    return unavailable(server, error);
}

export const unavailable = (server: string, cause: unknown): WoltageError =>
    new UnavailableError(`KurrentDB ${server} can't be reached, or lost the connection (${messageOf(cause)}). Is it running, and is the address right?`, {code: 'KURRENTDB_UNAVAILABLE', cause});

export const noAnswer = (server: string, timeoutMs: number): WoltageError =>
    new UnavailableError(`KurrentDB ${server} gave no answer within ${timeoutMs} ms; the call may have been carried out or not.`, {code: 'KURRENTDB_UNAVAILABLE'});

export const messageOf = (error: unknown): string => error instanceof Error ? error.message || error.name : String(error);
