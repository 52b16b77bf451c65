import fc from 'fast-check';
import {createReadStream, createWriteStream} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {afterEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {
    encodeValue, MemoryEventStore, MemoryEventStoreData, MemoryStore, uuidV7, type EventData, type FileTrailer, type IEventStore, type ImportOptions, type ImportSource, type RecordedEvent, type Woltage
} from 'woltage';

const running: Woltage[] = [];
afterEach(async () => {
    for (const woltage of running.splice(0))
        await woltage.stop();
});

async function woltageOn(data = new MemoryEventStoreData(), adapter: new (data: MemoryEventStoreData) => IEventStore = MemoryEventStore): Promise<Woltage> {
    const woltage = await createWoltage({
        eventStore: {adapter, args: [data]}, eventClasses: [], aggregates: [], projectorClasses: [], internalStore: {adapter: MemoryStore}, autostart: false
    });
    running.push(woltage);
    return woltage;
}

const eventOf = (overrides: Partial<EventData> = {}): EventData => {
    const id = overrides.id ?? uuidV7();
    return {id, type: 'thing.happened', version: 1, timestamp: Date.now(), payload: {}, meta: {}, correlationId: id, causationId: null, tags: [], ...overrides};
};

const values = encodeValue({big: 10n ** 30n, at: new Date(0), text: 'line\nbreak \u2028 \u{1F600} "quoted"', nothing: null, nested: {list: [1.5, -1e300, true]}, odd: {$date: 'no date'}});

/** Streams that are woven into one another, with values of every kind. */
async function fill(data: MemoryEventStoreData, count = 20): Promise<IEventStore> {
    const store = new MemoryEventStore(data);
    await store.connect();
    for (let i = 0; i < count; i++)
        await store.append(i % 3 === 0 ? 'order' : 'cart', String(i % 5), [eventOf({type: `type.${i % 2}`, version: 1 + i % 3, timestamp: i - 5, payload: values, meta: {user: `u${i}`}, tags: i % 4 === 0 ? [`cart:${i}`] : [], causationId: i % 2 === 0 ? uuidV7() : null})]);
    return store;
}

async function contentsOf(data: MemoryEventStoreData): Promise<RecordedEvent[]> {
    const store = new MemoryEventStore(data);
    await store.connect();
    const events: RecordedEvent[] = [];
    for await (const batch of store.subscribe()) {
        events.push(...batch.events);
        if (batch.caughtUp)
            break;
    }
    return events;
}

const linesOf = async (woltage: Woltage, options?: Parameters<Woltage['exportEvents']>[0]): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of woltage.exportEvents(options))
        lines.push(line);
    return lines;
};

async function* once(chunks: Iterable<string | Uint8Array>): AsyncGenerator<string | Uint8Array> {
    yield* chunks;
}

/** A file of `count` events, as lines without newlines. */
async function fileOf(count = 20): Promise<{readonly lines: string[]; readonly data: MemoryEventStoreData}> {
    const data = new MemoryEventStoreData();
    await fill(data, count);
    return {lines: (await linesOf(await woltageOn(data))).map(line => line.trimEnd()), data};
}

const textOf = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('');

async function imported(source: ImportSource, options?: ImportOptions, data = new MemoryEventStoreData()) {
    const result = await (await woltageOn(data)).importEvents(source, options);
    return {result, data, contents: await contentsOf(data)};
}

