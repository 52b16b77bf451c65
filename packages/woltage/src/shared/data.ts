/** A class instance, function or symbol among data that must be plain. */
const isPlainObject = (value: object): boolean => {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
};

/** Sets a property even when its name is `__proto__`, which plain assignment would take for the prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
    if (key === '__proto__')
        Object.defineProperty(target, key, {value, writable: true, enumerable: true, configurable: true});
    else
        target[key] = value;
}

/** Thrown (as a value, cheaply) by {@link cloneData} for what it can't copy faithfully. */
export class NotCloneable extends TypeError {}

/**
 * Deep copy of plain data: primitives, arrays, plain objects, `Date`, `Map`, `Set`. Several times faster than
 * `structuredClone` for the small states and rows that it is made for.
 *
 * @throws NotCloneable for class instances, functions, cycles and other things that are not plain data.
 */
export function cloneData<T>(value: T): T {
    return clone(value, 0) as T;
}

/** A copy of a value; `undefined` when it isn't plain data. */
export function tryClone<T>(value: T): {readonly copy: T} | undefined {
    try {
        return {copy: cloneData(value)};
    } catch (error) {
        if (error instanceof NotCloneable)
            return undefined;
        throw error;
    }
}

/** A copy of what is plain data, else the very same. */
export const copyIfPlain = <T>(value: T): T => (tryClone(value) ?? {copy: value}).copy;

const MAX_DEPTH = 500;

function clone(value: unknown, depth: number): unknown {
    if (typeof value === 'function' || typeof value === 'symbol')
        throw new NotCloneable(`A ${typeof value} is not plain data.`);
    if (typeof value !== 'object' || value === null)
        return value;
    if (depth > MAX_DEPTH)
        throw new NotCloneable(`Nested deeper than ${MAX_DEPTH} levels, or cyclic.`);
    if (Array.isArray(value)) {
        const length = value.length;
        const copy = new Array<unknown>(length);
        for (let i = 0; i < length; i++)
            copy[i] = clone(value[i], depth + 1);
        return copy;
    }
    if (isPlainObject(value))
        return clonePlain(value as Record<string, unknown>, depth);
    if (value instanceof Date)
        return new Date(value.getTime());
    if (value instanceof Map)
        return new Map(Array.from(value as Map<unknown, unknown>, ([k, v]) => [clone(k, depth + 1), clone(v, depth + 1)]));
    if (value instanceof Set)
        return new Set(Array.from(value as Set<unknown>, item => clone(item, depth + 1)));
    throw new NotCloneable(`An instance of ${value.constructor?.name ?? 'an unknown class'} is not plain data.`);
}

function clonePlain(value: Record<string, unknown>, depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    // Not Object.keys, which makes an array each time.
    for (const key in value) {
        if (!Object.hasOwn(value, key))
            continue;
        const item = value[key];
        const copied = typeof item === 'object' && item !== null || typeof item === 'function' || typeof item === 'symbol'
            ? clone(item, depth + 1)
            : item;
        if (key === '__proto__')
            setOwn(copy, key, copied);
        else
            copy[key] = copied;
    }
    return copy;
}

/** A rough estimate of what a value occupies in memory, in bytes: it bounds caches, no more. */
export function roughSize(value: unknown): number {
    if (typeof value === 'string')
        return 16 + value.length * 2;
    if (typeof value !== 'object' || value === null)
        return 8;
    let size = 32;
    if (Array.isArray(value)) {
        for (const item of value)
            size += 8 + roughSize(item);
    } else if (value instanceof Map) {
        for (const [k, v] of value)
            size += 16 + roughSize(k) + roughSize(v);
    } else if (value instanceof Set) {
        for (const item of value)
            size += 16 + roughSize(item);
    } else {
        for (const key in value)
            size += 16 + roughSize((value as Record<string, unknown>)[key]);
    }
    return size;
}
