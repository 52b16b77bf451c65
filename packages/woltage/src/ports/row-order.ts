import type {StoreQuery} from './query.ts';
import type {Row} from './table-definition.ts';

type Kind = 'none' | 'boolean' | 'number' | 'date' | 'string' | 'other';
const RANK: Readonly<Record<Kind, number>> = {none: 0, boolean: 1, number: 2, date: 3, string: 4, other: 5};

/** What a value can be compared with: only values of one kind have an order between them. */
export function kindOf(value: unknown): Kind {
    switch (typeof value) {
        case 'string':
            return 'string';
        case 'number':
        case 'bigint':
            return 'number';
        case 'boolean':
            return 'boolean';
        default:
            return value === undefined || value === null ? 'none' : value instanceof Date ? 'date' : 'other';
    }
}

/** Orders two values: missing and null first, then by value. Objects and arrays have no order between them. */
export function compareValues(a: unknown, b: unknown): number {
    const kind = kindOf(a);
    const other = kindOf(b);
    if (kind !== other)
        return RANK[kind] - RANK[other];
    switch (kind) {
        case 'string':
            return compareStrings(a as string, b as string);
        case 'none':
        case 'other':
            return 0;
        default: {
            const left = a as number;
            const right = b as number;
            return left < right ? -1 : left > right ? 1 : 0;
        }
    }
}

/** By Unicode code points, which is the order of the bytes of UTF-8; JavaScript's own order differs beyond the first plane. */
function compareStrings(a: string, b: string): number {
    if (a === b)
        return 0;
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) {
        const left = a.charCodeAt(i);
        const right = b.charCodeAt(i);
        if (left !== right)
            return codeUnitRank(left) - codeUnitRank(right);
    }
    return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
const codeUnitRank = (unit: number): number => unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;

/** The order of a query: its sort fields in turn. */
export function compareRows(sort: StoreQuery['sort']): (a: Row, b: Row) => number {
    return (a, b) => {
        for (const {field, descending} of sort) {
            const order = compareValues(ownValue(a, field), ownValue(b, field));
            if (order !== 0)
                return descending ? -order : order;
        }
        return 0;
    };
}

/** What a row has under a name; nothing that it inherits, such as a `constructor`. */
const ownValue = (row: Row, field: string): unknown => Object.hasOwn(row, field) ? row[field] : undefined;
