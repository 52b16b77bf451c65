const BRAND = Symbol.for('woltage.error');

/** What every Woltage error carries beside its message. */
export interface WoltageErrorOptions {
    /** Stable machine-readable code. It is part of the public API: messages may change, codes don't. */
    readonly code?: string;
    /** Data for programs and logs; it may be shown to HTTP clients, so it never holds secrets. */
    readonly details?: unknown;
    readonly cause?: unknown;
}

/** Base of all errors that Woltage throws: a stable `code`, an HTTP `status`, a message that says what to do. */
export class WoltageError extends Error {
    readonly code: string;
    readonly status: number;
    readonly details: unknown;

    constructor(message: string, status = 500, options: WoltageErrorOptions = {}) {
        super(message, options.cause === undefined ? undefined : {cause: options.cause});
        this.name = new.target.name;
        this.status = status;
        this.code = options.code ?? 'INTERNAL_ERROR';
        this.details = options.details;
        Object.defineProperty(this, BRAND, {value: true});
    }
}

/** True for errors of Woltage, also when they come from a second copy of the package. */
export function isWoltageError(error: unknown): error is WoltageError {
    return error instanceof Error && BRAND in error;
}
