import {describe, expect, it} from 'vitest';
import {
    Aggregate, defineEvent, MemoryEventStore, MemoryEventStoreData, Projector, uuidV7, z, type EventClass, type EventData, type Woltage, type WoltageConfig
} from 'woltage';
import {Added, start, todo, count, projectorOf} from './support/todo.ts';

const noted1 = defineEvent('Noted', {schema: z.object({title: z.string()})});
const noted2 = defineEvent('Noted', {version: 2, schema: z.object({title: z.string(), priority: z.number().default(3)})});
const noted3Schema = z.object({heading: z.string(), priority: z.number()});
const noted3 = defineEvent('Noted', {
    version: 3, schema: noted3Schema,
    upcast: ({title, priority}: {title: string; priority: number}) => ({heading: title, priority}),
    downcast: ({heading, priority}) => ({title: heading, priority})
});
const noted4 = defineEvent('Noted', {version: 4, schema: noted3Schema.extend({tags: z.array(z.string()).default([]), by: z.string().optional()})});
const all = [noted1, noted2, noted3, noted4] as const;
const history = [
    ['noted', 1, {title: 'a'}], ['noted', 2, {title: 'b', priority: 1}], ['noted', 3, {heading: 'c', priority: 2}], ['noted', 4, {heading: 'd', priority: 5, tags: ['x'], by: 'ann'}]
] as const;

type Recorded = readonly [type: string, version: number, payload: EventData['payload']];

async function storeOf(records: readonly Recorded[]): Promise<MemoryEventStoreData> {
    const data = new MemoryEventStoreData();
    const store = new MemoryEventStore(data);
    await store.connect();
    for (const [type, version, payload] of records) {
        const id = uuidV7();
        await store.append('note', '1', [{id, type, version, timestamp: 1, payload, meta: {}, correlationId: id, causationId: null, tags: []}]);
    }
    return data;
}

type Payloads = {readonly payloads: unknown[]};
const aggregateOf = (...handled: readonly EventClass[]): Aggregate => {
    const aggregate = Aggregate.create('note', {$init: (): Payloads => ({payloads: []})});
    for (const eventClass of handled)
        aggregate.on(eventClass, ({payloads}, {version, payload}) => ({payloads: [...payloads, handled.length === 1 ? payload : [version, payload]]}));
    return aggregate;
};

/** What an aggregate with handlers for some classes sees. */
async function seen(records: readonly Recorded[], classes: readonly EventClass[], handled: readonly EventClass[], config: Partial<WoltageConfig> = {}): Promise<unknown> {
    const aggregate = aggregateOf(...handled);
    const woltage = await start(projectorOf(count), {eventClasses: [Added, ...classes], aggregates: [todo, aggregate], ...config}, await storeOf(records));
    return (await woltage.stateOf(aggregate, '1') as Payloads).payloads;
}

const tables = {notes: {key: z.object({position: z.string()}), schema: z.object({type: z.string(), payload: z.unknown()})}};

/** What a projector with a handler for a class writes. */
async function rows(records: readonly Recorded[], classes: readonly EventClass[], handled: EventClass, config: Partial<WoltageConfig> = {}): Promise<{readonly woltage: Woltage; readonly payloads: unknown[]}> {
    class Notes extends Projector<typeof tables> {
        static schema = tables;
        static version = 1;

        async [handled.identity](event: {readonly type: string; readonly payload: unknown; readonly position: bigint}) {
            await this.store.tables.notes.set({position: String(event.position), type: event.type, payload: event.payload});
            written.push(event.payload);
        }
    }
    const written: unknown[] = [];
    const woltage = await start(Notes as never, {
        eventClasses: [Added, ...classes], aggregates: [], readModelClasses: [], projectorClasses: [Notes],
        projections: [{name: 'notes', version: 1, projector: Notes, store: 'main'}], ...config
    }, await storeOf(records));
    return {woltage, payloads: written};
}

