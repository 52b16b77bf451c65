import {isStandardSchema} from './standard-schema.ts';

/** What an option must be: a check, and the words for it. */
export type Shape = readonly [isValid: (value: unknown) => boolean, must: string];

/** May be left out. */
export const optional = ([isValid, must]: Shape): Shape => [value => value === undefined || isValid(value), must];

export const aFunction = (like?: string): Shape => [value => typeof value === 'function', like === undefined ? 'a function' : `a function: ${like}`];
export const aSchema: Shape = [isStandardSchema, 'a schema: Zod, or another Standard Schema'];
export const oneOf = (...values: readonly string[]): Shape => [value => values.includes(value as string), values.map(value => `'${value}'`).join(' or ')];

/** What is wrong with options, as a sentence; `undefined`: nothing. What has no shape isn't one of them. */
export function shapeProblem(options: object, shapes: Readonly<Record<string, Shape>>): string | undefined {
    const unknown = Object.keys(options).find(key => !Object.hasOwn(shapes, key));
    if (unknown !== undefined)
        return `'${unknown}' is not one of its options (${Object.keys(shapes).join(', ')}).`;
    const wrong = Object.entries(shapes).find(([key, [isValid]]) => !isValid((options as Record<string, unknown>)[key]));
    return wrong && `'${wrong[0]}' must be ${wrong[1][1]}.`;
}
