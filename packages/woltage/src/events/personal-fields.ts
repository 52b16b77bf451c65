import {isMarked, isZodSchema, type ZodSchema} from './personal.ts';

/** Properties of definitions under which schemas stand that describe the very same value. */
const SAME = ['innerType', 'options', 'left', 'right', 'in', 'out'] as const;
/** Those of its parts. */
const PARTS = ['element', 'items', 'rest', 'valueType', 'catchall'] as const;

/** A schema with more parts makes new ones without end: nobody can say that it has nothing personal. */
const MOST_SCHEMAS = 10_000;

const schemasIn = (value: unknown): ZodSchema[] => (Array.isArray(value) ? value as unknown[] : [value]).filter(isZodSchema);

/** The schema with all those that describe the same value: what it wraps, the members of a union, both ends of a pipe. */
function sameValue(schemas: readonly ZodSchema[]): ZodSchema[] {
    const all = new Set(schemas);
    for (const {_zod: {def, innerType}} of all) {
        // Zod makes what a lazy schema stands for once.
        const inner = def.type === 'lazy' ? [innerType] : SAME.flatMap(property => def[property]);
        for (const schema of schemasIn(inner.flat()))
            all.add(schema);
    }
    return [...all];
}

const shapeOf = ({_zod: {def}}: ZodSchema): Readonly<Record<string, unknown>> => (def['shape'] ?? {}) as Readonly<Record<string, unknown>>;

/** Where the personal data of a value is, by its schema. Of what may have several schemas, each counts: rather too much is personal than too little. */
export class PersonalFields {
    readonly #schemas: readonly ZodSchema[];
    readonly #named = new Map<string, PersonalFields>();
    #others: PersonalFields | undefined;
    /** Whether the value as a whole is personal. */
    readonly isPersonal: boolean;

    /** @param schema A Zod schema; anything else has no personal fields */
    constructor(schema: unknown) {
        this.#schemas = sameValue(schemasIn(schema));
        this.isPersonal = this.#schemas.some(isMarked);
    }

    /** Whether there is anything personal in the value, at any depth. */
    get isSensitive(): boolean {
        const all = new Set(this.#schemas);
        for (const schema of all) {
            if (isMarked(schema) || all.size > MOST_SCHEMAS)
                return true;
            for (const part of sameValue([...Object.values(shapeOf(schema)), ...PARTS.map(property => schema._zod.def[property])].flatMap(schemasIn)))
                all.add(part);
        }
        return false;
    }

    /** The fields of a property, or of an element. */
    at(key: string | number): PersonalFields {
        if (!this.#schemas.some(schema => hasOwnPlace(schema, key)))
            return this.#others ??= new PersonalFields(this.#schemas.flatMap(schema => ['element', 'rest', 'valueType', 'catchall'].map(property => schema._zod.def[property])));
        const name = String(key);
        let fields = this.#named.get(name);
        if (fields === undefined)
            this.#named.set(name, fields = new PersonalFields(this.#schemas.flatMap(schema => placesOf(schema, key))));
        return fields;
    }
}

const itemsOf = ({_zod: {def}}: ZodSchema): readonly unknown[] => Array.isArray(def['items']) ? def['items'] as unknown[] : [];

const hasOwnPlace = (schema: ZodSchema, key: string | number): boolean =>
    Object.hasOwn(shapeOf(schema), key) || typeof key === 'number' && key < itemsOf(schema).length;

function placesOf(schema: ZodSchema, key: string | number): unknown[] {
    const {def} = schema._zod;
    const own = Object.hasOwn(shapeOf(schema), key) ? shapeOf(schema)[key] : typeof key === 'number' ? itemsOf(schema)[key] : undefined;
    return own === undefined ? [def['element'], def['rest'], def['valueType'], def['catchall']] : [own];
}
