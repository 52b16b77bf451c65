import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import createWoltage, {Aggregate, defineEvent, Event, MemoryEventStore, MemoryStore, Projector, ReadModel, z, type WoltageConfig} from 'woltage';

const seed = fileURLToPath(new URL('./seed/', import.meta.url));
const schema = z.object({title: z.string()});

let folder = '';
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-modules-'));
});
afterAll(() => rm(folder, {recursive: true}));

/** Writes modules into a new folder. They share the test's own copy of Woltage. */
async function modules(name: string, files: Record<string, string>): Promise<string> {
    Object.assign(globalThis, {woltageForTests: {Aggregate, Event, Projector, ReadModel, z}});
    for (const [file, text] of Object.entries(files)) {
        const path = join(folder, name, file);
        await mkdir(dirname(path), {recursive: true});
        await writeFile(path, `const {Aggregate, Event, Projector, ReadModel, z} = globalThis.woltageForTests;\n${text}`);
    }
    return join(folder, name);
}

const store = {adapter: MemoryStore};
async function create(config: Partial<WoltageConfig>) {
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore}, eventClasses: [], aggregates: [], projectorClasses: [], internalStore: store, stores: {main: store}, ...config
    });
    await woltage.stop();
    return woltage;
}

const event = (name: string, more = ''): string =>
    `export default class ${name} extends Event { static schema = z.object({title: z.string()}); static version = 1; ${more} }`;

describe('modules of a directory', () => {
    it('are found in subfolders, by default and named exports, and test and declaration files are left alone', async () => {
        const eventClasses = await modules('good', {
            'TodoAdded.mjs': event('TodoAdded'),
            'deep/er/TodoDone.js': `${event('TodoDone')}\nexport {default as Alias} from './TodoDone.js'; export const other = 1;`,
            'named.mjs': event('TodoNamed').replace('default ', ''),
            'TodoAdded.test.mjs': 'throw new Error("A test was imported.");',
            'TodoAdded.d.ts': 'throw new Error("A declaration was imported.");',
            'notes.md': 'no module',
            '__tests__/x.mjs': 'throw new Error("A test was imported.");'
        });
        const aggregates = await modules('good-aggregates', {
            'todo.mjs': `export default Aggregate.create('todo', {'todo.added@1': s => s, 'todo.done@1': s => s, 'todo.named@1': s => s});`
        });
        await create({eventClasses, aggregates});
    });

    it('may hold base classes that others extend', async () => {
        await create({
            eventClasses: await modules('base', {
                'Base.mjs': 'export default class Base extends Event {}',
                'order/Placed.mjs': `import Base from '../Base.mjs';\n${event('Placed').replace('Event', 'Base')}`
            })
        });
    });

    it('load the seed\'s own classes', async () => {
        Object.assign(globalThis, {getLoggedInUser: () => ({id: '7'})});
        await create({
            eventClasses: join(seed, 'events'), projectorClasses: join(seed, 'projectors'), readModelClasses: join(seed, 'readModels')
        });
    });

    it.each<[string, Record<string, string>, keyof WoltageConfig, string, string]>([
        ['a module that throws', {'a.mjs': 'throw new Error("Oh!");'}, 'eventClasses', 'MODULE_FAILED', 'Oh!'],
        ['an event class without schema', {'a.mjs': 'export default class A extends Event { static version = 1; }'}, 'eventClasses', 'EVENT_CLASS_INVALID', 'static schema'],
        ['an event class without version', {'a.mjs': 'export default class A extends Event { static schema = z.object({}); }'}, 'eventClasses', 'EVENT_CLASS_INVALID', 'static version'],
        ['an event class that nobody extends and that has nothing', {'a.mjs': 'export default class A extends Event {}'}, 'eventClasses', 'EVENT_CLASS_INVALID', 'static schema'],
        ['two event classes of one type and version', {'a.mjs': event('A'), 'b.mjs': event('A')}, 'eventClasses', 'DUPLICATE_EVENT_CLASS', 'b.mjs'],
        ['two aggregates of one name', {'a.mjs': 'export default Aggregate.create("x", {});', 'b.mjs': 'export default Aggregate.create("x", {});'}, 'aggregates', 'DUPLICATE_AGGREGATE_NAME', 'b.mjs'],
        ['an aggregate that handles an unknown event', {'a.mjs': 'export default Aggregate.create("x", {"gone@1": s => s});'}, 'aggregates', 'UNKNOWN_EVENT_CLASS', 'gone@1'],
        ['a projector without version', {'a.mjs': 'export default class P extends Projector { static schema = {}; }'}, 'projectorClasses', 'PROJECTOR_INVALID', 'static version'],
        ['a projector without schema', {'a.mjs': 'export default class P extends Projector { static version = 1; }'}, 'projectorClasses', 'PROJECTOR_INVALID', 'static schema'],
        ['a projector whose table has no key', {'a.mjs': 'export default class P extends Projector { static version = 1; static schema = {t: {}}; }'}, 'projectorClasses', 'TABLE_INVALID', '`key`'],
        ['an index on no field', {'a.mjs': 'export default class P extends Projector { static version = 1; static schema = {t: {key: z.object({id: z.string()}), indexes: [["nope"]]}}; }'}, 'projectorClasses', 'TABLE_INVALID', 'nope'],
        ['two projectors of one name and version', {'a.mjs': 'export default class P extends Projector { static version = 1; static schema = {}; }', 'b.mjs': 'export default class P extends Projector { static version = 1; static schema = {}; }'}, 'projectorClasses', 'DUPLICATE_PROJECTOR', 'b.mjs'],
        ['a read model without a projection', {'a.mjs': 'export default class R extends ReadModel {}'}, 'readModelClasses', 'READ_MODEL_INVALID', 'projectionName'],
        ['two read models whose names differ in case alone', {'a.mjs': 'export default class Ra extends ReadModel { projectionName = "x"; }', 'b.mjs': 'export default class RA extends ReadModel { projectionName = "x"; }'}, 'readModelClasses', 'DUPLICATE_READ_MODEL', 'b.mjs']
    ])('are refused with the file and what to do: %s', async (name, files, property, code, hint) => {
        const path = await modules(name.replaceAll(' ', '-'), files);
        const file = code === 'DUPLICATE_EVENT_CLASS' ? 'b.mjs' : Object.keys(files).at(-1) ?? '';
        const creating = create({[property]: path});
        await expect(creating).rejects.toMatchObject({code, message: expect.stringContaining(file) as string});
        await expect(creating).rejects.toThrow(hint);
    });

    it('that can\'t be read are refused with the path and the property', async () => {
        await expect(create({aggregates: join(folder, 'missing')})).rejects.toMatchObject({
            code: 'DIRECTORY_NOT_FOUND', message: expect.stringMatching(/missing' of the config's 'aggregates'/) as string
        });
    });
});

