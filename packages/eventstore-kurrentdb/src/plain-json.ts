import {BadRequestError, type JsonValue} from 'woltage';

const MAX_DEPTH = 500;

/**
 * Deep copy of a value that JSON can hold. Properties whose value is `undefined` are left out.
 *
 * @param name What the path in a message begins with
 * @throws BadRequestError `NOT_ENCODABLE` with the path: a bigint, NaN, `undefined` in a list and the like would be lost, or change
 */
export const plainJson = (value: unknown, name: string): JsonValue => copy(value, [name]);

function copy(value: unknown, path: (string | number)[]): JsonValue {
    switch (typeof value) {
        case 'string':
        case 'boolean':
            return value;
        case 'number':
            if (Number.isFinite(value))
                return value;
            throw notJson(path, String(value));
        case 'object':
            return value === null ? null : copyObject(value, path);
        default:
            throw notJson(path, value === undefined ? 'undefined' : `a ${typeof value}`);
    }
}

function copyObject(value: object, path: (string | number)[]): JsonValue {
    if (path.length > MAX_DEPTH)
        throw notJson(path.slice(0, 5), 'nested too deeply, or cyclic');
    if (Array.isArray(value))
        return Array.from(value, (item, index) => copyChild(item, index, path));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
        throw notJson(path, `an instance of ${value.constructor?.name ?? 'a class'}`);
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    // Not by assignment, for which `__proto__` would mean something else.
    return Object.fromEntries(entries.map(([key, item]) => [key, copyChild(item, key, path)]));
}

function copyChild(item: unknown, key: string | number, path: (string | number)[]): JsonValue {
    path.push(key);
    const copied = copy(item, path);
    path.pop();
    return copied;
}

const notJson = (path: readonly (string | number)[], what: string): BadRequestError =>
    new BadRequestError(`The value at '${path.join('.')}' is ${what}, which JSON can't hold.`, {code: 'NOT_ENCODABLE', details: {path: [...path]}});
