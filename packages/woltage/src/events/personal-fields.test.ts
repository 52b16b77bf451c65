import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {personal} from './personal.ts';
import {PersonalFields} from './personal-fields.ts';

const isPersonalAt = (schema: unknown, ...path: (string | number)[]): boolean =>
    path.reduce<PersonalFields>((fields, key) => fields.at(key), new PersonalFields(schema)).isPersonal;

describe('personal()', () => {
    const text = personal(z.string());

    it('marks a schema, and all that are derived from it', () => {
        const derived = [
            text, text.optional(), text.nullable(), text.default('x'), text.prefault('x'), text.catch('x'), text.readonly(), text.min(3).max(9), text.refine(() => true),
            text.brand('x'), text.describe('x'), text.meta({a: 1}), text.optional().nullable().default(null), text.toLowerCase(), text.transform(value => value.length),
            z.preprocess(value => value, text), z.lazy(() => text), z.union([z.number(), text]), text.or(z.number()), text.pipe(z.string()), personal(z.object({a: z.string()})).strict(),
            personal(z.object({a: z.string()})).extend({b: z.string()}), personal(z.array(z.string())).min(1), z.nonoptional(text.optional())
        ];
        for (const schema of derived)
            expect(isPersonalAt(schema)).toBe(true);
    });

    it('leaves the schema that it was given as it was', () => {
        const plain = z.string();
        expect(personal(plain)).not.toBe(plain);
        expect(isPersonalAt(plain)).toBe(false);
        expect(personal(z.email()).safeParse('x').success).toBe(false);
        expect(personal(plain.default('y')).parse(undefined)).toBe('y');
    });

    it('refuses what is no Zod schema', () => {
        for (const schema of [undefined, null, 'text', {}, {'~standard': {version: 1, vendor: 'x', validate: () => ({value: 1})}}])
            expect(() => personal(schema as never)).toThrow(expect.objectContaining({code: 'PERSONAL_INVALID'}));
    });
});

describe('The personal fields of a schema', () => {
    const text = personal(z.string());

    it('are found at any depth', () => {
        const cases: readonly (readonly [unknown, ...(string | number)[]])[] = [
            [z.object({a: text}), 'a'], [z.object({a: z.object({b: text}).optional()}), 'a', 'b'], [z.array(text), 7], [z.object({a: z.array(z.object({b: text}))}), 'a', 0, 'b'],
            [z.record(z.string(), text), 'anything'], [z.tuple([z.string(), text]), 1], [z.tuple([z.string()], text), 5], [z.object({}).catchall(text), 'x'],
            [z.discriminatedUnion('k', [z.object({k: z.literal('a'), v: text}), z.object({k: z.literal('b'), v: z.string()})]), 'v'],
            [z.object({a: z.string()}).and(z.object({b: text})), 'b'], [z.object({a: text}).transform(({a}) => ({b: a})), 'a'], [z.object({a: text}).partial(), 'a'],
            [z.object({__proto__x: text, 'a.b': text}), 'a.b'], [z.strictObject({a: z.looseObject({b: text})}), 'a', 'b']
        ];
        for (const [schema, ...path] of cases) {
            expect(isPersonalAt(schema, ...path)).toBe(true);
            expect(new PersonalFields(schema).isSensitive).toBe(true);
        }
    });

    it('are no others', () => {
        const schema = z.object({a: text, b: z.string(), c: z.array(z.object({d: z.number()}))});
        for (const path of [['b'], ['c'], ['c', 0], ['c', 0, 'd'], ['x'], ['constructor'], ['__proto__']])
            expect(isPersonalAt(schema, ...path)).toBe(false);
        expect(isPersonalAt(z.tuple([text, z.string()]), 1)).toBe(false);
        for (const plain of [z.object({a: z.string()}), z.any(), undefined, {}, z.map(z.string(), z.string())])
            expect(new PersonalFields(plain).isSensitive).toBe(false);
    });

    it('may be in schemas that contain themselves', () => {
        const person = z.object({
            name: text,
            get children() {
                return z.array(person);
            }
        });
        expect(isPersonalAt(person, 'children', 3, 'children', 0, 'name')).toBe(true);
        type Tree = {readonly v: string; readonly next?: Tree | undefined};
        const tree: z.ZodType<Tree> = z.lazy(() => z.object({v: z.string(), next: tree.optional()}));
        expect(new PersonalFields(tree).isSensitive).toBe(false);
    });
});