const asFirst = [{title: 'a'}, {title: 'b'}, {title: 'c'}, {title: 'd'}];
const asLast = [{heading: 'a', priority: 3, tags: []}, {heading: 'b', priority: 1, tags: []}, {heading: 'c', priority: 2, tags: []}, {heading: 'd', priority: 5, tags: ['x'], by: 'ann'}];

describe('events of four versions', () => {
    it('reach an aggregate that handles the first, the last, or any other version alone', async () => {
        expect(await seen(history, all, [noted1])).toEqual(asFirst);
        expect(await seen(history, all, [noted4])).toEqual(asLast);
        expect(await seen(history, all, [noted2])).toEqual([{title: 'a', priority: 3}, {title: 'b', priority: 1}, {title: 'c', priority: 2}, {title: 'd', priority: 5}]);
    });

    it('reach the handler of their own version, else the newest that they can be cast to', async () => {
        expect(await seen(history, all, [noted1, noted4])).toEqual([[1, asFirst[0]], [4, asLast[1]], [4, asLast[2]], [4, asLast[3]]]);
    });

    it('reach a projector that handles the first, or the last', async () => {
        expect((await rows(history, all, noted1)).payloads).toEqual(asFirst);
        expect((await rows(history, all, noted4)).payloads).toEqual(asLast);
    });

    it('reach a process that knows the first version alone, as in a rolling deployment, where its schema accepts them', async () => {
        expect(await seen([['noted', 1, {title: 'a'}], ['noted', 2, {title: 'b', priority: 1}]], [noted1], [noted1])).toEqual([{title: 'a'}, {title: 'b'}]);
        await expect(seen(history, [noted1], [noted1])).rejects.toMatchObject({code: 'EVENT_VERSION_UNREACHABLE', message: expect.stringMatching(/in version 1, .* has version 3.*title/s) as string});
    });

    it('go through the fallback where this process doesn\'t know the version', async () => {
        const asked: unknown[] = [];
        const future: Recorded = ['noted', 9, {topic: {$date: 5}}];
        const eventCastingFallback: WoltageConfig['eventCastingFallback'] = ({payload, version}, wanted) => {
            asked.push([version, wanted, payload]);
            return wanted.version === 4 ? {heading: 'from afar', priority: 0} : undefined;
        };
        expect(await seen([...history, future], all, [noted4], {eventCastingFallback})).toEqual([...asLast, {heading: 'from afar', priority: 0, tags: []}]);
        expect(asked).toEqual([[9, {type: 'noted', version: 4}, {topic: new Date(5)}]]);
        expect((await rows([future], all, noted4, {eventCastingFallback})).payloads).toEqual([{heading: 'from afar', priority: 0, tags: []}]);
        await expect(seen([future], all, [noted1], {eventCastingFallback})).rejects.toMatchObject({code: 'EVENT_VERSION_UNREACHABLE'});
    });

    it('go through the fallback before a guess is made on a version that nobody knows, and after it on one that is known', async () => {
        const eventCastingFallback = () => ({title: 'fallback'});
        expect(await seen([['noted', 7, {title: 'auto'}]], [noted1], [noted1], {eventCastingFallback})).toEqual([{title: 'fallback'}]);
        expect(await seen([['noted', 2, {title: 'auto', priority: 1}]], [noted1, noted2], [noted1], {eventCastingFallback})).toEqual([{title: 'auto'}]);
    });

    it.each([
        ['throws', () => { throw new Error('no line'); }, /no line/], ['is async', async () => ({title: 'x'}), /promise/], ['returns what doesn\'t fit', () => ({title: 7}), /title/]
    ])('are an error with event, position and step where the fallback %s', async (_what, eventCastingFallback, message) => {
        await expect(seen([['noted', 7, {}]], [noted1], [noted1], {eventCastingFallback})).rejects.toMatchObject({
            code: 'CASTING_FALLBACK_FAILED', message: expect.stringMatching(message) as string, details: {type: 'noted', version: 7, position: '0', from: 7, to: 1}
        });
    });

    it('need a fallback that is a function', async () => {
        await expect(start(projectorOf(count), {eventCastingFallback: 'x' as never})).rejects.toMatchObject({code: 'CONFIG_INVALID'});
    });

    it('never pass a handler unseen: a projection stops at the first that it can\'t read', async () => {
        const {woltage} = await rows([['noted', 1, {title: 'a'}], ['noted', 9, {}]], [noted1], noted1);
        await expect.poll(() => woltage.getProjection('notes', 1)?.state).toBe('faulted');
        expect(woltage.getProjection('notes', 1)?.error).toMatchObject({position: 1n, cause: {code: 'EVENT_VERSION_UNREACHABLE'}});
    });

    it('reach $all in their own class where no handler of the type can read them', async () => {
        const versions: number[] = [];
        const aggregate = Aggregate.create('note', {
            $init: () => ({}), $all: (state: object, {version}: {readonly version: number}) => {
                versions.push(version);
                return state;
            },
            [noted1.identity]: (state: object) => state
        });
        const other = defineEvent('Noted', {version: 2, schema: z.object({other: z.string()})});
        const woltage = await start(projectorOf(count), {eventClasses: [Added, noted1, other], aggregates: [todo, aggregate]}, await storeOf([['noted', 1, {title: 'a'}], ['noted', 2, {other: 'b'}]]));
        await woltage.stateOf(aggregate, '1');
        expect(versions).toEqual([2]);
    });
});

