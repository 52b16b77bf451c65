interface Named {
    readonly message?: unknown;
    readonly code?: unknown;
}

/** What was thrown, as an error: code of others throws anything. Never throws itself. */
export function toError(thrown: unknown): Error {
    if (thrown instanceof Error)
        return thrown;
    const error = new Error(textOf(thrown), {cause: thrown});
    const code = propertyOf(thrown, 'code');
    return typeof code === 'string' ? Object.assign(error, {code}) : error;
}

/** Says what a value is that is no error, or an error's message that is no text. */
export function textOf(value: unknown): string {
    const message = propertyOf(value, 'message');
    if (typeof message === 'string' && message !== '')
        return message;
    try {
        if (value instanceof Error)
            return value.name;
        // An object's own text says mostly that it is one.
        return (typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined) ?? String(value);
    } catch {
        return 'Something that can\'t be told.';
    }
}

function propertyOf(value: unknown, name: keyof Named): unknown {
    try {
        return typeof value === 'object' && value !== null ? (value as Named)[name] : undefined;
    } catch {
        return undefined;
    }
}
