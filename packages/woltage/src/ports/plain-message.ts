import type {JsonValue} from '../shared/json-codec.ts';
import {checkMessage, invalidMessage, messageProblem} from './check-message.ts';
import type {OutgoingMessage, TopicMessage} from './message-broker.ts';

/** A message with a value of any kind: it is sent as JSON, unless it is text, bytes or null. */
export type PlainMessage = Omit<OutgoingMessage, 'value'> & {readonly value: unknown};

const KEYS = new Set(['key', 'value', 'headers', 'partition']);
const MAX_DEPTH = 200;

/**
 * A message as a broker takes it. Values other than text, bytes and null become JSON as other systems read it: a Date is ISO text, properties that are `undefined` are left out.
 *
 * @throws BadRequestError `INVALID_MESSAGE` for what JSON can't hold without loss (bigint, NaN, class instances, functions), and where topic, key or headers are none
 */
export function toPlainMessage(topic: string, publication: PlainMessage): TopicMessage {
    if (typeof publication !== 'object' || publication === null)
        throw invalidMessage(`publish takes a topic and a message: publish('${topic}', {key, value, headers}).`);
    const unknown = Object.keys(publication).find(name => !KEYS.has(name));
    if (unknown !== undefined)
        throw invalidMessage(`A message for '${topic}': '${unknown}' is none of its properties (${[...KEYS].join(', ')}).`);
    const problem = messageProblem(publication);
    if (problem !== undefined)
        throw invalidMessage(`A message for '${topic}': ${problem}`);
    const {key, headers, partition, value} = publication;
    const message: TopicMessage = {topic, key, headers, partition, value: toText(topic, value)};
    checkMessage(message);
    return message;
}

function toText(topic: string, value: unknown): Uint8Array | string | null {
    if (typeof value === 'string' || value === null || value instanceof Uint8Array)
        return value;
    if (value === undefined)
        throw invalidMessage(`A message for '${topic}' needs a value; null is one that deletes its key in a compacted topic.`);
    return JSON.stringify(toJson(topic, value, []));
}

/** Not `JSON.stringify` alone, which turns NaN into null and drops functions without a word. */
function toJson(topic: string, value: unknown, path: readonly (string | number)[]): JsonValue {
    if (typeof value === 'string' || typeof value === 'boolean' || value === null || typeof value === 'number' && Number.isFinite(value))
        return value;
    if (value instanceof Date && !Number.isNaN(value.getTime()))
        return value.toISOString();
    const problem = jsonProblem(value, path.length);
    if (problem !== undefined)
        throw invalidMessage(`A message for '${topic}': its value${path.slice(0, 5).map(part => `[${JSON.stringify(part)}]`).join('')} can't be sent as JSON: ${problem}.`);
    // Array.from, for the holes that `map` passes over.
    if (Array.isArray(value))
        return Array.from(value as readonly unknown[], (item, index) => toJson(topic, item, [...path, index]));
    return Object.fromEntries(Object.entries(value as object).filter(([, item]) => item !== undefined).map(([name, item]) => [name, toJson(topic, item, [...path, name])]));
}

function jsonProblem(value: unknown, depth: number): string | undefined {
    if (typeof value === 'bigint')
        return 'a bigint has no JSON form, send it as text';
    if (typeof value !== 'object' || value === null)
        return `${typeof value === 'number' ? value : typeof value} has no JSON form`;
    if (value instanceof Date)
        return 'it is an invalid Date';
    if (depth >= MAX_DEPTH)
        return `it is nested deeper than ${MAX_DEPTH} levels, or cyclic`;
    const prototype: unknown = Object.getPrototypeOf(value);
    return Array.isArray(value) || prototype === Object.prototype || prototype === null ? undefined : `an instance of ${value.constructor?.name ?? 'a class'} is not plain data`;
}
