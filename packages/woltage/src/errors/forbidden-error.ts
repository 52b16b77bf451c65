import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The caller is known but not allowed to do this (HTTP 403). */
export class ForbiddenError extends WoltageError {
    constructor(message = 'This is not allowed.', options: WoltageErrorOptions = {}) {
        super(message, 403, {code: 'FORBIDDEN', ...options});
    }
}
