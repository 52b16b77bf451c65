import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** A conditional write to a store record lost: its token is not the expected one. Nothing of the commit was applied. */
export class StaleRecordError extends WoltageError {
    constructor(message = 'The record was changed by somebody else.', options: WoltageErrorOptions = {}) {
        super(message, 409, {code: 'STALE_RECORD', ...options});
    }
}