describe('export and import', () => {
    it('keep everything: order, ids, revisions, times, values, meta, correlation, tags', async () => {
        const {lines, data} = await fileOf();
        const {result, contents} = await imported(textOf(lines));
        expect(contents).toEqual(await contentsOf(data));
        expect(result).toEqual({events: 20, imported: 20, skipped: 0, sha256: expect.stringMatching(/^[\da-f]{64}$/) as string});
        expect(JSON.parse(lines.at(-1) ?? '')).toEqual({end: {events: 20, sha256: result.sha256, position: '19'}});
    });

    it('give the same file again from the store that it was imported into', async () => {
        const {lines} = await fileOf();
        const {data} = await imported(textOf(lines));
        expect((await linesOf(await woltageOn(data))).map(line => line.trimEnd())).toEqual(lines);
    });

    it('work directly from one instance to another, and by a file', async () => {
        const data = new MemoryEventStoreData();
        await fill(data);
        const source = await woltageOn(data);
        const target = await woltageOn();
        expect(await target.importEvents(source.exportEvents())).toMatchObject({events: 20, imported: 20});
        const folder = await mkdtemp(join(tmpdir(), 'woltage-'));
        try {
            const file = join(folder, 'events.ndjson');
            await pipeline(source.exportEvents(), createWriteStream(file));
            expect((await imported(() => createReadStream(file, {highWaterMark: 7}))).contents).toEqual(await contentsOf(data));
        } finally {
            await rm(folder, {recursive: true});
        }
    });

    it('take an empty store', async () => {
        const lines = await linesOf(await woltageOn());
        expect(lines).toHaveLength(2);
        expect((await imported(lines)).result).toMatchObject({events: 0, imported: 0});
    });

    it('take texts, bytes, arrays and streams of both kinds, cut anywhere, with any line ends', async () => {
        const {lines, data} = await fileOf(6);
        const text = textOf(lines);
        const bytes = new TextEncoder().encode(text);
        const cut = (size: number): Uint8Array[] => Array.from({length: Math.ceil(bytes.length / size)}, (_, i) => bytes.subarray(i * size, (i + 1) * size));
        const sources: ImportSource[] = [
            text, bytes, cut(3), once(cut(1)), once(cut(1000)), Readable.from(cut(10)), new Blob([bytes]).stream() as never, Readable.toWeb(Readable.from(cut(5))) as never, () => once([text]), async () => Promise.resolve([text]),
            text.replaceAll('\n', '\r\n'), text.replaceAll('\n', '\n\n'), `\uFEFF${text}`, text.trimEnd(), once([text.slice(0, 700), text.slice(700)]), Buffer.from(`\uFEFF${text}`)
        ];
        for (const source of sources)
            expect((await imported(source)).contents).toEqual(await contentsOf(data));
    });

    it('tell how far they are', async () => {
        const {lines, data} = await fileOf(2500);
        const steps: unknown[] = [];
        await linesOf(await woltageOn(data), {onProgress: step => steps.push(step)});
        expect(steps).toEqual([1000, 2000, 2500].map(events => ({events, position: BigInt(events - 1), end: 2499n})));
        const progress: unknown[] = [];
        await imported(once([textOf(lines)]), {batchSize: 1000, onProgress: step => progress.push(step)});
        expect(progress).toEqual([1000, 2000, 2500].map(events => ({phase: 'write', events, imported: events, skipped: 0})));
        const both: unknown[] = [];
        await imported(textOf(lines), {onProgress: ({phase}) => both.push(phase)});
        expect([...new Set(both)]).toEqual(['check', 'write']);
    });

    it('leave a part out where asked, and go on from there', async () => {
        const {data} = await fileOf();
        const source = await woltageOn(data);
        const first = await linesOf(source, {until: 9n});
        const target = new MemoryEventStoreData();
        expect((await imported(first, {}, target)).result.imported).toBe(10);
        const {end} = JSON.parse(first.at(-1) ?? '') as {end: {position: string}};
        const second = await linesOf(source, {after: BigInt(end.position)});
        await expect(imported(second)).rejects.toMatchObject({code: 'IMPORT_REVISION_GAP'});
        expect((await imported(second, {into: 'append'}, target)).contents).toEqual(await contentsOf(data));
        const some = await linesOf(source, {types: ['type.1']});
        await expect(imported(some)).rejects.toMatchObject({code: 'IMPORT_REVISION_GAP'});
        const {contents, data: renumbered} = await imported(some, {revisions: 'renumber'});
        expect(contents.map(({id}) => id)).toEqual((await contentsOf(data)).filter(({type}) => type === 'type.1').map(({id}) => id));
        for (const into of ['empty', 'append'] as const)
            expect((await imported(some, {revisions: 'renumber', into}, renumbered)).result).toMatchObject({imported: 0, skipped: 10});
        expect((await imported(some, {revisions: 'renumber', into: 'append'}, target)).result).toMatchObject({imported: 0, skipped: 10});
    });

    it('return number, hash and last position to those who ask the generator', async () => {
        const {data} = await fileOf(3);
        const lines = (await woltageOn(data)).exportEvents();
        let trailer: FileTrailer | undefined;
        for (let next = await lines.next(); ; next = await lines.next()) {
            if (next.done === true) {
                trailer = next.value;
                break;
            }
        }
        expect(trailer).toMatchObject({events: 3, position: 2n});
    });

    it('stop when they are told to, or the instance is stopped', async () => {
        const {lines, data} = await fileOf(2500);
        const controller = new AbortController();
        await expect(linesOf(await woltageOn(data), {signal: controller.signal, onProgress: () => controller.abort(new Error('enough'))})).rejects.toThrow('enough');
        const woltage = await woltageOn(data);
        await expect(linesOf(woltage, {onProgress: () => void woltage.stop()})).rejects.toMatchObject({code: 'STOPPED'});
        const target = new MemoryEventStoreData();
        const second = new AbortController();
        await expect(imported(once([textOf(lines)]), {signal: second.signal, onProgress: () => second.abort(new Error('enough'))}, target)).rejects.toThrow('enough');
        expect(await contentsOf(target)).toHaveLength(500);
        const stopped = await woltageOn(target);
        await expect(stopped.importEvents(once([textOf(lines)]), {onProgress: ({imported: count}) => void (count > 0 && stopped.stop())})).rejects.toMatchObject({code: 'STOPPED'});
        expect((await imported(textOf(lines), {}, target)).contents).toEqual(await contentsOf(data));
    });
});

