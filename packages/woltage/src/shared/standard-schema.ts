/** The Standard Schema interface, version 1 (https://standardschema.dev): Zod, Valibot, ArkType and others implement it. */
export interface StandardSchema<Input = unknown, Output = Input> {
    readonly '~standard': StandardSchemaProps<Input, Output>;
}

interface StandardSchemaProps<Input, Output> {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: {readonly input: Input; readonly output: Output} | undefined;
}

export type SchemaResult<Output> =
    | {readonly value: Output; readonly issues?: undefined}
    | {readonly issues: readonly SchemaIssue[]};

interface SchemaIssue {
    readonly message: string;
    readonly path?: readonly (PropertyKey | {readonly key: PropertyKey})[] | undefined;
}

/** What a schema accepts. */
export type InferInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input'];

/** What a schema makes of what it accepts. */
export type InferOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output'];

export function isStandardSchema(value: unknown): value is StandardSchema {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
        return false;
    const props = value['~standard'];
    return typeof props === 'object' && props !== null && 'validate' in props && typeof props.validate === 'function';
}
