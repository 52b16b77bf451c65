import {STATUS_CODES} from 'node:http';
import {isWoltageError, type ValidationIssue, type WoltageError} from 'woltage';

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
    readonly errors?: readonly FieldProblem[];
}

/** One thing that a schema rejected. */
export interface FieldProblem {
    /** The field, such as `items.0.price`; empty for the value as a whole. */
    readonly path: string;
    /** The field as a JSON Pointer in a URI fragment (RFC 6901), such as `#/items/0/price`: exact whatever a field is called. */
    readonly pointer: string;
    readonly message: string;
}

/**
 * 5xx errors whose messages are meant for those who asked. Other messages of 5xx errors speak of files, databases and code, and
 * are told to `onError` and `logger` alone.
 */
const TOLD: ReadonlySet<string> = new Set(['UNAVAILABLE', 'STOPPED', 'POSITION_TIMEOUT', 'PROJECTION_NOT_ACTIVE']);

/** The problem document of any error. Of errors that are not Woltage's own, nothing is told but that there was one. */
export function toProblem(error: unknown): Problem {
    if (isWoltageError(error) && isErrorStatus(error.status))
        return ofWoltageError(error);
    // A handler's own URIError has no status: that one is the router's, for a path that it can't decode.
    if (error instanceof URIError && (error as {readonly status?: unknown}).status === 400)
        return problem(400, 'BAD_REQUEST', 'The path holds a % that is not followed by the digits of a UTF-8 character.');
    return problem(500, 'INTERNAL_ERROR', detailOf(500));
}

function ofWoltageError(error: WoltageError): Problem {
    const {status, code, message} = error;
    const base = problem(status, code, status < 500 || TOLD.has(code) && status === 503 ? message : detailOf(status));
    const {issues} = error as {readonly issues?: unknown};
    return status >= 500 || !Array.isArray(issues) ? base : {...base, errors: (issues as ValidationIssue[]).map(toFieldProblem)};
}

const isErrorStatus = (status: unknown): boolean => Number.isInteger(status) && (status as number) >= 400 && (status as number) < 600;

const detailOf = (status: number): string => status === 503
    ? 'The request can\'t be served at the moment. A later try may succeed.'
    : 'The request failed for a reason on the server\'s side.';

const problem = (status: number, code: string, detail: string): Problem =>
    ({type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code});

const toFieldProblem = ({path, message}: ValidationIssue): FieldProblem => ({path: path.join('.'), pointer: pointerOf(path), message});

const pointerOf = (path: ValidationIssue['path']): string => `#${path.map(segment => `/${encodeSegment(String(segment))}`).join('')}`;

/** Half a surrogate pair, which a JSON body may name a field with, has no place in a URI. */
const encodeSegment = (segment: string): string =>
    encodeURIComponent(segment.replace(/\p{Surrogate}/gu, '\ufffd').replaceAll('~', '~0').replaceAll('/', '~1'));
