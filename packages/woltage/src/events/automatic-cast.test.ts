import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import type {StandardSchema} from '../shared/standard-schema.ts';
import {automaticCast, CastRefusal} from './automatic-cast.ts';
import {defineEvent} from './define-event.ts';
import {EventCatalogue} from './event-catalogue.ts';
import type {EventClass} from './event.ts';
import {EventHandlers} from './event-handlers.ts';
import type {RecordedEvent} from './recorded-event.ts';

const up = (from: StandardSchema | undefined, to: StandardSchema, payload: unknown): unknown => automaticCast(from, to, 'up')(payload);
const down = (from: StandardSchema | undefined, to: StandardSchema, payload: unknown): unknown => automaticCast(from, to, 'down')(payload);
const refused = (reason: RegExp): unknown => expect.objectContaining({reason: expect.stringMatching(reason) as string});
const title = z.object({title: z.string()});

describe('an automatic cast', () => {
    it.each<[string, StandardSchema, unknown, unknown]>([
        ['fills in defaults', title.extend({n: z.number().default(3)}), {title: 'a'}, {title: 'a', n: 3}],
        ['leaves optional fields out', title.extend({n: z.number().optional()}), {title: 'a'}, {title: 'a'}],
        ['leaves out what the schema doesn\'t know', title, {title: 'a', gone: true}, {title: 'a'}],
        ['goes into objects and lists', z.object({items: z.array(z.object({sku: z.string(), n: z.int().default(1)}))}), {items: [{sku: 'x', old: 'y'}]}, {items: [{sku: 'x', n: 1}]}],
        ['keeps dates and bigints', z.object({at: z.date(), n: z.bigint(), x: z.string().nullable().default(null)}), {at: new Date(5), n: 7n}, {at: new Date(5), n: 7n, x: null}],
        ['takes payloads that are no objects', z.string(), 'a', 'a'],
        ['takes what narrowed types still accept', z.object({title: z.enum(['a', 'b'])}), {title: 'a'}, {title: 'a'}],
        ['takes schemas with checks and refinements', z.object({title: z.string().min(1).refine(text => text !== 'x')}), {title: 'a'}, {title: 'a'}],
        ['takes recursive schemas', z.object({title: z.string(), get next() { return z.array(z.object({title: z.string()})).default([]); }}), {title: 'a'}, {title: 'a', next: []}]
    ])('%s', (_what, target, payload, result) => {
        expect(up(undefined, target, payload)).toEqual(result);
        expect(down(undefined, target, payload)).toEqual(result);
    });

    it.each<[string, StandardSchema, unknown, RegExp]>([
        ['a required field is missing', title.extend({n: z.number()}), {title: 'a'}, /n: /],
        ['a type is another one', z.object({title: z.number()}), {title: 'a'}, /title: /],
        ['a variant is gone', z.object({title: z.enum(['b'])}), {title: 'a'}, /title: /],
        ['the schema is strict', z.strictObject({title: z.string()}), {title: 'a', more: 1}, /more/],
        ['the schema transforms', z.object({title: z.string().transform(text => text.length)}), {title: 'a'}, /transforms/],
        ['the schema transforms on the way', z.object({title: z.preprocess(String, z.string())}), {title: 'a'}, /transforms/],
        ['the schema has a codec', z.object({title: z.codec(z.string(), z.number(), {decode: Number, encode: String})}), {title: '7'}, /transforms/],
        ['the schema coerces', z.object({title: z.coerce.number()}), {title: '7'}, /coercion/],
        ['the schema catches', z.object({title: z.number().catch(0)}), {title: 'a'}, /catch/],
        ['a value would change', z.object({title: z.string().trim()}), {title: ' a'}, /change the value at 'title'/],
        ['a value far inside would change', z.object({list: z.array(z.object({x: z.string().toUpperCase()}))}), {list: [{x: 'A'}, {x: 'b'}]}, /'list.1.x'/],
        ['it validates asynchronously', z.object({title: z.string().refine(async () => true)}), {title: 'a'}, /asynchronously/],
        ['a default is a random one', title.extend({n: z.number().default(() => Math.random())}), {title: 'a'}, /another one each time/],
        ['a default is the time', title.extend({at: z.date().default(() => new Date())}), {title: 'a'}, /another one each time/],
        ['a field could be another under a new name', z.object({heading: z.string().default('')}), {title: 'a'}, /could be the same.*renamedFrom: 'title'/],
        ['an optional field could be another under a new name', z.object({heading: z.string().optional()}), {title: 'a'}, /could be the same/]
    ])('is refused where %s', (_what, target, payload, reason) => {
        expect(up(title, target, payload)).toEqual(refused(reason));
    });

    it('takes a random default where it isn\'t needed', () => {
        expect(up(title, title.extend({n: z.number().default(() => Math.random())}), {title: 'a', n: 1})).toEqual({title: 'a', n: 1});
    });

    it('is not held up by a new field that could not take the value of one that is left out', () => {
        expect(up(title, z.object({n: z.number().default(0)}), {title: 'a'})).toEqual({n: 0});
        expect(down(title.extend({note: z.string().optional()}), z.object({note: z.string().optional()}), {title: 'a'})).toEqual({});
    });

    it('renames fields both ways, inside as well', () => {
        const old = z.object({title: z.string(), items: z.array(z.object({sku: z.string()}))});
        const now = z.object({heading: z.string().meta({renamedFrom: 'title'}), items: z.array(z.object({article: z.string().optional().meta({renamedFrom: ['id', 'sku']})}))});
        const [before, after] = [{title: 'a', items: [{sku: 'x'}]}, {heading: 'a', items: [{article: 'x'}]}];
        expect(up(old, now, before)).toEqual(after);
        expect(down(now, old, after)).toEqual(before);
        expect(up(now, now, after)).toEqual(after);
    });

    it('finds a rename through optional() and default()', () => {
        expect(up(title, z.object({heading: z.string().meta({renamedFrom: 'title'}).default('none')}), {title: 'a'})).toEqual({heading: 'a'});
    });

    it('doesn\'t take a renamed field where both names are taken', () => {
        const both = z.object({title: z.string(), heading: z.string().default('').meta({renamedFrom: 'title'})});
        expect(up(title, both, {title: 'a'})).toEqual({title: 'a', heading: ''});
    });

    it('leaves the payload that it is given alone', () => {
        const payload = Object.freeze({title: 'a', list: Object.freeze([1])});
        expect(up(title, title.extend({list: z.array(z.number())}), payload)).toEqual({title: 'a', list: [1]});
    });

    it('leaves personal data that was erased as it is, and validates all else', () => {
        const gone = {$erased: true};
        const old = z.object({name: z.string(), address: z.object({city: z.string()}), mails: z.array(z.string())});
        const now = old.extend({person: z.string().meta({renamedFrom: 'name'}), n: z.number().default(1), x: z.string().optional(), address: z.object({city: z.string(), zip: z.string().default('?')})}).omit({name: true});
        const payload = {name: gone, address: {city: gone}, mails: ['a', gone]};
        const result = {person: gone, address: {city: gone, zip: '?'}, mails: ['a', gone], n: 1};
        expect(up(old, now, payload)).toEqual(result);
        expect(down(now, old, result)).toEqual(payload);
        expect(up(old, now.extend({more: z.string()}), payload)).toEqual(refused(/more: /));
        expect(up(old, now, {...payload, mails: [1, gone]})).toEqual(refused(/mails.0: /));
        expect(up(old, z.strictObject({name: z.string()}), {name: gone, more: 1})).toEqual(refused(/more: /));
        expect(up(old, z.looseObject({name: z.string()}), {name: gone, more: 1})).toEqual({name: gone, more: 1});
        expect(up(old, z.object({name: z.union([z.string(), z.object({first: z.string()})])}), {name: {first: gone}})).toEqual(refused(/erased/));
        expect(up(old, z.string(), gone)).toEqual(gone);
    });

    it('refuses schemas of other libraries', () => {
        const schema: StandardSchema = {'~standard': {version: 1, vendor: 'other', validate: value => ({value})}};
        expect(up(undefined, schema, {})).toEqual(refused(/not one of Zod's/));
    });
});

const recordOf = (version: number, payload: unknown): RecordedEvent => ({
    id: 'id', type: 'thing', version, timestamp: 0, payload: payload as never, meta: {}, correlationId: 'id', causationId: null, tags: [], aggregateName: 'a', aggregateId: '1', revision: 0n, position: 0n
});

type Kind = 'written' | 'both' | 'default' | 'required' | 'absent';

/** Version n has the fields f1 to fn; a chain in which each step is written, automatic, impossible, or has no class. */
function classesOf(kinds: readonly Kind[]): Map<number, EventClass> {
    const classes = new Map<number, EventClass>();
    kinds.forEach((kind, index) => {
        if (kind === 'absent')
            return;
        const version = index + 1;
        const shape = Object.fromEntries(kinds.slice(0, version).map((each, i) => [`f${i + 1}`, each === 'default' ? z.number().default(i + 1) : z.number()]));
        const name = `f${version}`;
        classes.set(version, defineEvent('Thing', {
            version, schema: z.object(shape),
            ...(kind === 'written' || kind === 'both') && {upcast: (payload: object) => ({...payload, [name]: version})},
            ...kind === 'both' && {downcast: (payload: object) => Object.fromEntries(Object.entries(payload).filter(([key]) => key !== name))}
        }));
    });
    return classes;
}

describe('chains of versions', () => {
    const chains = fc.array(fc.constantFrom<Kind>('written', 'both', 'default', 'required', 'absent'), {minLength: 1, maxLength: 7}).filter(kinds => kinds.some(kind => kind !== 'absent'));

    it('lead to the right payload or to an error that names both ends, whatever mix of written, automatic and missing steps', () => {
        fc.assert(fc.property(chains, fc.nat(), fc.nat(), (kinds, a, b) => {
            const classes = classesOf(kinds);
            const known = [...classes.keys()];
            const handled = known[b % known.length] as number;
            const recorded = 1 + a % kinds.length;
            const payload = Object.fromEntries(kinds.slice(0, recorded).map((_kind, i) => [`f${i + 1}`, i + 1]));
            const between = kinds.slice(Math.min(recorded, handled), Math.max(recorded, handled) - 1);
            const newest = Math.max(...known);
            const isUp = recorded < handled;
            // Steps up must each be written or have a default; a gap between the ends breaks the chain, except above all that is known.
            const hasGap = isUp ? between.includes('absent') : kinds.slice(handled, Math.min(recorded, newest + 1) - 1).includes('absent');
            const hasImpossible = isUp && kinds.slice(recorded, handled).includes('required');
            // Fields that an absent version in front has are required, and there.
            const handlers = new EventHandlers(new EventCatalogue([...classes.values()]), [[`thing@${handled}`, 'handler']], 'Test');
            const resolve = () => handlers.resolve(recordOf(recorded, payload));
            if (recorded !== handled && (hasGap || hasImpossible)) {
                expect(resolve).toThrow(new RegExp(`version ${handled}, .* has version ${recorded}`));
                return;
            }
            expect(resolve()?.event.payload).toEqual(Object.fromEntries(Array.from({length: handled}, (_, i) => [`f${i + 1}`, i + 1])));
            expect(resolve()?.event.version).toBe(handled);
        }), {numRuns: 1000});
    });

    it('give the class\'s own payload back after a way up and down', () => {
        fc.assert(fc.property(chains.filter(kinds => !kinds.includes('absent') && !kinds.includes('required')), kinds => {
            const catalogue = new EventCatalogue([...classesOf(kinds).values()]);
            const last = kinds.length;
            const lift = new EventHandlers(catalogue, [[`thing@${last}`, 0]], 'Test').resolve(recordOf(1, {f1: 42}));
            const back = new EventHandlers(catalogue, [['thing@1', 0]], 'Test').resolve(recordOf(last, structuredClone(lift?.event.payload)));
            expect(back?.event.payload).toEqual({f1: 42});
        }));
    });

    it('refuse with a value, so that no stack is made for each event', () => {
        expect(up(title, title.extend({n: z.number()}), {title: 'a'})).toBeInstanceOf(CastRefusal);
    });
});
