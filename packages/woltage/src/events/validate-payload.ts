import {isErased} from '../shared/erased.ts';
import {setOwn} from '../shared/data.ts';
import type {SchemaResult, StandardSchema} from '../shared/standard-schema.ts';
import {catchallOf, fieldsOf, itemsOf} from './zod-schema.ts';

type Issues = Extract<SchemaResult<unknown>, {readonly issues: readonly unknown[]}>['issues'];
type Result = SchemaResult<unknown> | Promise<SchemaResult<unknown>>;

/**
 * Validates a payload that may have erased fields: they pass as what they are, wherever they stand in objects and lists, and all else is validated field by field. Checks of an object as a whole
 * can't be made then.
 */
export function validatePayload(schema: StandardSchema, payload: unknown): Result {
    if (!hasErased(payload))
        return schema['~standard'].validate(payload);
    if (isErased(payload))
        return {value: payload};
    const items = itemsOf(schema);
    if (Array.isArray(payload) && items !== undefined)
        return merge(payload.map((item, i): [number, Result] => [i, validatePayload(items, item)]), []);
    const fields = fieldsOf(schema);
    return Array.isArray(payload) || fields === undefined ? {issues: [{message: 'personal data that was erased stands in a schema that isn\'t one of objects and lists'}]}
        : validateFields(schema, fields, payload as Record<string, unknown>);
}

function validateFields(schema: StandardSchema, fields: Readonly<Record<string, StandardSchema>>, payload: Record<string, unknown>): Result {
    const known = Object.entries(fields).map(([key, field]): [string, Result] => [key, validatePayload(field, Object.hasOwn(payload, key) ? payload[key] : undefined)]);
    const catchall = catchallOf(schema);
    const others = catchall === undefined ? [] : Object.keys(payload).filter(key => !Object.hasOwn(fields, key))
        .map((key): [string, Result] => [key, validatePayload(catchall, payload[key])]);
    return merge([...known, ...others], {});
}

/** One result of many. */
function merge(parts: readonly (readonly [string | number, Result])[], value: object): Result {
    const issues: Issues[number][] = [];
    for (const [key, result] of parts) {
        if (result instanceof Promise) {
            result.catch(() => undefined);
            return result;
        }
        if (result.issues !== undefined)
            issues.push(...result.issues.map(({message, path = []}) => ({message, path: [key, ...path]})));
        else if (result.value !== undefined)
            setOwn(value as Record<string, unknown>, String(key), result.value);
    }
    return issues.length > 0 ? {issues} : {value};
}

function hasErased(value: unknown): boolean {
    if (typeof value !== 'object' || value === null)
        return false;
    return isErased(value) || (Array.isArray(value) ? value : Object.values(value)).some(hasErased);
}
