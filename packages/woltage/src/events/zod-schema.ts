import type {StandardSchema} from '../shared/standard-schema.ts';

/** What is looked at in a Zod schema: its definition, which every copy of Zod 4 has. */
interface ZodSchema extends StandardSchema {
    readonly _zod: {readonly def: ZodDefinition};
    readonly meta?: () => unknown;
}

type ZodDefinition = Readonly<Record<string, unknown>> & {readonly type: string};

const isZod = (value: unknown): value is ZodSchema =>
    (typeof value === 'object' || typeof value === 'function') && value !== null && '_zod' in value && '~standard' in value;

const WRAPPERS = new Set(['optional', 'nullable', 'default', 'prefault', 'nonoptional', 'readonly']);
const CHILDREN = ['innerType', 'element', 'options', 'items', 'rest', 'left', 'right', 'keyType', 'valueType', 'in', 'out', 'catchall'];

/** The schema within optional(), default() and their like, and every layer on the way there, from the outside in. */
function* layers(schema: StandardSchema | undefined): Generator<ZodSchema> {
    for (let layer: unknown = schema; isZod(layer); layer = inside(layer._zod.def))
        yield layer;
}

function inside(def: ZodDefinition): unknown {
    if (def.type === 'lazy')
        return (def['getter'] as () => unknown)();
    return WRAPPERS.has(def.type) ? def['innerType'] : undefined;
}

function innermost(schema: StandardSchema | undefined): ZodDefinition | undefined {
    let def: ZodDefinition | undefined;
    for (const layer of layers(schema))
        def = layer._zod.def;
    return def;
}

/** The fields of an object's schema; `undefined` for any other. */
export function fieldsOf(schema: StandardSchema | undefined): Readonly<Record<string, StandardSchema>> | undefined {
    const def = innermost(schema);
    return def?.type === 'object' ? def['shape'] as Record<string, StandardSchema> : undefined;
}

/** The schema of an array's items; `undefined` for any other. */
export function itemsOf(schema: StandardSchema | undefined): StandardSchema | undefined {
    const def = innermost(schema);
    return def?.type === 'array' ? def['element'] as StandardSchema : undefined;
}

/** What an object's schema says of fields that it doesn't list; `undefined` where it leaves them out. */
export function catchallOf(schema: StandardSchema): StandardSchema | undefined {
    return innermost(schema)?.['catchall'] as StandardSchema | undefined;
}

/** What a field was called before: `z.string().meta({renamedFrom: 'title'})`, one name or several. */
export function fieldNamesBefore(schema: StandardSchema): readonly string[] {
    for (const layer of layers(schema)) {
        const {renamedFrom} = (layer.meta?.() ?? {}) as {readonly renamedFrom?: unknown};
        if (typeof renamedFrom === 'string')
            return [renamedFrom];
        if (Array.isArray(renamedFrom))
            return renamedFrom.filter(name => typeof name === 'string');
    }
    return [];
}

export interface SchemaTraits {
    /** It is Zod's, and what it makes of a value it takes for valid as well: nothing in it transforms, coerces or catches. */
    readonly isPlain: boolean;
    readonly hasRenames: boolean;
    /** A default in it differs from call to call: a time, or a random id. */
    readonly hasUnstableDefault: boolean;
}

/** Looks a schema through. Where it has defaults, that takes some ms. */
export function traitsOf(schema: StandardSchema): SchemaTraits {
    const all = new Set<ZodSchema>();
    collect(schema, all);
    const defs = [...all].map(({_zod}) => _zod.def);
    return {
        isPlain: isZod(schema) && defs.every(isPlain),
        hasRenames: [...all].some(each => fieldNamesBefore(each).length > 0),
        hasUnstableDefault: hasUnstable(defs.filter(({type}) => type === 'default' || type === 'prefault'))
    };
}

function collect(schema: unknown, seen: Set<ZodSchema>): void {
    if (!isZod(schema) || seen.has(schema))
        return;
    seen.add(schema);
    const {def} = schema._zod;
    if (def.type === 'lazy')
        collect(inside(def), seen);
    const children: readonly unknown[] = [...CHILDREN.map(key => def[key]), ...Object.values(def['shape'] ?? {}) as unknown[]];
    for (const child of children.flat())
        collect(child, seen);
}

const TRANSFORMING = new Set(['transform', 'catch', 'success', 'promise', 'function']);

const isPlain = (def: ZodDefinition): boolean =>
    !TRANSFORMING.has(def.type) && def['coerce'] !== true && typeof def['transform'] !== 'function';

/** Asks for each default twice, some ms apart. */
function hasUnstable(defs: readonly ZodDefinition[]): boolean {
    if (defs.length === 0)
        return false;
    const look = (): string => JSON.stringify(defs.map(def => def['defaultValue']), (_key, value: unknown) => typeof value === 'bigint' ? String(value) : value);
    const first = look();
    const began = Date.now();
    while (Date.now() - began < 2)
        continue;
    return look() !== first;
}
