import {eventStoreConformance} from '@woltage/testing';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {defineEvent, personal} from '../../events/index.ts';
import {MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData} from '../../memory/index.ts';
import type {EventClass, EventData, RecordedEvent} from '../../events/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import {isErased} from '../../shared/erased.ts';
import {decodeValue, encodeValue, type JsonValue} from '../../shared/json-codec.ts';
import {silentLogger} from '../../shared/logger.ts';
import {uuidV7} from '../../shared/uuid.ts';
import {PersonalData} from './personal-data.ts';

const Whole = defineEvent('Whole', {type: 'thing.happened', schema: personal(z.any())});

const person = z.object({
    id: z.string(), name: personal(z.string()).optional(), born: personal(z.any()).optional(), tags: z.array(personal(z.string())).default([]),
    friends: z.record(z.string(), z.object({mail: personal(z.string()), since: z.number()})).optional()
});
const Met = defineEvent('Met', {schema: person, subject: ({id}) => id});
const Noted = defineEvent('Noted', {schema: z.object({text: personal(z.any()), place: z.any()})});

const eventData = (overrides: Partial<EventData>): EventData => {
    const id = uuidV7();
    return {id, type: 'noted', version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags: [], ...overrides};
};

/** A memory event store behind the encryption, with what it keeps. */
async function open(classes: readonly EventClass[] = [Met, Noted], events = new MemoryEventStoreData(), rows = new MemoryStoreData()) {
    const keyStore = new MemoryStore(rows);
    await keyStore.connect();
    const inner = new MemoryEventStore(events);
    const heard: string[] = [];
    const data = PersonalData.of(classes, {keyStore, log: silentLogger, onForgotten: () => void heard.push('forgotten')}) as PersonalData;
    await inner.connect();
    await data.open();
    return {data, inner, store: data.protect(inner), keyStore, events, rows, heard};
}

async function readAll(store: IEventStore, aggregateId: string): Promise<RecordedEvent[]> {
    const records: RecordedEvent[] = [];
    for await (const page of store.read('user', aggregateId))
        records.push(...page);
    return records;
}

