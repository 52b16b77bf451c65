import {compareValues, type Condition, type Row, type StoreQuery} from 'woltage';
import type {Index, Layout} from './contents.ts';
import {BEHIND, kindText, nextKindText, OTHER, sortable, sortableFields} from './sortable.ts';

/** A stretch of an index: from a member (inclusive) to another (exclusive). */
export interface Range {
    readonly from: string;
    readonly to: string;
}

/** A range in which the first fields of the index are the same. */
export interface Branch extends Range {
    readonly prefix: string;
    readonly values: Row;
}

/** How a query is answered by an index. */
export interface Plan {
    readonly index: Index;
    /** They hold all rows that match, and perhaps others. */
    readonly branches: readonly Branch[];
    /** The fields of the index that are not the same throughout a branch. */
    readonly fields: readonly string[];
    /** The order within a branch: the query's, without the fields that are the same. */
    readonly sort: StoreQuery['sort'];
    /** How many fields of this order stand first in `fields`. */
    readonly sorted: number;
    readonly isBounded: boolean;
    /** Whether all that is in the branches matches. */
    readonly isExact: boolean;
}

/** With more values, `in` is not looked up one by one. */
const MAX_IN = 256;

/** The best index for a query; `undefined` when none is of use. */
export function planQuery({indexes}: Layout, query: StoreQuery): Plan | undefined {
    const plans = indexes.filter(({isReady}) => isReady).map(index => planIndex(index, query)).filter(plan => plan !== undefined);
    return plans.sort((a, b) => worth(b) - worth(a))[0];
}

/** Equality narrows most, then a range, then comes the order. */
const worth = ({index, fields, isBounded, sorted}: Plan): number => (index.fields.length - fields.length) * 100 + (isBounded ? 50 : 0) + Math.min(sorted, 49);

function planIndex(index: Index, {where, sort, limit}: StoreQuery): Plan | undefined {
    const conditions = leadingConditions(index, where);
    const fields = index.fields.slice(conditions.length);
    const bounds = where.filter(({field, operator}) => field === fields[0] && isBound(operator));
    const rest = sort.filter(({field}) => !conditions.some(condition => condition.field === field));
    const sorted = countSorted(fields, rest);
    const isUseful = conditions.length > 0 || bounds.length > 0 || limit !== undefined && sorted > 0;
    return isUseful ? {
        index, fields, sorted, sort: rest,
        branches: branchesOf(conditions, bounds),
        isBounded: bounds.length > 0,
        isExact: where.length === conditions.length + bounds.length && conditions.every(saysAll) && sayAll(bounds)
    } : undefined;
}

const isBound = (operator: Condition['operator']): boolean => isLower({operator}) || isUpper({operator});
const isLower = ({operator}: Pick<Condition, 'operator'>): boolean => operator === 'gt' || operator === 'gte';
const isUpper = ({operator}: Pick<Condition, 'operator'>): boolean => operator === 'lt' || operator === 'lte';

/** The conditions that leave the first fields of the index one value; for one field, they may leave several. */
function leadingConditions({fields}: Index, where: StoreQuery['where']): Condition[] {
    const conditions: Condition[] = [];
    for (const field of fields) {
        const ofField = where.filter(condition => condition.field === field);
        const condition = ofField.find(({operator}) => operator === 'eq')
            ?? ofField.find(({operator, value}) => operator === 'in' && (value as readonly unknown[]).length <= MAX_IN && !conditions.some(other => other.operator === 'in'));
        if (condition === undefined)
            break;
        conditions.push(condition);
    }
    return conditions;
}

/** How many fields of an order are those of the index. */
function countSorted(fields: readonly string[], sort: StoreQuery['sort']): number {
    const different = sort.findIndex(({field}, i) => field !== fields[i]);
    return different === -1 ? sort.length : different;
}

function branchesOf(conditions: readonly Condition[], bounds: readonly Condition[]): Branch[] {
    let keys: Row[] = [{}];
    for (const {field, operator, value} of conditions)
        keys = keys.flatMap(key => (operator === 'in' ? value as readonly unknown[] : [value]).map(item => ({...key, [field]: item})));
    const fields = conditions.map(({field}) => field);
    // A number and a bigint can be the same to an index.
    const byPrefix = new Map(keys.map(values => [sortableFields(values, fields), values]));
    return Array.from(byPrefix, ([prefix, values]) => ({prefix, values, ...rangeOf(prefix, bounds)}));
}

function rangeOf(prefix: string, bounds: readonly Condition[]): Range {
    const lower = bounds.find(isLower);
    const upper = bounds.find(isUpper);
    // A range ends where the values' kind ends.
    const from = lower !== undefined ? sortable(lower.value) + (lower.operator === 'gt' ? BEHIND : '') : upper !== undefined ? kindText(upper.value) : '';
    const to = upper !== undefined ? sortable(upper.value) + (upper.operator === 'lte' ? BEHIND : '') : lower !== undefined ? nextKindText(lower.value) : BEHIND;
    return {from: prefix + from, to: prefix + to};
}

/** False for values that an index doesn't tell from others: numbers and bigints sort alike, objects have no order between them. */
const saysAll = ({operator, value}: Condition): boolean =>
    (operator === 'in' ? value as readonly unknown[] : [value]).every(item => typeof item !== 'number' && typeof item !== 'bigint' && sortable(item) !== OTHER);

const sayAll = (bounds: readonly Condition[]): boolean =>
    bounds.filter(isLower).length <= 1 && bounds.filter(isUpper).length <= 1 && new Set(bounds.map(({value}) => kindText(value))).size <= 1;

/** What both ranges have in common. */
export const intersection = (a: Range, b: Range): Range => ({from: later(a.from, b.from), to: later(a.to, b.to) === a.to ? b.to : a.to});

const later = (a: string, b: string): string => compareValues(a, b) > 0 ? a : b;
