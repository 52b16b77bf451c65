import type {Condition, StoreQuery} from './query.ts';
import type {TableSpec} from './table-access.ts';
import type {Row} from './table-definition.ts';
import {rowId} from './table-spec.ts';

/** The ids of the only rows that can match, where the conditions name the whole key; `undefined` where they don't. */
export function idsOf(spec: TableSpec, where: StoreQuery['where']): string[] | undefined {
    let keys: Row[] = [{}];
    for (const field of spec.keyFields) {
        const values = namedValues(where.filter(condition => condition.field === field), keys.length === 1);
        if (values === undefined)
            return undefined;
        keys = keys.flatMap(key => values.map(value => ({...key, [field]: value})));
    }
    return [...new Set(keys.map(key => rowId(spec, key)))];
}

function namedValues(conditions: readonly Condition[], mayBeSeveral: boolean): readonly unknown[] | undefined {
    const condition = conditions.find(({operator}) => operator === 'eq') ?? (mayBeSeveral ? conditions.find(({operator}) => operator === 'in') : undefined);
    if (condition === undefined)
        return undefined;
    const values = condition.operator === 'in' ? condition.value as readonly unknown[] : [condition.value];
    // No row has a key without a value.
    const present = values.filter(value => value !== undefined && value !== null);
    return present.every(isAddress) ? present : undefined;
}

/** Objects that are equal can have different ids: by the order of their fields. */
const isAddress = (value: unknown): boolean => typeof value !== 'object' || value instanceof Date;
