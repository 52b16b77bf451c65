import {WoltageError} from 'woltage';

/** A test that is put together wrongly, or that can't go on. Codes: `TEST_INVALID`, `NOT_SETTLED`. */
export class TestingError extends WoltageError {
    constructor(message: string, code: 'TEST_INVALID' | 'NOT_SETTLED' = 'TEST_INVALID', cause?: unknown) {
        super(message, 500, {code, cause});
    }
}
