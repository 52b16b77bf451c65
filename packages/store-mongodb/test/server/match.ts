import {compare, typeOf} from './compare.ts';
import {badValue} from './errors.ts';
import type {Doc} from './wire.ts';

type Test = (value: unknown) => boolean;

/** Whether a document matches a filter, as the manual says: arrays match by themselves or by one of their elements, ranges stay within a type. */
export function matcher(filter: Doc): (doc: Doc) => boolean {
    const tests = Object.entries(filter).map(([name, condition]) => name.startsWith('$') ? logical(name, condition) : field(name, condition));
    return doc => tests.every(test => test(doc));
}

function logical(name: string, condition: unknown): (doc: Doc) => boolean {
    const parts = (): ((doc: Doc) => boolean)[] => {
        if (!Array.isArray(condition) || condition.length === 0)
            throw badValue(`${name} must be a nonempty array`);
        return (condition as Doc[]).map(matcher);
    };
    const tests = name === '$comment' ? [] : parts();
    switch (name) {
        case '$and':
        case '$comment':
            return doc => tests.every(test => test(doc));
        case '$or':
            return doc => tests.some(test => test(doc));
        case '$nor':
            return doc => !tests.some(test => test(doc));
        default:
            throw badValue(`unknown top level operator: ${name}`);
    }
}

function field(path: string, condition: unknown): (doc: Doc) => boolean {
    const names = path.split('.');
    const test = predicate(condition);
    return doc => test(valuesAt(doc, names, 0));
}

/** What stands at a path: several values where it leads through arrays. */
function valuesAt(value: unknown, names: readonly string[], depth: number): unknown[] {
    if (depth === names.length)
        return [value];
    const name = names[depth] as string;
    if (Array.isArray(value)) {
        const found = /^\d+$/.test(name) ? valuesAt(value[Number(name)], names, depth + 1) : [];
        return [...found, ...value.filter(item => typeOf(item) === 'object').flatMap(item => valuesAt(item, names, depth))];
    }
    return typeOf(value) === 'object' && Object.hasOwn(value as Doc, name) ? valuesAt((value as Doc)[name], names, depth + 1) : [undefined];
}

const isOperators = (condition: unknown): condition is Doc => typeOf(condition) === 'object' && Object.keys(condition as Doc)[0]?.startsWith('$') === true;

function predicate(condition: unknown): (values: readonly unknown[]) => boolean {
    if (!isOperators(condition))
        return some(equals(condition));
    const tests = Object.entries(condition).map(([name, operand]) => operator(name, operand));
    return values => tests.every(test => test(values));
}

/** Of an array, also its elements are tried. */
const some = (test: Test) => (values: readonly unknown[]): boolean => values.length === 0 ? test(undefined) : values.some(value => test(value) || Array.isArray(value) && value.some(test));

const isNone = (value: unknown): boolean => value === undefined || value === null;
const equals = (operand: unknown): Test => isNone(operand) ? isNone : value => !isNone(value) && compare(value, operand) === 0;
const inRange = (operand: unknown, accepts: (order: number) => boolean): Test => value => typeOf(value) === typeOf(operand) && accepts(compare(value, operand));

function operator(name: string, operand: unknown): (values: readonly unknown[]) => boolean {
    switch (name) {
        case '$eq':
            return some(equals(operand));
        case '$ne':
            return not(some(equals(operand)));
        case '$gt':
            return some(inRange(operand, order => order > 0));
        case '$gte':
            return some(inRange(operand, order => order >= 0));
        case '$lt':
            return some(inRange(operand, order => order < 0));
        case '$lte':
            return some(inRange(operand, order => order <= 0));
        case '$in':
            return some(isOneOf(operand as unknown[]));
        case '$nin':
            return not(some(isOneOf(operand as unknown[])));
        case '$exists':
            return values => values.some(value => value !== undefined) === Boolean(operand);
        case '$type':
            return some(anyOf([operand].flat().map(hasType)));
        case '$not':
            return not(predicate(operand));
        default:
            throw badValue(`unknown operator: ${name}`);
    }
}

const not = (test: (values: readonly unknown[]) => boolean) => (values: readonly unknown[]): boolean => !test(values);
const anyOf = (tests: readonly Test[]): Test => value => tests.some(test => test(value));

function isOneOf(values: readonly unknown[]): Test {
    const strings = new Set(values.filter(value => typeof value === 'string'));
    const isOther = anyOf(values.filter(value => typeof value !== 'string').map(equals));
    return value => typeof value === 'string' ? strings.has(value) : isOther(value);
}

const TYPE_NAMES: ReadonlySet<unknown> = new Set(['number', 'string', 'object', 'array', 'bool', 'date', 'null', 'objectId', 'binData']);

/** The wire doesn't keep doubles and 32-bit integers apart here. */
function hasType(type: unknown): Test {
    if (type === 'long')
        return value => typeof value === 'bigint';
    if (type === 'double' || type === 'int')
        return value => typeof value === 'number';
    if (!TYPE_NAMES.has(type))
        throw badValue(`Unknown type name alias: ${String(type)}`);
    return value => typeOf(value) === type;
}
