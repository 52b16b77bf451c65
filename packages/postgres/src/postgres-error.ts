import {ConfigError, isWoltageError, UnavailableError, type WoltageError} from 'woltage';

/** The five characters by which PostgreSQL tells what is wrong; `undefined` for errors of the connection. */
export function sqlState(error: unknown): string | undefined {
    const {code, severity} = (error ?? {}) as {readonly code?: unknown; readonly severity?: unknown};
    return typeof code === 'string' && severity !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The same of an error of the driver, or of one of the adapters that it was the cause of. */
export const sqlStateOf = (error: unknown): string | undefined => sqlState(error) ?? sqlState((error as {readonly cause?: unknown} | undefined)?.cause);

/** What may be otherwise a little later: connections, resources, a server that starts or ends, a standby, deadlocks. */
const LATER = /^(08|53|57P|58|40001|40P01|55P03|25006|57014)/;
const CREDENTIALS = /^(28|42501)/;
const NO_DATABASE = '3D000';

/** Whether another try may succeed by itself. */
export const isPassing = (error: unknown): boolean => {
    const state = sqlState(error);
    return state === undefined ? isOfConnection(error) : LATER.test(state);
};

/** Whether an adapter's error says that the connection was lost, or the server was about to go; not that it gave no answer in time. */
export const isLostConnection = (error: unknown): boolean =>
    isWoltageError(error) && error.code === 'POSTGRES_UNAVAILABLE' && error.cause !== undefined && isPassing(error.cause);

/** Whether it lies in the data: values that a column can't hold, or an index. Not in connections, resources or rights. */
export const isDataError = (error: unknown): boolean => /^(22|23|54)/.test(sqlStateOf(error) ?? '');

/** The driver refuses a missing password itself. */
export const isAboutCredentials = (error: unknown): boolean => {
    const state = sqlState(error);
    return state === undefined ? error instanceof Error && /\bSASL\b|password must be/.test(error.message) : CREDENTIALS.test(state);
};

const isOfConnection = (error: unknown): boolean => !(error instanceof TypeError || error instanceof RangeError || isAboutCredentials(error));

/** @returns What a caller of an adapter is told, in place of an error of the driver */
export function adapterError(error: unknown, server: string): unknown {
    if (isWoltageError(error) || error instanceof TypeError || error instanceof RangeError)
        return error;
    const fixed = configurationError(error, server);
    if (fixed !== undefined)
        return fixed;
    const state = sqlState(error);
    if (state === undefined)
        return new UnavailableError(`The connection to PostgreSQL ${server} was lost while a call was under way, which may have been carried out or not: ${messageOf(error)}`, {
            code: 'POSTGRES_UNAVAILABLE', cause: error
        });
    const details = {sqlState: state};
    return LATER.test(state)
        ? new UnavailableError(`PostgreSQL ${server} can't serve this now: ${messageOf(error)} (${state})`, {code: 'POSTGRES_UNAVAILABLE', details, cause: error})
        : new UnavailableError(`PostgreSQL ${server} refused a call: ${messageOf(error)} (${state})`, {code: 'POSTGRES_FAILED', details, cause: error});
}

/** An error that waiting doesn't help against. */
export function configurationError(error: unknown, server: string): WoltageError | undefined {
    if (isAboutCredentials(error))
        return new ConfigError(`PostgreSQL ${server} refuses the credentials, or what they are needed for: ${messageOf(error)}`, {code: 'POSTGRES_CREDENTIALS', cause: error});
    if (sqlState(error) === NO_DATABASE)
        return new ConfigError(`PostgreSQL ${server}: ${messageOf(error)}. Create it with: createdb <name>`, {code: 'POSTGRES_DATABASE', cause: error});
    return undefined;
}

export const unreachable = (server: string, timeoutMs: number, cause: unknown): WoltageError =>
    new UnavailableError(`PostgreSQL ${server} could not be reached within ${timeoutMs} ms${cause === undefined ? '' : `: ${messageOf(cause)}`}. Is it running, and is the address right?`, {
        code: 'POSTGRES_UNAVAILABLE', cause
    });

export const noAnswer = (server: string, timeoutMs: number): WoltageError =>
    new UnavailableError(`PostgreSQL ${server} gave no answer within ${timeoutMs} ms; the call may have been carried out or not.`, {code: 'POSTGRES_UNAVAILABLE'});

/** Node gathers the failures of several addresses of a host in one error without a message. */
function messageOf(error: unknown): string {
    if (error instanceof AggregateError && error.message === '')
        return error.errors.map(messageOf).join(', ');
    return error instanceof Error ? error.message || error.name : String(error);
}
