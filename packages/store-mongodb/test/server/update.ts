import {ObjectId} from 'bson';
import {update as applyOperators} from 'mingo';
import {badValue} from './errors.ts';
import type {Doc} from './wire.ts';

const isOperators = (update: Doc): boolean => Object.keys(update)[0]?.startsWith('$') === true;

/** The document as an update leaves it. */
export function updated(doc: Doc, update: unknown, arrayFilters: unknown): Doc {
    if (Array.isArray(update) || typeof update !== 'object' || update === null)
        throw badValue('Updates by pipeline are not supported here.');
    if (!isOperators(update as Doc))
        return {_id: doc['_id'], ...update as Doc};
    const {$setOnInsert: _, ...operators} = update as Doc;
    const copy = structuredCopy(doc);
    if (Object.keys(operators).length > 0)
        applyOperators(copy, operators, (arrayFilters as Doc[] | undefined) ?? []);
    return copy;
}

/** The document that an upsert inserts. */
export function upserted(filter: Doc, update: unknown, arrayFilters: unknown): Doc {
    const seed = equalities(filter);
    const {$setOnInsert: defaults} = update as {$setOnInsert?: Doc};
    const doc = updated({...seed, ...defaults}, update, arrayFilters);
    return {...doc, _id: doc['_id'] ?? seed['_id'] ?? new ObjectId()};
}

/** What a filter says about the fields of a document that isn't there yet. */
function equalities(filter: Doc): Doc {
    const seed: Doc = {};
    for (const [name, condition] of Object.entries(filter)) {
        if (name === '$and')
            Object.assign(seed, ...(condition as Doc[]).map(equalities));
        else if (name.startsWith('$') || name.includes('.'))
            continue;
        else if (typeof condition !== 'object' || condition === null || !isOperators(condition as Doc))
            seed[name] = condition;
        else if ('$eq' in condition)
            seed[name] = condition.$eq;
    }
    return seed;
}

/** Plain objects and arrays are copied; what BSON has beside them isn't changed by anybody. */
function structuredCopy<T>(value: T): T {
    if (Array.isArray(value))
        return value.map(structuredCopy) as T;
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
        return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, structuredCopy(item)])) as T;
}
