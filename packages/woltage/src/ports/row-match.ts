import {compareValues, kindOf} from './row-order.ts';
import type {Condition} from './query.ts';
import type {Row} from './table-definition.ts';

/** Whether a row meets every condition: the meaning of `find`, which every store shares. */
export function matches(row: Row, where: readonly Condition[]): boolean {
    return where.every(({field, operator, value}) => {
        const actual = Object.hasOwn(row, field) ? row[field] : undefined;
        switch (operator) {
            case 'eq':
                return sameValue(actual, value);
            case 'ne':
                return !sameValue(actual, value);
            case 'in':
                return (value as readonly unknown[]).some(item => sameValue(actual, item));
            default:
                return kindOf(actual) === kindOf(value) && inRange(operator, compareValues(actual, value));
        }
    });
}

function inRange(operator: 'gt' | 'gte' | 'lt' | 'lte', order: number): boolean {
    switch (operator) {
        case 'gt':
            return order > 0;
        case 'gte':
            return order >= 0;
        case 'lt':
            return order < 0;
        case 'lte':
            return order <= 0;
    }
}

/** Deep equality of data; `undefined` and null are the same: "not there". A bigint is never a number. */
export function sameValue(a: unknown, b: unknown): boolean {
    if (a === b || (a ?? null) === (b ?? null))
        return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
        return false;
    if (a instanceof Date || b instanceof Date)
        return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
    if (Array.isArray(a) || Array.isArray(b))
        return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
    const left = definedEntries(a);
    return left.length === definedEntries(b).length
        && left.every(([key, value]) => Object.hasOwn(b, key) && sameValue(value, (b as Row)[key]));
}

const definedEntries = (value: object): [string, unknown][] => Object.entries(value).filter(([, item]) => item !== undefined);
