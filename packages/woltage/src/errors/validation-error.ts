import {BadRequestError} from './bad-request-error.ts';

/** One thing that a schema rejected. */
export interface ValidationIssue {
    /** Where it is, from the outside in; empty for the value as a whole. */
    readonly path: readonly (string | number)[];
    readonly message: string;
}

/** A payload or a query does not match its schema (HTTP 400); `issues` lists every finding by field. */
export class ValidationError extends BadRequestError {
    readonly issues: readonly ValidationIssue[];

    constructor(what: string, issues: readonly ValidationIssue[]) {
        const list = issues.map(({path, message}) => `${path.join('.') || '(value)'}: ${message}`).join('; ');
        super(`${what} is invalid: ${list}`, {code: 'VALIDATION_FAILED', details: {issues}});
        this.issues = issues;
    }
}
