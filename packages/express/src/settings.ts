import {ConfigError, type Woltage} from 'woltage';
import type {RouterOptions} from './options.ts';

/** Options, checked and with their defaults. */
export interface Settings extends Omit<RouterOptions, 'bodyLimit' | 'waitTimeoutMs'> {
    /** In bytes. */
    readonly bodyLimit: number;
    readonly waitTimeoutMs: number;
}

type Kind = 'function' | 'logger' | 'size' | 'duration';

const KINDS: Readonly<Record<keyof RouterOptions, Kind>> = {
    authorize: 'function', context: 'function', idempotencyScope: 'function', admin: 'function', onError: 'function',
    logger: 'logger', bodyLimit: 'size', waitTimeoutMs: 'duration'
};

const EXPECTED: Readonly<Record<Kind, string>> = {
    function: 'a function', logger: 'a logger with an `error` method', duration: 'a number of ms from 0 to 2147483647',
    size: 'a whole number of bytes, or text such as \'1mb\''
};

const MAX_TIMER_MS = 2 ** 31 - 1;
const DEFAULT_WAIT_MS = 5000;
const UNITS: Readonly<Record<string, number>> = {b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3};

/**
 * A misspelt `authorize` would leave everything open, and a limit that isn't understood would be none: so both are refused.
 *
 * @throws ConfigError `CONFIG_INVALID` that lists everything that is wrong
 */
export function settingsOf(woltage: Woltage, options: RouterOptions): Settings {
    const problems = [...findProblems(woltage, options)];
    if (problems.length > 0)
        throw new ConfigError(`createRouter can't work like this: ${problems.join(' ')}`, {details: {problems}});
    const {bodyLimit = '100kb', waitTimeoutMs = DEFAULT_WAIT_MS} = options;
    return {...options, bodyLimit: bytesOf(bodyLimit) ?? 0, waitTimeoutMs};
}

function* findProblems(woltage: unknown, options: unknown): Generator<string> {
    if (typeof (woltage as Partial<Woltage> | undefined)?.executeCommand !== 'function')
        yield 'Its first parameter is a Woltage instance, `await createWoltage({...})`.';
    if (typeof options !== 'object' || options === null) {
        yield 'Its options are an object.';
        return;
    }
    for (const [name, value] of Object.entries(options)) {
        if (!Object.hasOwn(KINDS, name))
            yield `'${name}' is not one of its options (${Object.keys(KINDS).join(', ')}).`;
        else if (value !== undefined && !isOfKind(KINDS[name as keyof RouterOptions], value))
            yield `'${name}' must be ${EXPECTED[KINDS[name as keyof RouterOptions]]}.`;
    }
}

function isOfKind(kind: Kind, value: unknown): boolean {
    switch (kind) {
        case 'function':
            return typeof value === 'function';
        case 'logger':
            return typeof (value as Partial<NonNullable<RouterOptions['logger']>> | null)?.error === 'function';
        case 'duration':
            return typeof value === 'number' && value >= 0 && value <= MAX_TIMER_MS;
        case 'size':
            return bytesOf(value) !== undefined;
    }
}

function bytesOf(size: unknown): number | undefined {
    if (typeof size === 'number')
        return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
    const [, digits, unit = 'b'] = typeof size === 'string' ? /^(\d{1,12}(?:\.\d+)?) ?(b|kb|mb|gb)?$/i.exec(size) ?? [] : [];
    return digits === undefined ? undefined : Math.floor(Number(digits) * (UNITS[unit.toLowerCase()] ?? 1));
}
