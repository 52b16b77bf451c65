import {Double, type Document} from 'mongodb';
import {encodeJson, encodeValue, type Row} from 'woltage';
import {toFieldName, toTopFieldName} from './field-name.ts';
import {isWellFormed} from './text.ts';

/*
 * What BSON has no place for is written as a document with one field. No field of a row can have such a name in MongoDB, for a `%` in a name is escaped.
 */
export const TEXT = '%text';
export const BIGINT = '%bigint';
export const ARRAY = '%array';
export const JSON_TEXT = '%json';

const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;
/** MongoDB nests documents 100 deep. */
const MAX_DEPTH = 80;

export const isLong = (value: bigint): boolean => value >= MIN_LONG && value <= MAX_LONG;

/**
 * A row as MongoDB keeps it, without its `_id`.
 *
 * @param wrapsArrays Whether arrays at the top are hidden from MongoDB, which can't index two of them together
 * @throws BadRequestError `NOT_ENCODABLE`
 */
export function encodeRow(row: Row, wrapsArrays = false): Document {
    const document: Document = {};
    for (const name of Object.keys(row)) {
        const value = row[name];
        if (value === undefined)
            continue;
        const encoded = encode(value, 1, row);
        document[toTopFieldName(name)] = wrapsArrays && Array.isArray(encoded) ? {[ARRAY]: encoded as unknown[]} : encoded;
    }
    return document;
}

/** A value as it is kept. @throws BadRequestError `NOT_ENCODABLE` */
export const encodeField = (value: unknown): unknown => encode(value, 1, value);

function encode(value: unknown, depth: number, whole: unknown): unknown {
    switch (typeof value) {
        case 'string':
            return isWellFormed(value) ? value : {[TEXT]: JSON.stringify(value)};
        case 'number':
            // Always a double: an integer of BSON grows into a Long, which is a bigint.
            return Number.isFinite(value) ? new Double(value) : refuse(whole);
        case 'bigint':
            return isLong(value) ? value : {[BIGINT]: value.toString()};
        case 'boolean':
            return value;
        case 'object':
            return value === null ? null : encodeObject(value, depth, whole);
        default:
            return refuse(whole);
    }
}

function encodeObject(value: object, depth: number, whole: unknown): unknown {
    if (value instanceof Date)
        return Number.isNaN(value.getTime()) ? refuse(whole) : value;
    if (depth > MAX_DEPTH)
        return {[JSON_TEXT]: encodeJson(value)};
    if (Array.isArray(value))
        return Array.from(value, item => encode(item, depth + 1, whole));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
        return refuse(whole);
    const document: Document = {};
    for (const name of Object.keys(value)) {
        const item = (value as Record<string, unknown>)[name];
        if (item !== undefined)
            document[toFieldName(name)] = encode(item, depth + 1, whole);
    }
    return document;
}

/** Core says what is wrong, and where. */
function refuse(whole: unknown): never {
    encodeValue(whole);
    throw new TypeError('A value can\'t be stored.');
}