describe('whatever events there are', () => {
    it('comes in as it was, however the file is cut, and goes on wherever it stopped', async () => {
        // JSON writes -0 as 0, in files as in databases.
        const json = fc.json().map(text => JSON.parse(JSON.stringify(JSON.parse(text))) as EventData['payload']);
        const event = fc.record({
            stream: fc.constantFrom('a', 'b', 'c/1', 'ü\n'), type: fc.constantFrom('x', 'y.z', 'x@1'), version: fc.integer({min: 1, max: 9}), timestamp: fc.maxSafeInteger(),
            payload: json, meta: json, tags: fc.array(fc.string({minLength: 1}), {maxLength: 3}),
            causationId: fc.option(fc.uuid()), correlationId: fc.uuid()
        });
        await fc.assert(fc.asyncProperty(fc.array(event, {maxLength: 40}), fc.integer({min: 1, max: 300}), fc.nat(), fc.integer({min: 1, max: 10}), async (events, size, stop, batchSize) => {
            const data = new MemoryEventStoreData();
            const store = new MemoryEventStore(data);
            await store.connect();
            for (const {stream, ...rest} of events)
                await store.append('thing', stream, [eventOf(rest)]);
            const bytes = Buffer.from((await linesOf(await woltageOn(data))).join(''));
            const cut = (upTo: number) => Array.from({length: Math.ceil(upTo / size)}, (_, i) => bytes.subarray(i * size, Math.min((i + 1) * size, upTo)));
            const target = new MemoryEventStoreData();
            await expect(imported(once(cut(stop % (bytes.length - 10))), {batchSize}, target)).rejects.toMatchObject({status: 400});
            const {result, contents} = await imported(once(cut(bytes.length)), {batchSize: 11 - batchSize}, target);
            expect(result.imported + result.skipped).toBe(events.length);
            expect(contents).toEqual(await contentsOf(data));
        }), {numRuns: 150});
    });
});