describe('An event store with encryption before it', () => {
    eventStoreConformance({describe, it}, 'PersonalEventStore', async () => {
        const [events, rows] = [new MemoryEventStoreData(), new MemoryStoreData()];
        const keyStore = new MemoryStore(rows);
        await keyStore.connect();
        const create = (): IEventStore => {
            const data = PersonalData.of([Whole], {keyStore, log: silentLogger, onForgotten: () => undefined}) as PersonalData;
            const store = data.protect(new MemoryEventStore(events));
            const [connect, close] = [store.connect.bind(store), store.close.bind(store)];
            return Object.assign(store, {connect: () => connect().then(() => data.open()), close: () => close().then(() => data.close())});
        };
        return {eventStore: create(), second: () => create(), cleanup: () => keyStore.close()};
    });

    it('gives back every kind of value, and keeps none of it readable', async () => {
        const {store, events} = await open();
        const secret = fc.string({minLength: 4}).map(text => `secret ${text}`);
        // JSON has no -0.
        const json = fc.jsonValue().map(any => JSON.parse(JSON.stringify(any)) as unknown);
        const value = fc.oneof(json, fc.bigInt(), fc.date({noInvalidDate: true}), secret).map(encodeValue);
        let n = 0;
        await fc.assert(fc.asyncProperty(value, fc.array(secret), fc.dictionary(fc.string(), fc.record({mail: secret, since: fc.integer()})), async (any, list, friends) => {
            const id = `u-${n++}`;
            const payload = encodeValue({id, name: 'secret name', born: decodeValue(structuredClone(any)), tags: list, friends});
            const plain = structuredClone(payload);
            await store.append('user', id, [eventData({type: 'met', payload})]);
            expect(payload).toEqual(plain);
            expect((await readAll(store, id))[0]?.payload).toEqual(plain);
            expect(JSON.stringify(events.events.at(-1)?.data.payload)).not.toContain('secret');
        }), {numRuns: 200});
    });

    it('seals tombstones, too', async () => {
        const {store, events} = await open();
        await store.erase?.('user', 'a', eventData({payload: {text: 'secret reason', place: 'here'}}));
        expect(JSON.stringify(events.events)).not.toContain('secret');
        for await (const [record] of store.read('user', 'a', {tombstone: true}))
            expect(record?.payload).toEqual({text: 'secret reason', place: 'here'});
    });

    it('takes a key for each subject, and a nonce for each field', async () => {
        const {store, events} = await open();
        const payload = {text: 'same', place: 'same'};
        await store.append('user', 'a', [eventData({payload}), eventData({payload})]);
        await store.append('user', 'b', [eventData({payload})]);
        const texts = events.events.map(event => (event?.data.payload as {text: {$personal: string}}).text.$personal);
        expect(new Set(texts).size).toBe(3);
        expect(new Set(texts.map(text => text.split('.')[1])).size).toBe(2);
    });

    it('never takes what only looks like a sealed field, or like Erased, for one', async () => {
        const {store} = await open();
        const place = encodeValue({$personal: 'w1.AAAAAAAAAAAAAAAAAAAAAAAA.AAAA', list: [{$personal: 1}], inner: {$escaped: {$personal: 'x'}}});
        await store.append('user', 'a', [eventData({payload: {text: encodeValue({$personal: 'w1.x.y'}), place}})]);
        const [record] = await readAll(store, 'a');
        expect(decodeValue(structuredClone(record?.payload))).toEqual({text: {$personal: 'w1.x.y'}, place: decodeValue(structuredClone(place))});
    });

    it('opens what a query finds, where the event store has queries, and has none where it has not', async () => {
        const {data, store, inner} = await open();
        await store.append('user', 'a', [eventData({payload: {text: 'Ann', place: 1}})]);
        const asking = data.protect(Object.assign(inner, {query: () => inner.read('user', 'a')}));
        const pages: unknown[] = [];
        for await (const page of asking.query?.([{types: ['noted']}]) ?? [])
            pages.push(page.map(({payload}) => payload));
        expect(pages).toEqual([[{text: 'Ann', place: 1}]]);
        const nothing: object = {query: undefined, appendAll: undefined, erase: undefined};
        const bare = data.protect(Object.assign(inner, nothing));
        expect([bare.query, bare.appendAll, bare.erase]).toEqual([undefined, undefined, undefined]);
    });

    it('reads events that were recorded before a field was marked', async () => {
        const {store, inner} = await open();
        await inner.append('user', 'a', [eventData({payload: {text: 'in the clear', place: 1}})]);
        await store.append('user', 'a', [eventData({payload: {text: 'encrypted', place: 2}})]);
        expect((await readAll(store, 'a')).map(({payload}) => payload)).toEqual([{text: 'in the clear', place: 1}, {text: 'encrypted', place: 2}]);
    });
});

