/** What kind of values a field holds, and so what column it gets. */
export type Kind = 'text' | 'double' | 'bigint' | 'boolean' | 'timestamp' | 'json' | 'mixed';

/** What a schema tells of a field. */
export interface FieldKind {
    readonly kind: Kind;
    readonly isNullable: boolean;
    readonly isOptional: boolean;
}

/** The definition of a Zod schema, as far as it is looked at. */
interface Definition {
    readonly type: string;
    readonly innerType?: unknown;
    readonly out?: unknown;
    readonly options?: readonly unknown[];
    readonly values?: readonly unknown[];
    readonly entries?: Readonly<Record<string, unknown>>;
}

const KINDS: ReadonlyMap<string, Kind> = new Map([
    ['string', 'text'], ['template_literal', 'text'], ['number', 'double'], ['bigint', 'bigint'], ['boolean', 'boolean'], ['date', 'timestamp'],
    ['object', 'json'], ['array', 'json'], ['tuple', 'json'], ['record', 'json']
]);
const TRANSPARENT: ReadonlySet<string> = new Set(['default', 'prefault', 'catch', 'readonly', 'nonoptional', 'success']);

const plain = (kind: Kind): FieldKind => ({kind, isNullable: false, isOptional: false});
const MIXED = plain('mixed');

/** The kind of a field by its Zod schema; `mixed` where the schema doesn't tell, or allows values of several kinds. */
export function kindOfSchema(schema: unknown): FieldKind {
    const definition = definitionOf(schema);
    return definition === undefined ? MIXED : kindOfDefinition(definition);
}

function kindOfDefinition(definition: Definition): FieldKind {
    const {type} = definition;
    const kind = KINDS.get(type);
    if (kind !== undefined)
        return plain(kind);
    if (TRANSPARENT.has(type))
        return {...kindOfSchema(definition.innerType), isOptional: false};
    switch (type) {
        case 'optional':
            return {...kindOfSchema(definition.innerType), isOptional: true};
        case 'nullable':
            return {...kindOfSchema(definition.innerType), isNullable: true};
        case 'pipe':
            return kindOfSchema(definition.out);
        case 'union':
            return inCommon((definition.options ?? []).map(option => isNothing(option) ? kindOfNothing(option) : kindOfSchema(option)));
        case 'literal':
            return inCommon((definition.values ?? []).map(kindOfValue));
        case 'enum':
            return inCommon(Object.values(definition.entries ?? {}).map(kindOfValue));
        default:
            return MIXED;
    }
}

/** `undefined` as kind: none that a column would be needed for. */
type Alternative = Omit<FieldKind, 'kind'> & {readonly kind: Kind | undefined};

function inCommon(alternatives: readonly Alternative[]): FieldKind {
    const kinds = new Set(alternatives.map(({kind}) => kind).filter(kind => kind !== undefined));
    const [kind] = kinds;
    return {
        kind: kinds.size === 1 && kind !== undefined ? kind : 'mixed',
        isNullable: alternatives.some(({isNullable}) => isNullable),
        isOptional: alternatives.some(({isOptional}) => isOptional)
    };
}

function kindOfValue(value: unknown): Alternative {
    switch (typeof value) {
        case 'string':
            return plain('text');
        case 'number':
            return plain('double');
        case 'bigint':
        case 'boolean':
            return plain(typeof value as 'bigint' | 'boolean');
        default:
            return {kind: undefined, isNullable: value === null, isOptional: value === undefined};
    }
}

const isNothing = (schema: unknown): boolean => ['null', 'undefined', 'void'].includes(definitionOf(schema)?.type ?? '');
const kindOfNothing = (schema: unknown): Alternative => kindOfValue(definitionOf(schema)?.type === 'null' ? null : undefined);

function definitionOf(schema: unknown): Definition | undefined {
    const definition = (schema as {readonly _zod?: {readonly def?: unknown}} | null | undefined)?._zod?.def;
    return typeof definition === 'object' && definition !== null && 'type' in definition ? definition as Definition : undefined;
}

/** The schemas of the fields of a Zod object; empty for schemas that don't tell. */
export function fieldSchemas(schema: unknown): ReadonlyMap<string, unknown> {
    const shape = (schema as {readonly shape?: unknown} | undefined)?.shape;
    return new Map(typeof shape === 'object' && shape !== null ? Object.entries(shape) : []);
}
