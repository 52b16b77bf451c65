import {setOwn} from '../shared/data.ts';
import type {StandardSchema} from '../shared/standard-schema.ts';
import {validatePayload} from './validate-payload.ts';
import {fieldNamesBefore, fieldsOf, itemsOf, traitsOf, type SchemaTraits} from './zod-schema.ts';

/** Why a payload isn't cast. */
export class CastRefusal {
    readonly reason: string;

    constructor(reason: string) {
        this.reason = reason;
    }
}

export type Direction = 'up' | 'down';
type Payload = Record<string, unknown>;

/**
 * A cast that nobody has written: fields get the names that the target's schema has for them, then the schema fills in its defaults and
 * leaves out what it doesn't know. It is refused where that could change what an event means: where a value that is kept
 * would change, where a default is another one each time, and where what is left out could be what is filled in.
 *
 * @param source `undefined` where it is not known here
 */
export function automaticCast(source: StandardSchema | undefined, target: StandardSchema, direction: Direction): (payload: unknown) => unknown {
    let traits: SchemaTraits | undefined;
    let hasRenames = false;
    return payload => {
        if (traits === undefined) {
            traits = traitsOf(target);
            hasRenames = direction === 'up' ? traits.hasRenames : source !== undefined && traitsOf(source).hasRenames;
        }
        if (!traits.isPlain)
            return new CastRefusal('its schema is not one of Zod\'s without transforms, coercion and catch');
        const named = hasRenames ? rename(payload, source, target, direction) : payload;
        const result = validatePayload(target, named);
        if (result instanceof Promise) {
            result.catch(() => undefined);
            return new CastRefusal('its schema validates asynchronously');
        }
        if (result.issues !== undefined)
            return new CastRefusal(result.issues.map(({message, path = []}) => `${path.map(String).join('.') || '(payload)'}: ${message}`).join('; '));
        const problem = findDifference(named, result.value, {
            source, target, path: '', isStable: !traits.hasUnstableDefault, isWatchful: source !== undefined || direction === 'up'
        });
        return problem === undefined ? result.value : new CastRefusal(problem);
    };
}

const isObject = (value: unknown): value is Payload => {
    const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
    return prototype === Object.prototype || prototype === null;
};

/** The payload with the target's names for fields, where `renamedFrom` says so. */
function rename(value: unknown, source: StandardSchema | undefined, target: StandardSchema | undefined, direction: Direction): unknown {
    if (Array.isArray(value)) {
        const [from, to] = [itemsOf(source), itemsOf(target)];
        return value.map(item => rename(item, from, to, direction));
    }
    const fields = fieldsOf(target);
    if (!isObject(value) || fields === undefined)
        return value;
    const names = newNames(value, fieldsOf(source), fields, direction);
    const taken = new Set(names.values());
    const result: Payload = {};
    for (const [key, item] of Object.entries(value)) {
        const name = names.get(key) ?? key;
        // Another field has its name now.
        if (name === key && taken.has(key))
            continue;
        setOwn(result, name, rename(item, fieldsOf(source)?.[key], Object.hasOwn(fields, name) ? fields[name] : undefined, direction));
    }
    return result;
}

/** By old names. A field is renamed in the step in which it says so for the first time, and where what has its old name among the target's fields, if anything, can do without a value. */
function newNames(value: Payload, source: Fields | undefined, target: Fields, direction: Direction): ReadonlyMap<string, string> {
    const names = new Map<string, string>();
    const [older, newer] = direction === 'up' ? [source, target] : [target, source ?? {}];
    for (const [key, schema] of Object.entries(newer)) {
        for (const before of fieldNamesBefore(schema)) {
            const [from, to] = direction === 'up' ? [before, key] : [key, before];
            const isFree = older === undefined ? !Object.hasOwn(value, to) : !saysSo(older, key, before);
            if (isFree && Object.hasOwn(value, from) && Object.hasOwn(target, to) && mayBeMissing(target, from) && ![...names.values()].includes(to))
                names.set(from, to);
        }
    }
    return names;
}

