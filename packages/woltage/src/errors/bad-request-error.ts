import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The caller sent something that can never succeed (HTTP 400). */
export class BadRequestError extends WoltageError {
    constructor(message = 'The request is invalid.', options: WoltageErrorOptions = {}) {
        super(message, 400, {code: 'BAD_REQUEST', ...options});
    }
}
