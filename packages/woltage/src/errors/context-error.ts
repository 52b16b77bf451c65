import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** Something that needs a Woltage context (a command, a projector, a read model) was called outside of one. */
export class ContextError extends WoltageError {
    constructor(message = 'This only works inside a Woltage context.', options: WoltageErrorOptions = {}) {
        super(message, 500, {code: 'OUTSIDE_CONTEXT', ...options});
    }
}
