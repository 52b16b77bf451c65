import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The stream was erased for good (HTTP 410). */
export class GoneError extends WoltageError {
    constructor(message = 'This no longer exists.', options: WoltageErrorOptions = {}) {
        super(message, 410, {code: 'GONE', ...options});
    }
}
