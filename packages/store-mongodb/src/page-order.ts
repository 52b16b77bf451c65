import type {Document} from 'mongodb';
import {kindOf, type Row, type StoreQuery} from 'woltage';
import {isLong} from './encode.ts';
import {toTopFieldName} from './field-name.ts';
import {isWellFormed} from './text.ts';

type Kind = ReturnType<typeof kindOf>;

/** MongoDB's types of each kind, the kinds in the portable order. */
const TYPES: readonly (readonly [Kind, string])[] = [['boolean', 'bool'], ['number', 'number'], ['date', 'date'], ['string', 'string']];
const UNORDERED = ['object', 'array', 'objectId', 'binData'];
/** Kinds that stand in MongoDB's order as in the portable one. Missing values come first in both. */
const ORDERLY: readonly (readonly Kind[])[] = [['number', 'string'], ['number', 'date'], ['boolean', 'date']];

const valueOf = (row: Row, field: string): unknown => Object.hasOwn(row, field) ? row[field] : undefined;

/** An order in MongoDB's terms. */
export const sortOf = (sort: StoreQuery['sort']): Document => Object.fromEntries(sort.map(({field, descending}) => [toTopFieldName(field), descending ? -1 : 1]));

/**
 * Where there could be rows that MongoDB doesn't sort portably together with the ones of this page: any of these. `undefined` when it doesn't even sort
 * those of the page portably.
 */
export function misfits(sort: StoreQuery['sort'], page: readonly Row[]): Document[] | undefined {
    const filters: Document[] = [];
    for (const {field} of sort) {
        const found = new Set(page.map(row => kindOf(valueOf(row, field))));
        found.delete('none');
        const kinds = ORDERLY.find(list => [...found].every(kind => list.includes(kind)));
        if (kinds === undefined)
            return undefined;
        filters.push({[toTopFieldName(field)]: {$type: [...UNORDERED, ...TYPES.filter(([kind]) => !kinds.includes(kind)).map(([, type]) => type)]}});
    }
    return filters;
}

/** What comes behind a row, and perhaps more; `undefined` where that can't be told. */
export function behind(sort: StoreQuery['sort'], cursor: Row): Document | undefined {
    const branches: Document[] = [];
    const same: Document[] = [];
    for (const {field, descending} of sort) {
        const name = toTopFieldName(field);
        const value = valueOf(cursor, field) ?? null;
        if (!isKept(value))
            return undefined;
        branches.push(...beyond(name, value, descending).map(filter => ({$and: [...same, filter]})));
        same.push({[name]: value});
    }
    return {$or: branches};
}

const isKept = (value: unknown): boolean => typeof value === 'string' ? isWellFormed(value) : typeof value === 'bigint' ? isLong(value) : kindOf(value) !== 'other';

function beyond(name: string, value: unknown, descending: boolean): Document[] {
    if (value === null)
        return descending ? [] : [{[name]: {$ne: null}}];
    const place = TYPES.findIndex(([kind]) => kind === kindOf(value));
    const types = (descending ? TYPES.slice(0, place) : TYPES.slice(place + 1)).map(([, type]) => type);
    return [
        {[name]: {[descending ? '$lt' : '$gt']: value}},
        ...types.length > 0 ? [{[name]: {$type: types}}] : [],
        ...descending ? [{[name]: null}] : []
    ];
}
