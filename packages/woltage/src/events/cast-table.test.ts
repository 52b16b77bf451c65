import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import type {JsonValue} from '../shared/json-codec.ts';
import type {StandardSchema} from '../shared/standard-schema.ts';
import {EventCatalogue} from './event-catalogue.ts';
import {EventHandlers} from './event-handlers.ts';
import {Event} from './event.ts';

const REFUSED = Symbol('refused');
type Expected = JsonValue | typeof REFUSED;

/** Reads an event that was recorded in one version by a handler of the other. */
function cast(schemas: readonly [StandardSchema, StandardSchema], from: 1 | 2, payload: JsonValue): unknown {
    const classes = schemas.map((schema, i) => {
        const eventClass = class extends Event {
            static override readonly schema = schema;
            static override readonly version = i + 1;
        };
        Object.defineProperty(eventClass, 'name', {value: 'Changed'});
        return eventClass;
    });
    const handlers = new EventHandlers(new EventCatalogue(classes), [[`changed@${3 - from}`, 'handler']], 'The test');
    const record = {
        id: '1', type: 'changed', version: from, timestamp: 1, payload, meta: {}, correlationId: '1', causationId: null, tags: [], aggregateName: 'a', aggregateId: 'a', revision: 0n, position: 0n
    };
    try {
        return handlers.resolve(record)?.event.payload;
    } catch (error) {
        expect(error).toMatchObject({code: 'EVENT_VERSION_UNREACHABLE'});
        return REFUSED;
    }
}

const text = z.string();
const base = {a: text};

/** The table of what may be cast in which direction, of Woltage 1: the operation, both schemas, an old and a new payload, and what is made of them. */
const TABLE: readonly (readonly [operation: string, v1: StandardSchema, v2: StandardSchema, old: JsonValue, up: Expected, recent: JsonValue, down: Expected])[] = [
    ['change type', z.object({b: z.string()}), z.object({b: z.number()}), {b: 'x'}, REFUSED, {b: 1}, REFUSED],
    ['add required field', z.object(base), z.object({...base, b: text}), {a: 'x'}, REFUSED, {a: 'x', b: 'y'}, {a: 'x'}],
    ['remove required field', z.object({...base, b: text}), z.object(base), {a: 'x', b: 'y'}, {a: 'x'}, {a: 'x'}, REFUSED],
    ['add required field with default', z.object(base), z.object({...base, b: text.default('d')}), {a: 'x'}, {a: 'x', b: 'd'}, {a: 'x', b: 'y'}, {a: 'x'}],
    ['remove required field with default', z.object({...base, b: text.default('d')}), z.object(base), {a: 'x', b: 'y'}, {a: 'x'}, {a: 'x'}, {a: 'x', b: 'd'}],
    ['add optional field', z.object(base), z.object({...base, b: text.optional()}), {a: 'x'}, {a: 'x'}, {a: 'x', b: 'y'}, {a: 'x'}],
    ['remove optional field', z.object({...base, b: text.optional()}), z.object(base), {a: 'x', b: 'y'}, {a: 'x'}, {a: 'x'}, {a: 'x'}],
    ['add variant', z.object({b: z.enum(['p', 'q'])}), z.object({b: z.enum(['p', 'q', 'r'])}), {b: 'p'}, {b: 'p'}, {b: 'r'}, REFUSED],
    ['remove variant', z.object({b: z.enum(['p', 'q', 'r'])}), z.object({b: z.enum(['p', 'q'])}), {b: 'r'}, REFUSED, {b: 'p'}, {b: 'p'}],
    ['widen scalar type', z.object({b: z.int()}), z.object({b: z.number()}), {b: 1}, {b: 1}, {b: 1.5}, REFUSED],
    ['narrow scalar type', z.object({b: z.number()}), z.object({b: z.int()}), {b: 1.5}, REFUSED, {b: 1}, {b: 1}],
    ['rename object key', z.object({b: text}), z.object({c: text.meta({renamedFrom: 'b'})}), {b: 'x'}, {c: 'x'}, {c: 'x'}, {b: 'x'}]
];

describe('casts between two versions', () => {
    it.each(TABLE)('%s', (_operation, v1, v2, old, up, recent, down) => {
        expect(cast([v1, v2], 1, old)).toEqual(up);
        expect(cast([v1, v2], 2, recent)).toEqual(down);
    });

    it('rename a key whose old name another field has now', () => {
        const v1 = z.object({p: z.string(), prop: z.boolean().optional()});
        const v2 = z.object({prop: z.string().meta({renamedFrom: 'p'}), p: z.number().optional()});
        expect(cast([v1, v2], 1, {p: 'x', prop: true})).toEqual({prop: 'x'});
        expect(cast([v1, v2], 2, {prop: 'x', p: 5})).toEqual({p: 'x'});
    });
});