type Fields = Readonly<Record<string, StandardSchema>>;

/** Whether a field was renamed before this step. */
const saysSo = (fields: Fields, key: string, before: string): boolean => Object.hasOwn(fields, key) && fieldNamesBefore(fields[key] as StandardSchema).includes(before);

function mayBeMissing(fields: Fields, key: string): boolean {
    if (!Object.hasOwn(fields, key))
        return true;
    const result = (fields[key] as StandardSchema)['~standard'].validate(undefined);
    return !(result instanceof Promise) && result.issues === undefined;
}

interface Place {
    readonly source: StandardSchema | undefined;
    readonly target: StandardSchema | undefined;
    readonly path: string;
    /** Defaults are the same each time. */
    readonly isStable: boolean;
    /** Looks for fields that could have been renamed: not where the source is a newer version that isn't known here, as in a rolling deployment. */
    readonly isWatchful: boolean;
}

/** What a schema has made of a value that it must not: in words, or `undefined`. */
function findDifference(before: unknown, after: unknown, place: Place): string | undefined {
    if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
        const [source, target] = [itemsOf(place.source), itemsOf(place.target)];
        return first(before.keys(), i => findDifference(before[i], after[i], {...place, source, target, path: `${place.path}${i}.`}));
    }
    if (isObject(before) && isObject(after))
        return findInObjects(before, after, place);
    const isSame = before instanceof Date && after instanceof Date ? before.getTime() === after.getTime() : Object.is(before, after);
    return isSame ? undefined : `it would change the value at '${place.path.slice(0, -1) || '(payload)'}'`;
}

function findInObjects(before: Payload, after: Payload, place: Place): string | undefined {
    const [source, target] = [fieldsOf(place.source), fieldsOf(place.target)];
    const kept = Object.keys(before).filter(key => Object.hasOwn(after, key));
    const inside = first(kept, key => findDifference(before[key], after[key], {
        ...place, source: own(source, key), target: own(target, key), path: `${place.path}${key}.`
    }));
    if (inside !== undefined)
        return inside;
    const filled = Object.keys(after).filter(key => !Object.hasOwn(before, key));
    if (filled.length > 0 && !place.isStable)
        return `the default of '${place.path}${String(filled[0])}', or of another field, is another one each time it is asked for`;
    if (!place.isWatchful)
        return undefined;
    const dropped = Object.keys(before).filter(key => !Object.hasOwn(after, key));
    const added = new Set([...filled, ...Object.keys(target ?? {}).filter(key => !Object.hasOwn(before, key))]);
    return first(dropped, from => first(added, to => !Object.hasOwn(source ?? {}, to) && fits(before[from], own(target, to), after[to])
        ? `'${place.path}${from}' would be left out, and '${place.path}${to}', which could take its value, is new: it could be the same under another name `
            + `(then say \`meta({renamedFrom: '${from}'})\` on the field)`
        : undefined));
}

const own = <T>(fields: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
    fields !== undefined && Object.hasOwn(fields, key) ? fields[key] : undefined;

/** Whether a value could stand where another field is. */
function fits(value: unknown, schema: StandardSchema | undefined, filledIn: unknown): boolean {
    if (schema === undefined)
        return typeof value === typeof filledIn;
    const result = schema['~standard'].validate(value);
    return !(result instanceof Promise) && result.issues === undefined;
}

/** The first finding. */
function first<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
    for (const item of items) {
        const found = find(item);
        if (found !== undefined)
            return found;
    }
    return undefined;
}

/** Whether what two payloads both have is the same in both: fields that only one of them has don't count. */
export function agree(one: unknown, other: unknown): boolean {
    if (isObject(one) && isObject(other))
        return Object.keys(one).every(key => !Object.hasOwn(other, key) || agree(one[key], other[key]));
    if (Array.isArray(one) && Array.isArray(other))
        return one.length === other.length && one.every((item, i) => agree(item, other[i]));
    return findDifference(one, other, {source: undefined, target: undefined, path: '', isStable: true, isWatchful: false}) === undefined;
}
