import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The caller is not authenticated (HTTP 401). */
export class UnauthorizedError extends WoltageError {
    constructor(message = 'Authentication is required.', options: WoltageErrorOptions = {}) {
        super(message, 401, {code: 'UNAUTHORIZED', ...options});
    }
}
