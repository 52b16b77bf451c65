import {ConfigError, WoltageError} from '../errors/index.ts';
import type {Direction} from './automatic-cast.ts';
import type {EventClass} from './event.ts';
import type {RecordedEvent} from './recorded-event.ts';
import {validatePayload} from './validate-payload.ts';
import {traitsOf} from './zod-schema.ts';

type Cast = (payload: unknown) => unknown;
const NAMES = {up: 'upcast', down: 'downcast'} as const;
const CODES = {up: 'UPCAST_FAILED', down: 'DOWNCAST_FAILED'} as const;

/** Says what is wrong with the casts of a class; empty where nothing is. */
export function castProblem(eventClass: EventClass): string {
    for (const name of Object.values(NAMES)) {
        const cast = castOf(eventClass, name);
        if (cast !== undefined && typeof cast !== 'function')
            return `its \`static ${name}\` must be a function from one payload to another.`;
        if (Object.prototype.toString.call(cast) === '[object AsyncFunction]')
            return `its \`static ${name}\` must not be async: events are read in order, one after the other.`;
    }
    return '';
}

/**
 * What a class has for the step between the version before it and its own: `static upcast` leads here, `static downcast` leads back.
 *
 * @returns A function that throws `UPCAST_FAILED` or `DOWNCAST_FAILED` with event, position and step
 */
export function writtenCast(eventClass: EventClass | undefined, direction: Direction): ((payload: unknown, record: RecordedEvent, from: number, to: number) => unknown) | undefined {
    const cast = eventClass && castOf(eventClass, NAMES[direction]);
    if (typeof cast !== 'function')
        return undefined;
    return (payload, record, from, to) => {
        const fail = failure(nameOfCast(direction), CODES[direction], record, from, to);
        let result: unknown;
        try {
            result = (cast as Cast).call(eventClass, payload);
        } catch (error) {
            throw fail(error instanceof Error ? error.message : String(error), error);
        }
        if (isPromise(result))
            throw fail('it returned a promise; it must not be async');
        if (result === undefined)
            throw fail('it returned nothing');
        return result;
    };
}

const nameOfCast = (direction: Direction): string => `\`static ${NAMES[direction]}\``;

/** {@link checkCast} for what {@link writtenCast} gives. */
export const checkWritten = (target: EventClass, direction: Direction): ReturnType<typeof checkCast> => checkCast(target, nameOfCast(direction), CODES[direction]);

/** Its failure is nobody's business then. */
export function isPromise(result: unknown): boolean {
    if (typeof (result as {readonly then?: unknown} | null | undefined)?.then !== 'function')
        return false;
    Promise.resolve(result).catch(() => undefined);
    return true;
}

/** Its own, not one that a class has from the version that it extends. */
const castOf = (eventClass: EventClass, name: string): unknown =>
    Object.hasOwn(eventClass, name) ? (eventClass as unknown as Readonly<Record<string, unknown>>)[name] : undefined;

/**
 * Checks what user code has made against the schema of its class, and fills in the schema's defaults. Schemas that transform, and those of other
 * libraries than Zod, may not take for valid what they have made of something: there the result stands as it is.
 *
 * @param what Who has made it, for messages
 */
export function checkCast(target: EventClass, what: string, code: string): (result: unknown, record: RecordedEvent, from: number) => unknown {
    let isPlain: boolean | undefined;
    return (result, record, from) => {
        isPlain ??= traitsOf(target.schema).isPlain;
        if (!isPlain)
            return result;
        const checked = validatePayload(target.schema, result);
        if (checked instanceof Promise) {
            checked.catch(() => undefined);
            throw new ConfigError(`Event class ${target.name}: its schema validates asynchronously, which is not supported here.`, {code: 'ASYNC_SCHEMA'});
        }
        if (checked.issues !== undefined)
            throw failure(what, code, record, from, target.version)('its result doesn\'t fit the schema: '
                + checked.issues.map(({message, path = []}) => `${path.map(String).join('.') || '(payload)'}: ${message}`).join('; '));
        return checked.value;
    };
}

/** An error that names the event, where it stands, and the step. */
export function failure(what: string, code: string, record: RecordedEvent, from: number, to: number): (why: string, cause?: unknown) => WoltageError {
    const {id, type, version, position} = record;
    return (why, cause) => new WoltageError(`Event ${id} ('${type}@${version}') at position ${position}: from version ${from} to ${to} ${what} has failed: ${why}.`, 500, {
        code, cause, details: {id, type, version, position: String(position), from, to}
    });
}
