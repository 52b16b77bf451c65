import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The aggregate that a command wants to create already exists (HTTP 409). */
export class DuplicateAggregateError extends WoltageError {
    constructor(message = 'The aggregate already exists.', options: WoltageErrorOptions = {}) {
        super(message, 409, {code: 'DUPLICATE_AGGREGATE', ...options});
    }
}
