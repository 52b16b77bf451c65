import {BadRequestError, ConfigError} from '../errors/index.ts';
import {encodeJson} from '../shared/json-codec.ts';
import {isStandardSchema} from '../shared/standard-schema.ts';
import type {TableSpec} from './table-access.ts';
import type {Row, TableDefinition, TableDefinitionMap} from './table-definition.ts';

/**
 * Looks through table definitions and refuses what can't work.
 *
 * @throws ConfigError `TABLE_INVALID` that names the table and what to do
 */
export function compileTables(definitions: TableDefinitionMap, owner: string): ReadonlyMap<string, TableSpec> {
    return new Map(Object.entries(definitions).map(([name, definition]) => [name, compileTable(name, definition, owner)]));
}

function compileTable(name: string, definition: TableDefinition, owner: string): TableSpec {
    const fail = (why: string): ConfigError =>
        new ConfigError(`Table '${name}' of ${owner}: ${why}`, {code: 'TABLE_INVALID'});
    if (!/^[A-Za-z][A-Za-z0-9_]{0,47}$/.test(name))
        throw fail('a table name is a letter followed by at most 47 letters, digits or underscores.');
    if (typeof definition !== 'object' || definition === null || !isStandardSchema(definition.key))
        throw fail('it needs a `key`, such as z.object({id: z.string()}).');
    if (definition.schema !== undefined && !isStandardSchema(definition.schema))
        throw fail('its `schema` is not a Zod (or other Standard Schema) object.');

    const keyFields = definition.keyFields ?? fieldNames(definition.key);
    if (keyFields === undefined || !isList(keyFields) || keyFields.length === 0)
        throw fail('the key\'s field names can\'t be told from its schema: add `keyFields: [...]`, or use z.object({...}).');
    const otherFields = definition.schema === undefined ? [] : fieldNames(definition.schema);
    const fields = otherFields === undefined ? undefined : new Set([...keyFields, ...otherFields]);
    const indexes = definition.indexes ?? [];
    const problem = problemOfIndexes(indexes, fields);
    if (problem !== undefined)
        throw fail(problem);
    return {name, definition, keyFields, fields, indexes};
}

function problemOfIndexes(indexes: TableSpec['indexes'], fields: TableSpec['fields']): string | undefined {
    if (!isList(indexes) || !indexes.every(isList))
        return 'its `indexes` must be lists of field names: [[\'userId\'], [\'status\', \'createdAt\']].';
    if (indexes.some(({length}) => length === 0))
        return 'an index needs at least one field.';
    for (const index of indexes) {
        const unknown = index.find(field => fields !== undefined && !fields.has(field));
        if (unknown !== undefined)
            return `its index [${index.join(', ')}] names '${unknown}', which is not a field.`;
    }
    return undefined;
}

/** Not `Array.isArray` itself, which would make `any` of what the types know. */
const isList = (value: unknown): boolean => Array.isArray(value);

/** The field names of a Zod object; `undefined` for schemas that don't tell. */
function fieldNames(schema: object): readonly string[] | undefined {
    if (!('shape' in schema))
        return undefined;
    const {shape} = schema;
    return typeof shape === 'object' && shape !== null ? Object.keys(shape) : undefined;
}

/**
 * The id of a row: its key fields as JSON, in the order of the key's schema. Different keys have different ids.
 *
 * @throws BadRequestError `INVALID_KEY` when a key field is missing or null
 */
export function rowId(spec: TableSpec, key: Row): string {
    const {keyFields} = spec;
    if (keyFields.length === 1) {
        const value = keyValue(spec, key, keyFields[0] as string);
        return typeof value === 'string' ? JSON.stringify(value) : encodeJson(value);
    }
    return encodeJson(keyFields.map(field => keyValue(spec, key, field)));
}

function keyValue(spec: TableSpec, key: Row, field: string): unknown {
    const value = typeof key === 'object' && key !== null && Object.hasOwn(key, field) ? key[field] : undefined;
    if (value === undefined || value === null)
        throw new BadRequestError(`Table '${spec.name}': the key field '${field}' is missing.`, {code: 'INVALID_KEY'});
    return value;
}
