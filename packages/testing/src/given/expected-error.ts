import {isWoltageError} from 'woltage';
import {print, printError} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';

/** A class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** How an error can be expected: by its class, its code, a pattern of its message, an error like it, or a function that returns false (or throws) for any other. */
export type ExpectedError = ErrorClass | string | RegExp | Error | ((error: Error) => unknown);

export const isErrorClass = (value: unknown): value is ErrorClass =>
    typeof value === 'function' && (value === Error || (value.prototype as unknown) instanceof Error);

/** What is expected, in words. @throws TestingError `TEST_INVALID` for what can't be expected */
export function describeError(expected: ExpectedError): string {
    if (isErrorClass(expected))
        return `an error of class ${expected.name}`;
    if (typeof expected === 'string')
        return `an error with the code ${print(expected)}`;
    if (expected instanceof RegExp)
        return `an error whose message matches ${String(expected)}`;
    if (expected instanceof Error)
        return `an error like ${printError(expected)}`;
    if (typeof expected === 'function')
        return `an error that ${expected.name === '' ? 'the given function' : expected.name} accepts`;
    throw new TestingError(`then takes events, or an error: a class, a code, a pattern, an error, or a function; not ${print(expected)}.`);
}

/** Why an error isn't the expected one; `undefined` when it is. */
export function errorMismatch(expected: ExpectedError, error: unknown): string | undefined {
    if (isErrorClass(expected))
        return error instanceof expected ? undefined : 'another class';
    if (typeof expected === 'string')
        return (error as {readonly code?: unknown} | null)?.code === expected ? undefined : 'another code';
    if (expected instanceof RegExp)
        return error instanceof Error && expected.test(error.message) ? undefined : 'another message';
    if (expected instanceof Error)
        return isLike(expected, error) ? undefined : 'another class, code or message';
    return accepts(expected as (error: unknown) => unknown, error);
}

function isLike(expected: Error, error: unknown): boolean {
    return error instanceof Error && error.constructor === expected.constructor && error.message === expected.message
        && (!isWoltageError(expected) || (error as {readonly code?: unknown}).code === expected.code);
}

function accepts(matcher: (error: unknown) => unknown, error: unknown): string | undefined {
    try {
        return matcher(error) === false ? 'the function has returned false' : undefined;
    } catch (thrown) {
        return `the function has thrown ${printError(thrown)}`;
    }
}

/** A plain form for a test runner's own difference. */
export function plainError(error: unknown): unknown {
    if (!(error instanceof Error))
        return error;
    const {code} = error as Error & {readonly code?: unknown};
    return {error: error.name, ...code === undefined ? {} : {code}, message: error.message};
}
