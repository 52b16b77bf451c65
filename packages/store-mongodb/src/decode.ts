import type {Document} from 'mongodb';
import {decodeJson, type Row} from 'woltage';
import {ARRAY, BIGINT, JSON_TEXT, TEXT} from './encode.ts';
import {fromFieldName} from './field-name.ts';

/** Turns back what `encodeRow` made; what only a native command writes is left as it is. */
export function decodeRow(document: Document): Row {
    const row: Record<string, unknown> = {};
    for (const name of Object.keys(document)) {
        if (name !== '_id' && name !== '_w')
            setOwn(row, fromFieldName(name), decode(document[name]));
    }
    return row;
}

function decode(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Date)
        return value;
    if (Array.isArray(value))
        return value.map(decode);
    if (Object.getPrototypeOf(value) !== Object.prototype)
        return value;
    const names = Object.keys(value);
    const document = value as Document;
    return names.length === 1 && names[0]?.startsWith('%') === true ? decodeWrapped(document, names[0]) : decodeDocument(document, names);
}

function decodeWrapped(document: Document, name: string): unknown {
    const content: unknown = document[name];
    switch (name) {
        case TEXT:
            return JSON.parse(content as string);
        case BIGINT:
            return BigInt(content as string);
        case ARRAY:
            return decode(content);
        case JSON_TEXT:
            return decodeJson(content as string);
        default:
            return decodeDocument(document, [name]);
    }
}

function decodeDocument(document: Document, names: readonly string[]): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const name of names)
        setOwn(result, fromFieldName(name), decode(document[name]));
    return result;
}

function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
    if (name === '__proto__')
        Object.defineProperty(target, name, {value, writable: true, enumerable: true, configurable: true});
    else
        target[name] = value;
}
