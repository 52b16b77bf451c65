import type {Document} from 'mongodb';
import {kindOf, type Condition} from 'woltage';
import {BIGINT, encodeField, isLong, TEXT} from './encode.ts';
import {toTopFieldName} from './field-name.ts';
import {isWellFormed} from './text.ts';

/** A condition in MongoDB's terms. */
interface Compiled {
    readonly filter: Document;
    /** Whether the filter lets through only what the condition means; otherwise it lets through more. */
    readonly isExact: boolean;
    /** What the filter leaves out although it may match: values that BSON has no place for, and that are kept as documents. */
    readonly exception?: Document;
}

/** A query's conditions in MongoDB's terms. */
export interface CompiledWhere {
    /** All that matches, but for the exceptions. */
    readonly usual: readonly Document[];
    /** All that matches, and perhaps more. */
    readonly all: readonly Document[];
    /** Where there may be something that only `all` lets through: any of these. */
    readonly exceptions: readonly Document[];
    /** Whether `usual` lets through nothing else than what matches. */
    readonly isExact: boolean;
}

/** Arrays are compared as a whole, by this process: MongoDB would look for their elements as well. */
const NO_ARRAY = {$not: {$type: 'array'}};
const NO_ARRAY_OR_LONG = {$not: {$type: ['array', 'long']}};
const ANY_OBJECT = {$type: ['object', 'array']};

export function compileWhere(where: readonly Condition[]): CompiledWhere {
    const compiled = where.map(compileCondition);
    return {
        usual: compiled.map(({filter}) => filter),
        all: compiled.map(({filter, exception}) => exception === undefined ? filter : {$or: [filter, exception]}),
        exceptions: compiled.map(({exception}) => exception).filter(exception => exception !== undefined),
        isExact: compiled.every(({isExact}) => isExact)
    };
}

/** One filter of several. */
export const allOf = (filters: readonly Document[]): Document => filters.length > 1 ? {$and: filters} : filters[0] ?? {};

function compileCondition({field, operator, value}: Condition): Compiled {
    const name = toTopFieldName(field);
    switch (operator) {
        case 'eq':
            return equals(name, value);
        case 'ne': {
            const equal = equals(name, value);
            return equal.isExact ? {filter: {$nor: [equal.filter]}, isExact: true} : {filter: {}, isExact: false};
        }
        case 'in':
            return isIn(name, value as readonly unknown[]);
        default:
            return range(name, operator, value);
    }
}

const isMissing = (value: unknown): boolean => value === undefined || value === null;

function equals(name: string, value: unknown): Compiled {
    if (isMissing(value))
        return {filter: {[name]: {$eq: null, ...NO_ARRAY}}, isExact: true};
    if (kindOf(value) === 'other')
        return {filter: {[name]: ANY_OBJECT}, isExact: false};
    return {filter: {[name]: {$eq: encodeField(value), ...typeGuard(value)}}, isExact: true};
}

/** A number and a bigint are the same to MongoDB. */
function typeGuard(value: unknown): Document {
    switch (typeof value) {
        case 'number':
            return NO_ARRAY_OR_LONG;
        case 'bigint':
            return isLong(value) ? {$type: 'long', ...NO_ARRAY} : NO_ARRAY;
        default:
            return NO_ARRAY;
    }
}

function isIn(name: string, values: readonly unknown[]): Compiled {
    const numbers = values.filter(value => typeof value === 'number');
    const longs = values.filter(value => typeof value === 'bigint' && isLong(value));
    const objects = values.filter(value => kindOf(value) === 'other');
    const others = values.filter(value => !numbers.includes(value as number) && !longs.includes(value as bigint) && !objects.includes(value));
    const filters: Document[] = [];
    if (others.length > 0)
        filters.push({[name]: {$in: others.map(value => isMissing(value) ? null : encodeField(value)), ...NO_ARRAY}});
    if (numbers.length > 0)
        filters.push({[name]: {$in: numbers, ...NO_ARRAY_OR_LONG}});
    if (longs.length > 0)
        filters.push({[name]: {$in: longs, $type: 'long', ...NO_ARRAY}});
    if (objects.length > 0)
        filters.push({[name]: ANY_OBJECT});
    const filter = filters.length === 0 ? {[name]: {$in: []}} : filters.length === 1 ? filters[0] as Document : {$or: filters};
    return {filter, isExact: objects.length === 0};
}

function range(name: string, operator: 'gt' | 'gte' | 'lt' | 'lte', value: unknown): Compiled {
    const kind = kindOf(value);
    if (kind === 'date')
        return {filter: {[name]: {[`$${operator}`]: value, ...NO_ARRAY}}, isExact: true};
    const isKept = typeof value === 'bigint' ? isLong(value) : typeof value !== 'string' || isWellFormed(value);
    const wrapper = kind === 'string' ? TEXT : BIGINT;
    return {
        filter: {[name]: isKept ? {[`$${operator}`]: value, ...NO_ARRAY} : {$type: kind, ...NO_ARRAY}},
        isExact: isKept,
        exception: {[name]: {$type: 'object'}, [`${name}.${wrapper}`]: {$exists: true}}
    };
}
