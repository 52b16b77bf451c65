import {print} from './print.ts';

/** What `expect.any(String)` and its sisters of Vitest and Jest are. */
interface AsymmetricMatcher {
    asymmetricMatch(value: unknown): boolean;
}

const isMatcher = (value: unknown): value is AsymmetricMatcher =>
    typeof (value as Partial<AsymmetricMatcher> | null | undefined)?.asymmetricMatch === 'function';

/** 0 and -0 are the same, as they are in JSON; NaN is itself. */
const isSame = (a: unknown, b: unknown): boolean => a === b || Number.isNaN(a) && Number.isNaN(b);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What a value is besides its contents: two that differ in it are never equal. */
const kindOf = (value: object): unknown => {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null ? Object.prototype : prototype;
};

function differInKind(expected: object, actual: object): boolean {
    if (kindOf(expected) !== kindOf(actual))
        return true;
    if (Array.isArray(expected))
        return expected.length !== (actual as unknown[]).length;
    return expected instanceof Date && !isSame(expected.getTime(), (actual as Date).getTime());
}

/**
 * Where a value differs from what is expected, a line each; none where they are equal. Deep, with bigint, `Date`, `Map` and `Set`; a property that is
 * `undefined` equals one that isn't there. What has an `asymmetricMatch`, as `expect.any(String)` has, decides for itself.
 */
export function differences(expected: unknown, actual: unknown, path = ''): readonly string[] {
    return [...walk(expected, actual, path, [])];
}

export const isEqual = (expected: unknown, actual: unknown): boolean => differences(expected, actual).length === 0;

function* walk(expected: unknown, actual: unknown, path: string, above: readonly unknown[]): Generator<string> {
    const differs = `${path === '' ? '' : `${path}: `}expected ${print(expected)}, got ${print(actual)}`;
    if (isMatcher(expected)) {
        if (!expected.asymmetricMatch(actual))
            yield differs;
    } else if (!isObject(expected) || !isObject(actual)) {
        if (!isSame(expected, actual))
            yield differs;
    } else if (differInKind(expected, actual)) {
        yield differs;
    } else if (!(expected instanceof Date) && !above.includes(expected)) {
        // A cycle is equal where all that leads back to it is.
        yield* walkInside(expected, actual, path, [...above, expected], differs);
    }
}

function* walkInside(expected: object, actual: object, path: string, above: readonly unknown[], differs: string): Generator<string> {
    if (expected instanceof Set) {
        const [wanted, got] = [[...expected as Set<unknown>], [...actual as Set<unknown>]];
        if (wanted.length !== got.length || !wanted.every(item => got.some(other => isEqual(item, other))))
            yield differs;
    } else if (expected instanceof Map) {
        const [wanted, got] = [expected as Map<unknown, unknown>, actual as Map<unknown, unknown>];
        for (const key of new Set([...wanted.keys(), ...got.keys()]))
            yield* walk(wanted.get(key), got.get(key), `${path}[${print(key)}]`, above);
    } else {
        for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)]))
            yield* walk((expected as Record<string, unknown>)[key], (actual as Record<string, unknown>)[key], join(path, key, Array.isArray(expected)), above);
    }
}

function join(path: string, key: string, isIndex: boolean): string {
    if (isIndex)
        return `${path}[${key}]`;
    return path === '' ? key : `${path}.${key}`;
}
