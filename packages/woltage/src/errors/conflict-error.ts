import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The current state forbids the operation, or somebody else was faster (HTTP 409). */
export class ConflictError extends WoltageError {
    constructor(message = 'Conflict.', options: WoltageErrorOptions = {}) {
        super(message, 409, {code: 'CONFLICT', ...options});
    }
}
