import {AssertionError} from 'node:assert';

/** A heading in the margin, and its lines. */
export type Section = readonly [title: string, lines: readonly string[]];

export interface Failure {
    readonly title: string;
    /** Empty ones are left out. */
    readonly sections: readonly Section[];
    /** For the difference that test runners print. */
    readonly expected: unknown;
    readonly actual: unknown;
    readonly cause?: unknown;
}

/** The error of an expectation that isn't met: its message can be read by itself, and test runners find `expected` and `actual` on it. */
export function failure({title, sections, expected, actual, cause}: Failure): AssertionError {
    const shown = sections.filter(([, lines]) => lines.length > 0);
    const width = Math.max(0, ...shown.map(([heading]) => heading.length));
    const text = shown.flatMap(([heading, lines]) => lines.map((line, i) => `  ${(i === 0 ? heading : '').padEnd(width)}  ${line}`));
    const error = new AssertionError({message: [title, ...text].join('\n'), expected, actual, operator: 'deepEqual'});
    return cause === undefined ? error : Object.assign(error, {cause});
}

/**
 * Runs an expectation. What it fails with points to where the expectation stands, instead of into the kit.
 *
 * @param method The method that was called there
 */
export async function expectHere(method: (...args: never[]) => unknown, run: () => Promise<void>): Promise<void> {
    const here = {stack: ''};
    Error.captureStackTrace(here, method);
    try {
        await run();
    } catch (error) {
        if (error instanceof AssertionError)
            error.stack = `${error.name} [${error.code}]: ${error.message}${here.stack.slice(Math.max(0, here.stack.indexOf('\n    at ')))}`;
        throw error;
    }
}
