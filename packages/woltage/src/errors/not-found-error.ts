import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** A named thing does not exist (HTTP 404). */
export class NotFoundError extends WoltageError {
    constructor(message = 'Not found.', options: WoltageErrorOptions = {}) {
        super(message, 404, {code: 'NOT_FOUND', ...options});
    }
}
