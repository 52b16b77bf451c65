import {BadRequestError, WoltageError} from '../errors/index.ts';
import {setOwn} from './data.ts';

/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | {readonly [key: string]: JsonValue};

/*
 * JSON that loses nothing: a bigint is {"$bigint":"1"}, a Date {"$date":0} (ms since the epoch), and an object that looks
 * like one of these tags is wrapped as {"$escaped":{...}}. Strings are never interpreted. {"$personal":"..."} is what is encrypted: who decodes comes after
 * the one who decrypts.
 */
const BIGINT = '$bigint';
const DATE = '$date';
const ESCAPED = '$escaped';
export const PERSONAL = '$personal';
const DIGITS = /^-?\d+$/;
const MAX_DATE_MS = 8.64e15;
const MAX_DEPTH = 200;

/**
 * Turns a value into plain JSON values that {@link decodeValue} turns back. The result shares nothing with the input.
 * Properties whose value is `undefined` are left out.
 *
 * @throws BadRequestError `NOT_ENCODABLE` with the path, for NaN, infinities, invalid dates, functions, symbols, class
 * instances other than Date, `undefined` in arrays, and nesting deeper than 200 levels.
 */
export function encodeValue(value: unknown): JsonValue {
    return encode(value, 0, [], true) as JsonValue;
}

/**
 * Deep copy of a value that can be stored, with bigint and Date left as they are: what `decodeValue(encodeValue(value))`
 * would give, in one step.
 *
 * @throws BadRequestError `NOT_ENCODABLE` like {@link encodeValue}
 */
export function copyStorable<T>(value: T): T {
    return encode(value, 0, [], false) as T;
}

function encode(value: unknown, depth: number, path: (string | number)[], tag: boolean): unknown {
    switch (typeof value) {
        case 'string':
        case 'boolean':
            return value;
        case 'number':
            if (!Number.isFinite(value))
                throw notEncodable(path, `${value} has no JSON form`);
            return value;
        case 'bigint':
            return tag ? {[BIGINT]: value.toString()} : value;
        case 'object':
            return value === null ? null : encodeObject(value, depth, path, tag);
        default:
            throw notEncodable(path, `${typeof value} has no JSON form`);
    }
}

function encodeObject(value: object, depth: number, path: (string | number)[], tag: boolean): unknown {
    if (depth >= MAX_DEPTH)
        throw notEncodable(path.slice(0, 5), `it is nested deeper than ${MAX_DEPTH} levels, or cyclic`);
    if (Array.isArray(value))
        return encodeArray(value, depth, path, tag);
    if (value instanceof Date) {
        const ms = value.getTime();
        if (Number.isNaN(ms))
            throw notEncodable(path, 'it is an invalid Date');
        return tag ? {[DATE]: ms} : new Date(ms);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
        throw notEncodable(path, `an instance of ${value.constructor?.name ?? 'a class'} is not plain data`);
    const result: Record<string, unknown> = {};
    let kept = 0;
    let last = '';
    // Not Object.keys, which makes an array for each row of a replay.
    for (const key in value) {
        if (!Object.hasOwn(value, key))
            continue;
        const item = (value as Record<string, unknown>)[key];
        if (item === undefined)
            continue;
        kept++;
        last = key;
        if (isPlain(item) && key !== '__proto__')
            result[key] = item;
        else
            setOwn(result, key, encodeChild(item, key, depth, path, tag));
    }
    return tag && kept === 1 && isTag(last) ? {[ESCAPED]: result} : result;
}

/** Stays as it is. */
const isPlain = (item: unknown): boolean => typeof item === 'string' || typeof item === 'boolean' || typeof item === 'number' && Number.isFinite(item);

/** Not by `map`, which passes over the holes of a sparse array: they are `undefined` as well. */
function encodeArray(value: readonly unknown[], depth: number, path: (string | number)[], tag: boolean): unknown[] {
    const result: unknown[] = [];
    for (let i = 0; i < value.length; i++)
        result.push(encodeChild(value[i], i, depth, path, tag));
    return result;
}

function encodeChild(
    item: unknown, key: string | number, depth: number, path: (string | number)[], tag: boolean
): unknown {
    if (isPlain(item))
        return item;
    path.push(key);
    const encoded = encode(item, depth + 1, path, tag);
    path.pop();
    return encoded;
}

export const isTag = (key: string): boolean => key === BIGINT || key === DATE || key === ESCAPED || key === PERSONAL;

const notEncodable = (path: readonly (string | number)[], why: string): BadRequestError =>
    new BadRequestError(`The value at '${path.join('.') || '(root)'}' can't be stored: ${why}.`, {
        code: 'NOT_ENCODABLE',
        details: {path: [...path]}
    });

/**
 * Turns back what {@link encodeValue} made. It works in place: the input belongs to the caller no longer. Where nothing
 * was tagged, the result is the very same object.
 *
 * @throws WoltageError `PERSONAL_DATA_ENCRYPTED` for what is still encrypted; `PERSONAL_DATA_TAMPERED` where that was found out before
 */
export function decodeValue(value: unknown): unknown {
    if (typeof value !== 'object' || value === null)
        return value;
    if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) {
            const item: unknown = value[i];
            if (typeof item === 'object' && item !== null)
                value[i] = decodeValue(item);
        }
        return value;
    }
    const keys = Object.keys(value);
    const first = keys[0];
    return keys.length === 1 && first !== undefined && isTag(first)
        ? decodeTagged(value as Record<string, unknown>, first)
        : decodeChildren(value as Record<string, unknown>, keys);
}

function decodeTagged(value: Record<string, unknown>, tag: string): unknown {
    const content = value[tag];
    if (tag === BIGINT && typeof content === 'string' && DIGITS.test(content))
        return BigInt(content);
    if (tag === DATE && typeof content === 'number' && Math.abs(content) <= MAX_DATE_MS)
        return new Date(content);
    if (tag === ESCAPED && typeof content === 'object' && content !== null)
        return decodeChildren(content as Record<string, unknown>, Object.keys(content));
    if (tag === PERSONAL)
        throw content instanceof Error ? content : stillEncrypted();
    return decodeChildren(value, [tag]);
}

const stillEncrypted = (): WoltageError => new WoltageError('A field is encrypted, and nobody has decrypted it: no event class here has personal fields. '
    + 'Add the class that it belongs to, with its field marked `personal()`.', 500, {code: 'PERSONAL_DATA_ENCRYPTED'});

function decodeChildren(value: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
    for (const key of keys) {
        const item = value[key];
        if (typeof item === 'object' && item !== null)
            setOwn(value, key, decodeValue(item));
    }
    return value;
}

/** Encodes a value as JSON text without loss, see {@link encodeValue}. */
export const encodeJson = (value: unknown): string => JSON.stringify(isFlat(value) ? value : encodeValue(value));

/** An object of texts, numbers and booleans, as most rows are: it needs no copy to become JSON. */
function isFlat(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype || 'toJSON' in value)
        return false;
    for (const key in value) {
        if (!Object.hasOwn(value, key) || key.startsWith('$') || !isPlain((value as Record<string, unknown>)[key]))
            return false;
    }
    return true;
}

/** Decodes text made by {@link encodeJson}. A look at the text tells whether anything in it is tagged. */
export function decodeJson(text: string): unknown {
    const value: unknown = JSON.parse(text);
    return text.includes('{"$') ? decodeValue(value) : value;
}
