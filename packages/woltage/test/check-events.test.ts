import {describe, expect, it} from 'vitest';
import {Aggregate, defineEvent, MemoryEventStore, MemoryEventStoreData, uuidV7, z, type WoltageConfig} from 'woltage';
import {Added, add, count, projectorOf, start, todo} from './support/todo.ts';

type Recorded = readonly [aggregateName: string, type: string, version: number, payload: object];

async function dataOf(records: readonly Recorded[]): Promise<MemoryEventStoreData> {
    const data = new MemoryEventStoreData();
    const store = new MemoryEventStore(data);
    await store.connect();
    for (const [aggregateName, type, version, payload] of records) {
        const id = uuidV7();
        await store.append(aggregateName, '1', [{id, type, version, timestamp: 1, payload: payload as never, meta: {}, correlationId: id, causationId: null, tags: []}]);
    }
    return data;
}

const check = async (records: readonly Recorded[], config: Partial<WoltageConfig> = {}) =>
    await (await start(projectorOf(count), {autostart: false, ...config}, await dataOf(records))).checkEvents();

const good: Recorded = ['todo', 'added', 1, {title: 'a', rank: 1}];

describe('checkEvents', () => {
    it('has nothing to say against what can be read, and tells what there is', async () => {
        expect(await check([])).toEqual({ok: true, events: 0, types: [], problems: []});
        const renamed = defineEvent('Added', {version: 2, schema: Added.schema, renamedFrom: 'put'});
        const report = await check([good, good, ['todo', 'put', 2, {title: 'b', rank: 2}]], {eventClasses: [Added, renamed]});
        expect(report).toMatchObject({ok: true, events: 3, problems: [], types: [
            {type: 'added', version: 1, events: 2, hasClass: true, handledBy: ['Aggregate \'todo\'', 'Projector \'TodoProjector@1\''], example: {position: 0n, aggregateName: 'todo', aggregateId: '1'}},
            {type: 'put', version: 2, events: 1, hasClass: true, handledBy: ['Aggregate \'todo\'', 'Projector \'TodoProjector@1\'']}
        ]});
    });

    it('reports a type without a class, and a version that handlers can\'t reach, with count, example and who handles the type', async () => {
        const report = await check([good, ['other', 'gone.by', 3, {}], ['todo', 'added', 7, {}], ['todo', 'added', 7, {}], ['todo', 'added', 7, {title: 'c', rank: 1, more: true}]]);
        expect(report).toMatchObject({ok: false, events: 5, problems: [
            {
                type: 'added', version: 7, events: 2, example: {position: 2n, id: expect.any(String) as string}, code: 'EVENT_VERSION_UNREACHABLE',
                handledBy: ['Aggregate \'todo\'', 'Projector \'TodoProjector@1\''], message: expect.stringMatching(/version 1.*version 7/) as string
            },
            {type: 'gone.by', version: 3, events: 1, example: {position: 1n}, code: 'UNKNOWN_EVENT', handledBy: []}
        ]});
    });

    it('casts each event that needs it, so that one that a cast fails on is found among many', async () => {
        const Added2 = defineEvent('Added', {version: 2, schema: z.object({title: z.string(), rank: z.number(), words: z.number()}), upcast: ({title, rank}: {title: string; rank: number}) => {
            if (title === '')
                throw new Error('no title');
            return {title, rank, words: title.split(' ').length};
        }});
        const aggregate = Aggregate.create('todo', {$init: () => ({}), [Added2.identity]: (state: object) => state});
        const records = Array.from({length: 3000}, (_, i): Recorded => ['todo', 'added', 1, {title: i === 2345 ? '' : 't', rank: i}]);
        const report = await check(records, {eventClasses: [Added, Added2], aggregates: [aggregate], readModelClasses: []});
        expect(report).toMatchObject({ok: false, events: 3000, problems: [{type: 'added', version: 1, events: 1, example: {position: 2345n}, code: 'UPCAST_FAILED', handledBy: ['Aggregate \'todo\'']}]});
    });

    it('counts what an aggregate handles in its own streams alone', async () => {
        const Added2 = defineEvent('Added', {version: 2, schema: z.object({other: z.string()})});
        const aggregate = Aggregate.create('list', {$init: () => ({}), [Added2.identity]: (state: object) => state});
        const config = {eventClasses: [Added, Added2], aggregates: [aggregate as unknown as Aggregate], readModelClasses: []};
        expect(await check([good], config)).toMatchObject({ok: true});
        expect(await check([['list', 'added', 1, {title: 'a', rank: 1}]], config)).toMatchObject({ok: false, problems: [{handledBy: ['Aggregate \'list\'']}]});
    });

    it('finds what $all can\'t read, and lets the fallback help', async () => {
        const aggregate = Aggregate.create('list', {$init: () => ({}), $all: (state: object) => state});
        const config = {aggregates: [aggregate as unknown as Aggregate], readModelClasses: []};
        expect(await check([['list', 'strange', 1, {}]], config)).toMatchObject({ok: false, problems: [{code: 'UNKNOWN_EVENT', handledBy: ['Aggregate \'list\'']}]});
        expect(await check([['list', 'added', 5, {}]], {...config, eventCastingFallback: () => ({title: 'x', rank: 0})})).toMatchObject({ok: true});
    });

    it('tells how far it is, looks at a part of the store, and stops when it is told to', async () => {
        const woltage = await start(projectorOf(count), {autostart: false}, await dataOf(Array.from({length: 2500}, () => good)));
        const progress: unknown[] = [];
        await woltage.checkEvents({onProgress: step => progress.push(step)});
        expect(progress).toEqual([1000, 2000, 2500].map(events => ({events, position: BigInt(events - 1), end: 2499n})));
        expect(await woltage.checkEvents({after: 9n, until: 19n})).toMatchObject({events: 10});
        expect(await woltage.checkEvents({types: ['nothing']})).toMatchObject({events: 0});
        const controller = new AbortController();
        await expect(woltage.checkEvents({signal: controller.signal, onProgress: () => controller.abort(new Error('enough'))})).rejects.toThrow('enough');
        await expect(woltage.checkEvents({signal: AbortSignal.abort(new Error('never'))})).rejects.toThrow('never');
        await expect(woltage.checkEvents({onProgress: () => void woltage.stop()})).rejects.toMatchObject({code: 'STOPPED'});
    });

    it('changes nothing, and leaves a running instance alone', async () => {
        const woltage = await start(projectorOf(count));
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        expect(await woltage.checkEvents()).toMatchObject({ok: true, events: 1});
        expect(await woltage.stateOf(todo, 'a')).toEqual({titles: ['x']});
    });
});