describe('a repeated import', () => {
    it('of a file that has come in adds nothing', async () => {
        const {lines} = await fileOf();
        const {data} = await imported(textOf(lines));
        expect((await imported(textOf(lines), {}, data)).result).toMatchObject({events: 20, imported: 0, skipped: 20});
        expect((await imported(textOf(lines), {into: 'append'}, data)).result).toMatchObject({imported: 0, skipped: 20});
    });

    it('goes on wherever the first one stopped, also among other events', async () => {
        const {lines, data} = await fileOf();
        const original = await contentsOf(data);
        for (let stop = 0; stop < original.length; stop++) {
            const target = new MemoryEventStoreData();
            await expect(imported(once([textOf(lines.slice(0, 1 + stop))]), {batchSize: 3}, target)).rejects.toMatchObject({code: 'IMPORT_TRUNCATED', details: {line: 2 + stop, events: stop}});
            expect(await contentsOf(target)).toHaveLength(stop);
            const {result, contents} = await imported(textOf(lines), {}, target);
            expect(result).toMatchObject({events: 20, imported: 20 - stop, skipped: stop});
            expect(contents).toEqual(original);

            const shared = new MemoryEventStoreData();
            const store = new MemoryEventStore(shared);
            await store.connect();
            await store.append('other', '1', [eventOf()]);
            await expect(imported(once([textOf(lines.slice(0, 1 + stop))]), {into: 'append'}, shared)).rejects.toMatchObject({code: 'IMPORT_TRUNCATED'});
            await store.append('other', '2', [eventOf()]);
            expect((await imported(textOf(lines), {into: 'append', batchSize: 4}, shared)).result).toMatchObject({imported: 20 - stop, skipped: stop});
            expect((await contentsOf(shared)).filter(({aggregateName}) => aggregateName !== 'other').map(({id, revision}) => [id, revision])).toEqual(original.map(({id, revision}) => [id, revision]));
        }
    });

    it('sees that what is there is not what the file has', async () => {
        const {lines} = await fileOf(3);
        const other = await fileOf(3);
        await expect(imported(textOf(lines), {}, other.data)).rejects.toMatchObject({code: 'IMPORT_NOT_EMPTY', status: 409});
        const changed = new MemoryEventStoreData();
        await expect(imported(once([textOf([lines[0] ?? '', (lines[1] ?? '').replace('u0', 'u9')])]), {}, changed)).rejects.toMatchObject({code: 'IMPORT_TRUNCATED'});
        for (const into of ['empty', 'append'] as const)
            await expect(imported(textOf(lines), {into}, changed)).rejects.toMatchObject({code: 'IMPORT_CONFLICT', details: {line: 2, position: '0'}});
        const more = await imported(textOf(lines));
        const store = new MemoryEventStore(more.data);
        await store.connect();
        await store.append('other', '1', [eventOf()]);
        await expect(imported(textOf(lines), {}, more.data)).rejects.toMatchObject({code: 'IMPORT_NOT_EMPTY'});
    });
});

describe('an import into a store with other events', () => {
    it('is refused, unless it is to append; streams and ids that are taken are conflicts with the line', async () => {
        const {lines} = await fileOf(6);
        const target = new MemoryEventStoreData();
        const store = new MemoryEventStore(target);
        await store.connect();
        await store.append('cart', '2', [eventOf()]);
        await expect(imported(textOf(lines), {}, target)).rejects.toMatchObject({code: 'IMPORT_NOT_EMPTY'});
        await expect(imported(textOf(lines), {into: 'append'}, target)).rejects.toMatchObject({
            code: 'IMPORT_CONFLICT', status: 409, details: {line: 4}, message: expect.stringContaining('revision 0 of \'cart/2\'') as string
        });
        expect(await contentsOf(target)).toHaveLength(1);
        const {id} = JSON.parse(lines[3] ?? '') as {id: string};
        const taken = new MemoryEventStoreData();
        const second = new MemoryEventStore(taken);
        await second.connect();
        await second.append('other', '1', [eventOf({id})]);
        await expect(imported(textOf(lines), {into: 'append'}, taken)).rejects.toMatchObject({code: 'IMPORT_CONFLICT', details: {line: 4, id}});
    });
});