describe('A subject that is forgotten', () => {
    it('leaves Erased in all its personal fields, and nothing else is touched', async () => {
        const {store, data, heard} = await open();
        const payload = {id: 'p', name: 'Ann', born: {year: 1}, tags: ['x', 'y'], friends: {bob: {mail: 'b@x', since: 1}}};
        await store.append('user', 'a', [eventData({type: 'met', payload}), eventData({type: 'met', payload: {...payload, id: 'q'}})]);
        await data.forget('p');
        expect(heard.length).toBeGreaterThan(0);
        const [first, second] = await readAll(store, 'a');
        const erased = {$erased: true};
        expect(first?.payload).toEqual({id: 'p', name: erased, born: erased, tags: [erased, erased], friends: {bob: {mail: erased, since: 1}}});
        expect(isErased((first?.payload as {name: unknown}).name)).toBe(true);
        expect(second?.payload).toEqual({...payload, id: 'q'});
        await data.forget('p');
        await data.forget('nobody ever');
    });

    it('is refused new personal data, also by processes that had its key, and by appends in several streams', async () => {
        const {store, data, events, rows} = await open();
        const event = (id: string) => eventData({type: 'met', payload: {id, name: 'Ann', tags: []}});
        await store.append('user', 'a', [event('p')]);
        const other = await open(undefined, events, rows);
        await other.store.append('user', 'a', [event('p')]);
        await data.forget('p');
        await expect(store.append('user', 'a', [event('p')])).rejects.toMatchObject({code: 'SUBJECT_FORGOTTEN', status: 410});
        await expect(store.appendAll?.([{aggregateName: 'user', aggregateId: 'b', events: [event('q')]}, {aggregateName: 'user', aggregateId: 'c', events: [event('p')]}]))
            .rejects.toMatchObject({code: 'SUBJECT_FORGOTTEN'});
        await expect.poll(() => other.store.append('user', 'a', [event('p')]).then(() => 'done', (error: unknown) => (error as {code: string}).code)).toBe('SUBJECT_FORGOTTEN');
        expect((await readAll(store, 'b'))).toEqual([]);
        await data.forget('never recorded');
        await expect(store.append('user', 'a', [event('never recorded')])).rejects.toMatchObject({code: 'SUBJECT_FORGOTTEN'});
    });

    it('is heard of by other processes soon, with or without a store that tells', async () => {
        for (const tells of [true, false]) {
            const {store, data, events, rows} = await open();
            await store.append('user', 'a', [eventData({payload: {text: 'Ann', place: 1}})]);
            const keyStore = new MemoryStore(rows);
            await keyStore.connect();
            const heard: number[] = [];
            const silent = tells ? keyStore : Object.assign(Object.create(keyStore) as MemoryStore, {
                scope: (options: never) => Object.assign(keyStore.scope(options), {watchRecords: undefined})
            });
            const other = PersonalData.of([Noted], {keyStore: silent, log: silentLogger, onForgotten: () => void heard.push(1)}) as PersonalData;
            await other.open();
            const otherInner = new MemoryEventStore(events);
            await otherInner.connect();
            const protectedStore = other.protect(otherInner);
            expect((await readAll(protectedStore, 'a'))[0]?.payload).toEqual({text: 'Ann', place: 1});
            await data.forget('a');
            await expect.poll(() => heard.length, {timeout: 2000}).toBeGreaterThan(0);
            expect((await readAll(protectedStore, 'a'))[0]?.payload).toEqual({text: {$erased: true}, place: 1});
            await other.close();
            await data.close();
        }
    });

    it('has one key, however many make it at the same time', async () => {
        const [events, rows] = [new MemoryEventStoreData(), new MemoryStoreData()];
        const all = await Promise.all(Array.from({length: 8}, () => open(undefined, events, rows)));
        await Promise.all(all.flatMap(({store}, i) => ['a', 'b'].map(id => store.append('user', id, [eventData({payload: {text: `by ${i}`, place: i}})]))));
        for (const {store, data} of all) {
            expect((await readAll(store, 'a')).map(({payload}) => (payload as {text: string}).text).sort()).toEqual(all.map((_, i) => `by ${i}`));
            await data.close();
        }
    });
});

