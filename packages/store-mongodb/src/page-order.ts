import type {Document} from 'mongodb';
import {kindOf, type Row, type StoreQuery, type TableSpec} from 'woltage';
import {UNUSUAL_KEYS} from './document-id.ts';
import {isLong} from './encode.ts';
import {toTopFieldName} from './field-name.ts';
import {isWellFormed} from './text.ts';

type Kind = ReturnType<typeof kindOf>;

/** MongoDB's types of each kind, the kinds in the portable order. */
const TYPES: readonly (readonly [Kind, string])[] = [['boolean', 'bool'], ['number', 'number'], ['date', 'date'], ['string', 'string']];
const UNORDERED = ['object', 'array', 'objectId', 'binData'];
/** Kinds that stand in MongoDB's order as in the portable one. Missing values come first in both. */
const ORDERLY: readonly (readonly Kind[])[] = [['none', 'number', 'string'], ['none', 'number', 'date'], ['none', 'boolean', 'date']];

const valueOf = (row: Row, field: string): unknown => Object.hasOwn(row, field) ? row[field] : undefined;

/** An order in MongoDB's terms. */
export const sortOf = (sort: StoreQuery['sort']): Document => Object.fromEntries(sort.map(({field, descending}) => [toTopFieldName(field), descending ? -1 : 1]));

/**
 * Where there could be rows that MongoDB doesn't sort portably together with the ones of this page: any of these. `undefined` when it doesn't even sort
 * those of the page portably.
 */
export function misfits({keyFields}: TableSpec, sort: StoreQuery['sort'], page: readonly Row[]): Document[] | undefined {
    const filters: Document[] = [];
    for (const {field} of sort) {
        const values = page.map(row => valueOf(row, field));
        const kinds = ORDERLY.find(list => values.every(value => list.includes(kindOf(value))));
        if (kinds === undefined)
            return undefined;
        const isUsualKey = keyFields.length === 1 && keyFields[0] === field && values.every(value => typeof value === 'string' || typeof value === 'number');
        filters.push(isUsualKey ? UNUSUAL_KEYS : {[toTopFieldName(field)]: {$type: [...UNORDERED, ...TYPES.filter(([kind]) => !kinds.includes(kind)).map(([, type]) => type)]}});
    }
    return filters;
}

/** The first field of an order, where an index finds the first rows by it, but doesn't have them in the whole order. */
export function leadOf({indexes}: TableSpec, {where, sort}: StoreQuery): StoreQuery['sort'][number] | undefined {
    const [lead] = sort;
    if (lead === undefined || sort.length === 1)
        return undefined;
    const rests = indexes.filter(fields => fields.slice(0, fields.indexOf(lead.field)).every(field => where.some(condition => condition.field === field && condition.operator === 'eq')))
        .map(fields => fields.slice(fields.indexOf(lead.field))).filter(([first]) => first === lead.field);
    const isInOrder = rests.some(fields => sort.every(({field, descending}, i) => field === fields[i] && descending === lead.descending));
    return rests.length === 0 || isInOrder ? undefined : lead;
}

/** What doesn't come behind a value, and perhaps more; `undefined` where that can't be told. */
export function upTo({field, descending}: StoreQuery['sort'][number], value: unknown): Document | undefined {
    if (!isKept(value) || value === null && descending)
        return undefined;
    const name = toTopFieldName(field);
    return {$or: [...beyond(name, value, !descending), {[name]: value}]};
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
