import {WoltageError, type WoltageErrorOptions} from './woltage-error.ts';

/** The configuration or a loaded module is wrong. Thrown at start, with the file and what to do. */
export class ConfigError extends WoltageError {
    constructor(message = 'The configuration is invalid.', options: WoltageErrorOptions = {}) {
        super(message, 500, {code: 'CONFIG_INVALID', ...options});
    }
}