describe('a written cast', () => {
    const v1 = noted1;
    const upcasting = (upcast: (payload: never) => never) => defineEvent('Noted', {version: 2, schema: z.object({words: z.array(z.string())}), upcast});

    it.each([
        ['throws', () => { throw new Error('no words'); }, /no words/], ['returns a promise', () => Promise.resolve({words: []}), /must not be async/],
        ['returns nothing', () => undefined, /returned nothing/], ['returns what doesn\'t fit', () => ({words: 'all'}), /doesn't fit the schema: words/]
    ])('that %s is an error that names event, position and step', async (_what, upcast, message) => {
        const v2 = upcasting(upcast as never);
        await expect(seen([['noted', 1, {title: 'a'}]], [v1, v2], [v2])).rejects.toMatchObject({
            code: 'UPCAST_FAILED', message: expect.stringMatching(message) as string, details: {type: 'noted', version: 1, position: '0', from: 1, to: 2}
        });
    });

    it('that is async, or no function, is refused at start', async () => {
        for (const upcast of [async () => ({words: []}), 'words']) {
            const v2 = upcasting(upcast as never);
            await expect(seen([], [v1, v2], [v2])).rejects.toMatchObject({code: 'EVENT_CLASS_INVALID', message: expect.stringContaining('static upcast') as string});
        }
    });

    it('that is missing in the chain is an error that names both ends, and why', async () => {
        const v3 = defineEvent('Noted', {version: 3, schema: z.object({words: z.array(z.string())}), upcast: () => ({words: []})});
        await expect(seen([['noted', 1, {title: 'a'}]], [v1, v3], [v3])).rejects.toMatchObject({
            code: 'EVENT_VERSION_UNREACHABLE', message: expect.stringMatching(/in version 3, .* has version 1.*version 2, which lies between/s) as string
        });
    });

    it('that shows that values change forbids an automatic one the other way', async () => {
        const euros = defineEvent('Paid', {schema: z.object({amount: z.number()})});
        const cents = defineEvent('Paid', {version: 2, schema: z.object({amount: z.number(), currency: z.string()}), upcast: ({amount}: {amount: number}) => ({amount: amount * 100, currency: 'EUR'})});
        await expect(seen([['paid', 2, {amount: 500, currency: 'EUR'}]], [euros, cents], [euros])).rejects.toMatchObject({
            code: 'EVENT_VERSION_UNREACHABLE', message: expect.stringContaining('no `static downcast`') as string
        });
        const named = defineEvent('Paid', {version: 2, schema: z.object({amount: z.number(), currency: z.string()}), upcast: ({amount}: {amount: number}) => ({amount, currency: 'EUR'})});
        expect(await seen([['paid', 2, {amount: 500, currency: 'USD'}]], [euros, named], [euros])).toEqual([{amount: 500}]);
    });

    it('of a schema that transforms is taken as it is', async () => {
        const v2 = defineEvent('Noted', {version: 2, schema: z.object({title: z.string().transform(text => text.length)}), upcast: ({title}: {title: string}) => ({title: title.length}) as never});
        expect(await seen([['noted', 1, {title: 'four'}]], [v1, v2], [v2])).toEqual([{title: 4}]);
    });
});

describe('a class with another name', () => {
    const text = z.object({text: z.string()});
    const Remarked = (renamedFrom: unknown, version = 1) => defineEvent('Remarked', {version, schema: text, renamedFrom: renamedFrom as string});
    const old: readonly Recorded[] = [['old.remark', 1, {text: 'a'}], ['remarked', 1, {text: 'b'}]];

    it('gets the events that were recorded under the old one: in aggregates, projections and replays', async () => {
        const renamed = Remarked('old.remark');
        expect(await seen(old, [renamed], [renamed])).toEqual([{text: 'a'}, {text: 'b'}]);
        expect((await rows(old, [renamed], renamed)).payloads).toEqual([{text: 'a'}, {text: 'b'}]);
        const all = Remarked(['older.remark', 'old.remark']);
        expect((await rows([['older.remark', 1, {text: '0'}], ...old], [all], all)).payloads).toEqual([{text: '0'}, {text: 'a'}, {text: 'b'}]);
    });

    it('gets single versions, renumbered, and all of them go on from there', async () => {
        const renamed = defineEvent('Remarked', {schema: text, renamedFrom: {type: 'old.remark', version: 3}});
        const second = defineEvent('Remarked', {version: 2, schema: z.object({text: z.string(), stars: z.number().default(0)})});
        expect(await seen([['old.remark', 3, {text: 'a'}]], [renamed, second], [second])).toEqual([{text: 'a', stars: 0}]);
        await expect(seen([['old.remark', 2, {text: 'a'}]], [renamed, second], [second])).rejects.toMatchObject({code: 'EVENT_VERSION_UNREACHABLE'});
    });

    it('leaves the old type\'s other versions to their own classes', async () => {
        const renamed = defineEvent('Remarked', {schema: text, renamedFrom: {type: 'old.remark', version: 3}});
        const other = defineEvent('OldRemark', {schema: text});
        expect(await seen([['old.remark', 3, {text: 'a'}], ['old.remark', 1, {text: 'other'}]], [renamed, other], [renamed])).toEqual([{text: 'a'}]);
    });

    it.each<[string, readonly EventClass[], RegExp]>([
        ['an old type that is a class of its own', [Remarked('noted'), noted1], /classes of its own/],
        ['an old version that is a class of its own', [Remarked({type: 'noted', version: 1}), noted1], /class of its own/],
        ['two classes from one type', [Remarked('old'), defineEvent('Other', {schema: text, renamedFrom: 'old'})], /only be one/],
        ['two classes from one version', [Remarked({type: 'old', version: 1}), defineEvent('Other', {schema: text, renamedFrom: {type: 'old', version: 1}})], /only be one/],
        ['a version of a type that another takes as a whole', [Remarked({type: 'old', version: 1}), defineEvent('Other', {schema: text, renamedFrom: 'old'})], /only be one/],
        ['a circle', [Remarked('other'), defineEvent('Other', {schema: text, renamedFrom: 'remarked'})], /circle/],
        ['itself', [Remarked('remarked')], /its own type/],
        ['nonsense', [Remarked(7)], /must be an event type/], ['an empty name', [Remarked([''])], /must be/], ['a wrong version', [Remarked({type: 'old', version: 0})], /must be/]
    ])('is refused at start with %s', async (_what, classes, message) => {
        await expect(seen([], classes, [])).rejects.toMatchObject({code: 'EVENT_RENAME_INVALID', message: expect.stringMatching(message) as string});
    });
});