describe('a file that isn\'t right', () => {
    const change = (line: string, fields: object): string => JSON.stringify({...JSON.parse(line) as object, ...fields});
    const without = (line: string, field: string): string => JSON.stringify({...JSON.parse(line) as object, [field]: undefined});
    type Spoil = (lines: string[]) => string[];
    const at5 = (to: (line: string, lines: readonly string[]) => string): Spoil => lines => lines.with(4, to(lines[4] ?? '', lines));

    it.each<[string, string, object, Spoil]>([
        ['a corrupted line', 'IMPORT_LINE_INVALID', {line: 5, expected: 'a JSON object'}, at5(line => line.slice(0, -9))],
        ['a line that is no object', 'IMPORT_LINE_INVALID', {line: 5}, at5(() => '[1]')],
        ['a missing field', 'IMPORT_LINE_INVALID', {line: 5, field: 'type', expected: 'a text such as "order.placed"'}, at5(line => without(line, 'type'))],
        ['no payload', 'IMPORT_LINE_INVALID', {line: 5, field: 'payload'}, at5(line => without(line, 'payload'))],
        ['an unknown field', 'IMPORT_LINE_INVALID', {line: 5, field: 'stream'}, at5(line => change(line, {stream: 1}))],
        ['a wrong version', 'IMPORT_LINE_INVALID', {line: 5, field: 'version'}, at5(line => change(line, {version: 0}))],
        ['a wrong time', 'IMPORT_LINE_INVALID', {line: 5, field: 'timestamp'}, at5(line => change(line, {timestamp: '7'}))],
        ['a wrong id', 'IMPORT_LINE_INVALID', {line: 5, field: 'id'}, at5(line => change(line, {id: '7'}))],
        ['wrong tags', 'IMPORT_LINE_INVALID', {line: 5, field: 'tags'}, at5(line => change(line, {tags: ['']}))],
        ['a wrong causation', 'IMPORT_LINE_INVALID', {line: 5, field: 'causationId'}, at5(line => change(line, {causationId: 7}))],
        ['an empty aggregate id', 'IMPORT_LINE_INVALID', {line: 5, field: 'aggregateId'}, at5(line => change(line, {aggregateId: ''}))],
        ['a revision that is no text of digits', 'IMPORT_LINE_INVALID', {line: 5, field: 'revision'}, at5(line => change(line, {revision: 1}))],
        ['a negative revision', 'IMPORT_LINE_INVALID', {line: 5, field: 'revision'}, at5(line => change(line, {revision: '-1'}))],
        ['a wrong tombstone', 'IMPORT_LINE_INVALID', {line: 5, field: 'tombstone'}, at5(line => change(line, {tombstone: true}))],
        ['a duplicate id', 'IMPORT_DUPLICATE_ID', {line: 5, other: 3}, at5((line, lines) => change(line, {id: (JSON.parse(lines[2] ?? '') as {id: string}).id}))],
        ['a revision gap', 'IMPORT_REVISION_GAP', {line: 8, revision: '2', expected: '1'}, lines => lines.with(7, change(lines[7] ?? '', {revision: '2', aggregateName: 'cart', aggregateId: '1'}))],
        ['a stream that doesn\'t begin', 'IMPORT_REVISION_GAP', {line: 5, revision: '3', expected: '0'}, at5(line => change(line, {revision: '3', aggregateId: 'new'}))],
        ['an inherited field', 'IMPORT_LINE_INVALID', {line: 5, field: '__proto__'}, at5(line => line.replace('{', '{"__proto__":{"x":1},'))],
        ['a line too many', 'IMPORT_COUNT_MISMATCH', {line: 10, expected: 8, events: 7}, lines => [...lines.slice(0, 8), '', lines[9] ?? '']],
        ['a changed value', 'IMPORT_HASH_MISMATCH', {line: 10}, at5(line => line.replace('u3', 'u4'))],
        ['changed order', 'IMPORT_HASH_MISMATCH', {line: 10}, lines => lines.with(1, lines[2] ?? '').with(2, lines[1] ?? '')],
        ['no end', 'IMPORT_TRUNCATED', {events: 8}, lines => lines.slice(0, -1)],
        ['a cut end', 'IMPORT_LINE_INVALID', {line: 10}, lines => [...lines.slice(0, -1), (lines.at(-1) ?? '').slice(0, 20)]],
        ['more after the end', 'IMPORT_LINE_INVALID', {line: 11, expected: 'the end of the file'}, lines => [...lines, lines[1] ?? '']],
        ['a wrong end', 'IMPORT_COUNT_MISMATCH', {line: 10}, lines => lines.with(9, '{"end":null}')],
        ['no header', 'IMPORT_FORMAT', {line: 1}, lines => lines.slice(1)],
        ['a format of the future', 'IMPORT_FORMAT', {line: 1}, lines => lines.with(0, '{"woltage":"events","format":2}')],
        ['something else', 'IMPORT_FORMAT', {line: 1}, () => ['<html>']],
        ['a line that is too long', 'IMPORT_LINE_TOO_LONG', {line: 5, expected: 'at most 5000 bytes'}, at5(line => change(line, {meta: 'x'.repeat(5000)}))]
    ])('with %s is refused with the line, before anything is written', async (_what, code, details, spoil) => {
        const {lines} = await fileOf(8);
        const text = textOf(spoil(lines));
        const target = new MemoryEventStoreData();
        const options = {maxLineBytes: 5000};
        await expect(imported(text, options, target)).rejects.toMatchObject({code, status: 400, details});
        expect(await contentsOf(target)).toEqual([]);
        // One that can be read only once: what comes before it is written, in order.
        await expect(imported(once([Buffer.from(text)]), options, target)).rejects.toMatchObject({code, details});
        const written = await contentsOf(target);
        if (written.length < 8 && !['IMPORT_COUNT_MISMATCH', 'IMPORT_HASH_MISMATCH'].includes(code) && lines.includes(text.split('\n')[1] ?? ''))
            expect((await imported(textOf(lines), {}, target)).result).toMatchObject({events: 8, imported: 8 - written.length, skipped: written.length});
    });

    it('that isn\'t UTF-8 is refused with the line', async () => {
        const {lines} = await fileOf(3);
        const bytes = Buffer.concat([Buffer.from(textOf(lines.slice(0, 2))), Buffer.from([0x22, 0xc3, 0x28, 0x0a]), Buffer.from(textOf(lines.slice(3)))]);
        await expect(imported(bytes)).rejects.toMatchObject({code: 'IMPORT_LINE_INVALID', details: {line: 3, expected: 'UTF-8'}});
    });

    it('without an end to its line is refused before it has filled the memory', async () => {
        let given = 0;
        const endless = async function* () {
            for (; ; given++)
                yield Buffer.alloc(1024, 'x');
        };
        await expect(imported(endless(), {maxLineBytes: 100_000})).rejects.toMatchObject({code: 'IMPORT_LINE_TOO_LONG', details: {line: 1}});
        expect(given).toBeLessThan(100);
    });

    it('or no source at all, or options that are none, are errors', async () => {
        for (const source of [undefined, null, 7, {}, [7], () => 7])
            await expect(imported(source as never)).rejects.toMatchObject({code: 'IMPORT_SOURCE_INVALID'});
        for (const options of [{into: 'x'}, {revisions: 'x'}, {maxLineBytes: 0}, {batchSize: 1.5}])
            await expect(imported('', options as never)).rejects.toMatchObject({code: 'IMPORT_OPTIONS'});
        await expect(imported(once([])), 'nothing').rejects.toMatchObject({code: 'IMPORT_TRUNCATED'});
        await expect(imported((async function* () {
            yield '';
            throw new Error('disk');
        })())).rejects.toThrow('disk');
    });
});

