import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The runtime cannot serve this now; a later try may succeed (HTTP 503). */
export class UnavailableError extends WoltageError {
    constructor(message = 'Temporarily unavailable.', options: WoltageErrorOptions = {}) {
        super(message, 503, {code: 'UNAVAILABLE', ...options});
    }
}
