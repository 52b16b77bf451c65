import {ConfigError} from '../errors/index.ts';
import type {StandardSchema} from '../shared/standard-schema.ts';

/** In a schema's definition, which everything that is derived from the schema inherits. Shared by copies of the package. */
const PERSONAL = Symbol.for('woltage.personal');

/** What is needed of a Zod schema. */
export interface ZodSchema {
    readonly _zod: {readonly def: ZodDefinition; readonly innerType?: unknown};
    clone(def: ZodDefinition, options: {readonly parent: boolean}): this;
}

export interface ZodDefinition {
    readonly type: string;
    readonly [PERSONAL]?: true;
    readonly [property: string]: unknown;
}

export const isZodSchema = (schema: unknown): schema is ZodSchema =>
    typeof schema === 'object' && schema !== null && '_zod' in schema && typeof (schema as Partial<ZodSchema>)._zod?.def?.type === 'string';

/** Whether the schema itself is marked; not what is inside. */
export const isMarked = ({_zod: {def}}: ZodSchema): boolean => def[PERSONAL] === true;

/**
 * Marks a field of an event's schema as personal: it is encrypted before the event is recorded, under a key of the one it is about, and reads as `Erased` once
 * `woltage.forget(subject)` has destroyed the key. The subject is the event's aggregate id, unless the class has a `static subject`. What is checked and how it is
 * typed stays the same; schemas that are derived from it (optional, with defaults, with further checks) are marked as well.
 *
 * @param schema A Zod schema, of a field at any depth, an element or the whole payload
 * @example
 * const schema = z.object({userId: z.string(), name: personal(z.string()), address: personal(z.object({city: z.string()})).optional()});
 * @throws ConfigError `PERSONAL_INVALID` for other than Zod schemas
 */
export function personal<S extends StandardSchema>(schema: S): S {
    if (!isZodSchema(schema) || typeof schema.clone !== 'function')
        throw new ConfigError('personal() takes a Zod schema: personal(z.string()).', {code: 'PERSONAL_INVALID'});
    return schema.clone({...schema._zod.def, [PERSONAL]: true}, {parent: true});
}