describe('what an event store doesn\'t take', () => {
    class Picky extends MemoryEventStore {
        override readonly supports = {multiStreamAppend: true} as never;

        override async appendAll(...args: Parameters<MemoryEventStore['appendAll']>): ReturnType<MemoryEventStore['appendAll']> {
            for (const {aggregateName, aggregateId, events, revision} of args[0])
                await this.#check(aggregateName, aggregateId, events, revision);
            return super.appendAll(...args);
        }

        override async append(...args: Parameters<MemoryEventStore['append']>): ReturnType<MemoryEventStore['append']> {
            await this.#check(...args);
            return super.append(...args);
        }

        async #check(...[, , events]: Parameters<MemoryEventStore['append']>): Promise<void> {
            const {BadRequestError} = await import('woltage');
            const large = events.find(({meta}) => (meta as {user?: string}).user === 'u5');
            if (large !== undefined)
                throw new BadRequestError('Too large.', {code: 'EVENT_TOO_LARGE', details: {id: large.id}});
        }
    }

    it('is an error with the line, and all before it is written', async () => {
        const {lines} = await fileOf(8);
        const target = new MemoryEventStoreData();
        await expect((await woltageOn(target, Picky)).importEvents(textOf(lines))).rejects.toMatchObject({code: 'IMPORT_REJECTED', details: {line: 7, code: 'EVENT_TOO_LARGE'}, message: expect.stringContaining('Too large') as string});
        expect(await contentsOf(target)).toHaveLength(5);
    });

    it('is found among the events of one stream', async () => {
        const data = new MemoryEventStoreData();
        const store = new MemoryEventStore(data);
        await store.connect();
        await store.append('order', '1', Array.from({length: 30}, (_, i) => eventOf({meta: {user: `u${i - 12}`}})));
        const target = new MemoryEventStoreData();
        await expect((await woltageOn(target, Picky)).importEvents(await linesOf(await woltageOn(data)))).rejects.toMatchObject({code: 'IMPORT_REJECTED', details: {line: 19}});
        expect(await contentsOf(target)).toHaveLength(17);
    });

    it('may be a stream twice in one write: each is there once then, and the order is kept', async () => {
        let most = 0;
        class Joining extends MemoryEventStore {
            override readonly supports = {multiStreamAppend: true};

            override async appendAll(...[streams]: Parameters<MemoryEventStore['appendAll']>): ReturnType<MemoryEventStore['appendAll']> {
                expect(new Set(streams.map(({aggregateName, aggregateId}) => `${aggregateName}/${aggregateId}`)).size).toBe(streams.length);
                most = Math.max(most, streams.length);
                return super.appendAll(streams);
            }
        }
        const {lines, data} = await fileOf(100);
        const target = new MemoryEventStoreData();
        await (await woltageOn(target, Joining)).importEvents(textOf(lines));
        expect(most).toBeGreaterThan(3);
        expect(await contentsOf(target)).toEqual(await contentsOf(data));
    });

    it('may be several streams at once: they are written one after the other', async () => {
        class Single extends MemoryEventStore {
            override readonly supports = {multiStreamAppend: false} as never;
        }
        const appendAll = vi.spyOn(MemoryEventStore.prototype, 'appendAll');
        const {lines, data} = await fileOf();
        const target = new MemoryEventStoreData();
        await (await woltageOn(target, Single)).importEvents(textOf(lines));
        expect(appendAll).not.toHaveBeenCalled();
        appendAll.mockRestore();
        expect(await contentsOf(target)).toEqual(await contentsOf(data));
    });
});
