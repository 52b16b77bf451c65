import {isWoltageError, type ValidationError, type ValidationIssue, type WoltageError} from 'woltage';

/** A problem document (RFC 9457) with our error code. */
export interface Problem {
    readonly type: 'about:blank';
    /** The name of the HTTP status. */
    readonly title: string;
    readonly status: number;
    /** What is wrong with this very request. */
    readonly detail: string;
    /** Stable, for programs. */
    readonly code: string;
    /** What a schema rejected, by field. */
    readonly errors?: readonly {readonly pointer: string; readonly message: string}[];
}

const TITLES: Readonly<Record<number, string>> = {
    400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 410: 'Gone',
    413: 'Content Too Large', 415: 'Unsupported Media Type', 500: 'Internal Server Error', 503: 'Service Unavailable'
};

/** The codes of errors that Express's body parser and its router throw, which know no codes of ours. */
const FOREIGN_CODES: Readonly<Record<string, string>> = {
    'entity.parse.failed': 'INVALID_JSON', 'entity.too.large': 'PAYLOAD_TOO_LARGE', 'encoding.unsupported': 'UNSUPPORTED_MEDIA_TYPE',
    'charset.unsupported': 'UNSUPPORTED_MEDIA_TYPE', 'request.aborted': 'REQUEST_ABORTED', 'request.size.invalid': 'BAD_REQUEST'
};

/** The problem document of any error. Of errors that are not Woltage's own, nothing is told but that there was one. */
export function toProblem(error: unknown): Problem {
    if (isWoltageError(error) && error.status < 500 || isWoltageError(error) && error.status === 503)
        return ofWoltageError(error);
    const {type, status, statusCode = status} = (error ?? {}) as {type?: unknown; status?: unknown; statusCode?: unknown};
    if (typeof type === 'string' && Object.hasOwn(FOREIGN_CODES, type) && typeof statusCode === 'number')
        return problem(statusCode, FOREIGN_CODES[type] as string, (error as Error).message);
    if (error instanceof URIError)
        return problem(400, 'BAD_REQUEST', 'The path is not a valid URL.');
    const code = isWoltageError(error) ? error.code : 'INTERNAL_ERROR';
    return problem(500, code, 'The request failed for a reason on the server\'s side.');
}

function ofWoltageError(error: WoltageError): Problem {
    const base = problem(error.status, error.code, error.message);
    const {issues} = error as Partial<ValidationError>;
    return issues === undefined ? base : {...base, errors: issues.map(({path, message}) => ({pointer: pointer(path), message}))};
}

const problem = (status: number, code: string, detail: string): Problem =>
    ({type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, code});

/** A JSON Pointer (RFC 6901), as a fragment: `#/items/0/price`. */
const pointer = (path: ValidationIssue['path']): string =>
    `#${path.map(segment => `/${encodeURIComponent(String(segment).replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`;
