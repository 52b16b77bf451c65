import type {Row} from './table-definition.ts';

/** Compares one field. Several operators must all hold. */
export interface FieldOperators<V> {
    readonly $eq?: V | undefined;
    readonly $ne?: V | undefined;
    readonly $gt?: V | undefined;
    readonly $gte?: V | undefined;
    readonly $lt?: V | undefined;
    readonly $lte?: V | undefined;
    readonly $in?: readonly V[] | undefined;
}

/** Every field named must match: a plain value means equality (deep, for objects and arrays). */
export type Filter<Entry> = {readonly [Field in keyof Entry]?: Entry[Field] | FieldOperators<Entry[Field]> | undefined};

/** Sorts by several fields in turn. Missing and null come first, then by value; ties are settled by the key. */
export type Sort<Entry> = {readonly [Field in keyof Entry]?: 'asc' | 'desc'};

export interface FindOptions<Entry> {
    readonly sort?: Sort<Entry> | undefined;
    /** The greatest number of rows; all by default. */
    readonly limit?: number | undefined;
    /** The last row of the page before: what follows it in the same order is returned. */
    readonly cursor?: Entry | undefined;
}

export type Operator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in';

/** A checked condition, as adapters get it. For `in` the value is an array. `undefined` and null are the same: "not there". */
export interface Condition {
    readonly field: string;
    readonly operator: Operator;
    readonly value: unknown;
}

/** A checked query, as adapters get it. */
export interface StoreQuery {
    readonly where: readonly Condition[];
    /** The order. The key fields always come last in it, so that the order is total. */
    readonly sort: readonly {readonly field: string; readonly descending: boolean}[];
    readonly limit: number | undefined;
    readonly cursor: Row | undefined;
}
