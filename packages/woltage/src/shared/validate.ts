import {ConfigError, ValidationError, type ValidationIssue} from '../errors/index.ts';
import type {SchemaResult, StandardSchema} from './standard-schema.ts';

/**
 * Validates a value and returns the schema's output, synchronously where the schema allows it.
 *
 * @param what Names the value for an error's message, such as `Payload of command 'placeOrder'`
 * @throws ValidationError (in the promise, for a schema that validates asynchronously)
 */
export function validate<Output>(
    schema: StandardSchema<unknown, Output>,
    value: unknown,
    what: () => string
): Output | Promise<Output> {
    const result = schema['~standard'].validate(value);
    return result instanceof Promise ? result.then(r => unwrap(r, what)) : unwrap(result, what);
}

/** @throws ConfigError when the schema validates asynchronously, which is not possible at this place. */
export function validateSync<Output>(schema: StandardSchema<unknown, Output>, value: unknown, what: () => string): Output {
    const result = schema['~standard'].validate(value);
    if (result instanceof Promise)
        throw new ConfigError(`${what()}: its schema validates asynchronously, which is not supported here.`, {code: 'ASYNC_SCHEMA'});
    return unwrap(result, what);
}

function unwrap<Output>(result: SchemaResult<Output>, what: () => string): Output {
    if (result.issues === undefined)
        return result.value;
    const issues: ValidationIssue[] = result.issues.map(({message, path = []}) => ({
        message,
        path: path.map(segment => {
            const key = typeof segment === 'object' ? segment.key : segment;
            return typeof key === 'symbol' ? String(key) : key;
        })
    }));
    throw new ValidationError(what(), issues);
}