describe('events', () => {
    const TodoAdded = defineEvent('TodoAdded', {schema});

    it('have types from their names, or their own', () => {
        class OrderShipmentPrepared extends Event<typeof schema> {
            static schema = schema;
            static version = 2;
        }
        class Minified extends OrderShipmentPrepared {
            static type = 'shipment.ready';
        }
        expect([OrderShipmentPrepared.type, String(OrderShipmentPrepared), OrderShipmentPrepared.identity]).toEqual(['order.shipment.prepared', 'order.shipment.prepared', 'order.shipment.prepared@2']);
        expect([Minified.type, new Minified({payload: {title: 'x'}}).type, TodoAdded.type]).toEqual(['shipment.ready', 'shipment.ready', 'todo.added']);
    });

    it('are validated when created, and not when read back', () => {
        expect(() => new TodoAdded({payload: {title: 1 as never}})).toThrow(expect.objectContaining({code: 'VALIDATION_FAILED'}) as Error);
        expect(new TodoAdded({payload: {title: 1 as never}}, false).payload).toEqual({title: 1});
        expect(new TodoAdded({payload: {title: 'x', more: 1} as never}).payload).toEqual({title: 'x'});
    });

    it('carry ids that rise, a timestamp in ms, and correlate with themselves at first', () => {
        const before = Date.now();
        const ids = Array.from({length: 5000}, () => new TodoAdded({payload: {title: 'x'}}).id);
        expect(ids).toEqual([...ids].sort());
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        const one = new TodoAdded({payload: {title: 'x'}});
        expect(one.timestamp).toBeGreaterThanOrEqual(before);
        expect(one).toMatchObject({correlationId: one.id, causationId: null, aggregateId: '', revision: -1n, position: -1n, meta: {}});
    });
});