describe('Ciphertext that was tampered with', () => {
    /** Replaces what is stored. */
    function change(events: MemoryEventStoreData, index: number, payload: JsonValue): void {
        Object.assign(events.events[index]?.data as object, {payload});
    }

    it('is an error with its place, whichever bit was changed, also when the subject was forgotten', async () => {
        const {store, data, events} = await open();
        const id = uuidV7();
        await store.append('user', 'a', [eventData({id, payload: {text: 'x', place: 1}})]);
        await store.append('user', 'b', [eventData({payload: {text: 'y', place: 1}})]);
        const {$personal: text} = (events.events[0]?.data.payload as {text: {$personal: string}}).text;
        const {$personal: other} = (events.events[1]?.data.payload as {text: {$personal: string}}).text;
        for (const subject of ['nobody', 'a']) {
            await data.forget(subject);
            for (let i = 0; i < text.length; i++) {
                const code = text.charCodeAt(i);
                const replaced = String.fromCharCode(i % 2 === 0 ? code ^ 1 : code ^ 2);
                change(events, 0, {text: {$personal: text.slice(0, i) + replaced + text.slice(i + 1)}, place: 1});
                await expect(readAll(store, 'a')).rejects.toMatchObject({code: 'PERSONAL_DATA_TAMPERED', details: {eventId: id, position: '0', field: 'text'}});
            }
            for (const wrong of [other, '', text.slice(0, -1), `${text}A`, text.replace(/\.[^.]+\./, `.${other.split('.')[1]}.`), 1, null, {deep: text}]) {
                change(events, 0, {text: {$personal: wrong}, place: 1});
                await expect(readAll(store, 'a')).rejects.toMatchObject({code: 'PERSONAL_DATA_TAMPERED'});
            }
            // To another field of the same event.
            change(events, 0, {text: 'x', place: {$personal: text}});
            await expect(readAll(store, 'a')).rejects.toMatchObject({code: 'PERSONAL_DATA_TAMPERED', details: {field: 'place'}});
        }
        change(events, 0, {text: {$personal: text}, place: 1});
        expect((await readAll(store, 'a'))[0]?.payload).toEqual({text: {$erased: true}, place: 1});
    });

    it('lets a subscription go on, and throws when the event is decoded', async () => {
        const {store, events} = await open();
        for (const text of ['x', 'y'])
            await store.append('user', text, [eventData({payload: {text, place: 1}})]);
        change(events, 0, {text: {$personal: 'w1.nonsense'}, place: 1});
        for await (const {events: [first, second]} of store.subscribe()) {
            expect(() => decodeValue(first?.payload)).toThrow(expect.objectContaining({code: 'PERSONAL_DATA_TAMPERED'}));
            expect(() => JSON.stringify(first)).toThrow(/position/);
            expect(second?.payload).toEqual({text: 'y', place: 1});
            break;
        }
    });

    it('is told from a key store that doesn\'t know the key', async () => {
        const {store, data, rows, events} = await open();
        await store.append('user', 'a', [eventData({payload: {text: 'x', place: 1}})]);
        await data.close();
        const connection = new MemoryStore(rows);
        await connection.connect();
        const keys = connection.scope({namespace: '_woltage_keys', tables: {}});
        const [record] = await keys.listRecords('key/');
        await keys.commit({records: [{key: record?.key ?? '', value: null, token: uuidV7()}]});
        const restarted = await open(undefined, events, rows);
        await expect(readAll(restarted.store, 'a')).rejects.toMatchObject({code: 'PERSONAL_KEY_MISSING', details: {field: 'text', position: '0'}});
    });
});

describe('A key store that is away', () => {
    it('makes appends and reads fail as unavailable, and nothing is written in the clear', async () => {
        const {store, data, keyStore, events, inner} = await open();
        await store.append('user', 'a', [eventData({payload: {text: 'x', place: 1}})]);
        await data.close();
        await keyStore.close();
        for (const call of [() => store.append('user', 'b', [eventData({payload: {text: 'secret', place: 1}})]), () => readAll(store, 'a'), () => data.forget('a'), () => data.open()])
            await expect(call()).rejects.toMatchObject({status: 503});
        expect(JSON.stringify(events.events)).not.toContain('secret');
        expect(await readAll(inner, 'b')).toEqual([]);
        await keyStore.connect();
        const failing = Object.assign(keyStore.scope({namespace: '_woltage_keys', tables: {}}), {getRecords: () => Promise.reject(new Error('ECONNRESET'))});
        const broken = PersonalData.of([Noted], {keyStore: Object.assign(Object.create(keyStore) as MemoryStore, {scope: () => failing}), log: silentLogger, onForgotten: () => undefined});
        await expect(broken?.open()).rejects.toMatchObject({code: 'KEY_STORE_UNAVAILABLE', status: 503});
    });
});

it('There is nothing to encrypt where no class has personal fields', () => {
    const options = {keyStore: new MemoryStore(), log: silentLogger, onForgotten: () => undefined};
    expect(PersonalData.of([defineEvent('Plain', {schema: z.object({a: z.string()})})], options)).toBeUndefined();
    class Wrong extends defineEvent('Wrong', {schema: person}) {
        static subject = 'id';
    }
    expect(() => PersonalData.of([Wrong], options)).toThrow(expect.objectContaining({code: 'EVENT_CLASS_INVALID'}));
});
