import type {Row, StoreQuery} from 'woltage';
import {isApproximate, sortExpression, sortValue} from './sortable.ts';
import type {Clause} from './where.ts';

/** A part of what follows a cursor: the parts one after the other are the whole of it, each a single range of an index. */
export interface Segment {
    readonly clauses: readonly Clause[];
    /** The rest of the order: what comes before is the same for all rows of the segment. */
    readonly sort: StoreQuery['sort'];
}

export const orderBy = (sort: StoreQuery['sort']): string =>
    sort.map(({field, descending}) => `${sortExpression(field)}${descending ? ' DESC' : ''}`).join(', ');

/**
 * Splits "after the row `(x, y)` in the order of `a, b`" into `a = x AND b > y` and then `a > x`. Written with OR, it would
 * make SQLite read all that lies before.
 */
export function segmentsAfter(sort: StoreQuery['sort'], cursor: Row | undefined): Segment[] {
    if (cursor === undefined)
        return [{clauses: [], sort}];
    const segments: Segment[] = [];
    for (let depth = sort.length - 1; depth >= 0; depth--) {
        const same = sort.slice(0, depth).map(({field}) => equalTo(sortExpression(field), cursor[field]));
        const rest = sort.slice(depth);
        for (const clause of clausesBehind(rest[0], cursor))
            segments.push({clauses: [...same, clause], sort: rest});
    }
    return segments;
}

/** Whether SQLite would have to look for an approximate value. */
export const isExactCursor = (sort: StoreQuery['sort'], cursor: Row | undefined): boolean =>
    cursor === undefined || !sort.some(({field}) => isApproximate(cursor[field]));

const equalTo = (expression: string, value: unknown): Clause => value === undefined || value === null
    ? {sql: `${expression} IS NULL`, values: []}
    : {sql: `${expression} = ?`, values: [sortValue(value)]};

/** What lies behind the cursor's value: in falling order the missing ones come last, as a range of their own. */
function clausesBehind(sort: StoreQuery['sort'][number] | undefined, cursor: Row): Clause[] {
    if (sort === undefined)
        return [];
    const expression = sortExpression(sort.field);
    const value = sortValue(cursor[sort.field]);
    if (!sort.descending)
        return [value === null ? {sql: `${expression} >= -9e999`, values: []} : {sql: `${expression} > ?`, values: [value]}];
    return value === null ? [] : [{sql: `${expression} < ?`, values: [value]}, {sql: `${expression} IS NULL`, values: []}];
}
