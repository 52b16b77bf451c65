import {EJSON} from 'bson';
import type {Doc} from './wire.ts';

/** The order of BSON's types, as the manual lists it; numbers of all types share one place. */
export const TYPE_RANKS: Readonly<Record<string, number>> = {
    minKey: -1, missing: 0, null: 1, number: 2, string: 3, object: 4, array: 5, binData: 6, objectId: 7, bool: 8, date: 9, timestamp: 10, regex: 11, maxKey: 127
};

const BSON_TYPES: Readonly<Record<string, string>> = {
    ObjectId: 'objectId', Binary: 'binData', Timestamp: 'timestamp', MinKey: 'minKey', MaxKey: 'maxKey', BSONRegExp: 'regex', Decimal128: 'number'
};

/** The bracket of types that a value is compared within. */
export function typeOf(value: unknown): string {
    switch (typeof value) {
        case 'undefined':
            return 'missing';
        case 'number':
        case 'bigint':
            return 'number';
        case 'string':
            return 'string';
        case 'boolean':
            return 'bool';
        default:
            return typeOfObject(value);
    }
}

function typeOfObject(value: unknown): string {
    if (value === null)
        return 'null';
    if (Array.isArray(value))
        return 'array';
    if (value instanceof Date)
        return 'date';
    const {_bsontype: type} = value as {_bsontype?: unknown};
    return typeof type === 'string' ? BSON_TYPES[type] ?? 'object' : 'object';
}

/** The order of values as an index has it, arrays as a whole. */
export function compare(a: unknown, b: unknown): number {
    const [left, right] = [typeOf(a), typeOf(b)];
    if (left !== right)
        return (TYPE_RANKS[left] as number) - (TYPE_RANKS[right] as number);
    switch (left) {
        case 'string':
            return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
        case 'array':
            return compareArrays(a as unknown[], b as unknown[]);
        case 'object':
            return compareObjects(a as Doc, b as Doc);
        case 'missing':
        case 'null':
            return 0;
        default:
            return comparePrimitives(a, b);
    }
}

function comparePrimitives(a: unknown, b: unknown): number {
    const [left, right] = [primitive(a), primitive(b)];
    return left < right ? -1 : left > right ? 1 : 0;
}

const primitive = (value: unknown): number | string => typeof value === 'object' && !(value instanceof Date) ? EJSON.stringify(value) : value as number;

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
        const order = compare(a[i], b[i]);
        if (order !== 0)
            return order;
    }
    return a.length - b.length;
}

function compareObjects(a: Doc, b: Doc): number {
    const [left, right] = [Object.entries(a), Object.entries(b)];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
        const [[name, value], [otherName, otherValue]] = [left[i] as [string, unknown], right[i] as [string, unknown]];
        const order = (TYPE_RANKS[typeOf(value)] as number) - (TYPE_RANKS[typeOf(otherValue)] as number)
            || Buffer.compare(Buffer.from(name), Buffer.from(otherName)) || compare(value, otherValue);
        if (order !== 0)
            return order;
    }
    return left.length - right.length;
}

/** What a field sorts by: of an array, its least element, or its greatest. */
function sortValue(value: unknown, descending: boolean): unknown {
    if (!Array.isArray(value))
        return value ?? null;
    const sorted = [...value as unknown[]].sort(compare);
    // An empty array comes before null.
    return descending ? sorted.at(-1) : sorted[0];
}

/** Orders documents by a specification such as `{a: 1, b: -1}`. */
export function bySort(sort: Doc): (a: Doc, b: Doc) => number {
    const fields = Object.entries(sort).map(([path, direction]) => ({path, descending: Number(direction) < 0}));
    return (a, b) => {
        for (const {path, descending} of fields) {
            const order = compare(sortValue(valueAt(a, path), descending), sortValue(valueAt(b, path), descending));
            if (order !== 0)
                return descending ? -order : order;
        }
        return 0;
    };
}

/** What stands at a dotted path; arrays on the way aren't looked into. */
export const valueAt = (doc: unknown, path: string): unknown => path.split('.').reduce((value, name) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Doc)[name] : undefined, doc);
