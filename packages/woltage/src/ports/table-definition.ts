import type {InferOutput, StandardSchema} from '../shared/standard-schema.ts';

/** One table of a projector: what identifies a row, and what else a row holds. */
export interface TableDefinition {
    /** The schema of the key fields: a Zod object, or another Standard Schema together with `keyFields`. */
    readonly key: StandardSchema<unknown, object>;
    /** The schema of the other fields. */
    readonly schema?: StandardSchema<unknown, object>;
    /** Fields to index, for fast `find`, `sort` and `count`: `[['userId'], ['status', 'createdAt']]`. */
    readonly indexes?: readonly (readonly string[])[];
    /** Names of the key fields, needed only where `key` is not a Zod object. */
    readonly keyFields?: readonly string[];
}

/** The `static schema` of a projector: its tables by name. */
export type TableDefinitionMap = Readonly<Record<string, TableDefinition>>;

/** Fields that identify a row. */
export type TableKey<D extends TableDefinition> = InferOutput<D['key']>;

/** The fields of a row beside its key. */
export type TableValues<D extends TableDefinition> = D extends {readonly schema: infer S extends StandardSchema} ? InferOutput<S> : object;

/** A whole row. */
export type TableEntry<D extends TableDefinition> = Flat<TableKey<D> & TableValues<D>>;

type Flat<T> = {[Field in keyof T]: T[Field]};

/** Any row, as adapters see it. Values: JSON, bigint and Date, nested as deep as needed. */
export type Row = Readonly<Record<string, unknown>>;
