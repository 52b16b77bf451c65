import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {Action, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, onEvent} from 'woltage';
import {PersonRegistered, startPeople} from '../../../test/personal/people.ts';
import {personalDataSuite} from '../../../test/personal/personal-data-suite.ts';

let folder = '';
let events = new MemoryEventStoreData();
let rows = new MemoryStoreData();
beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-'));
    events = new MemoryEventStoreData();
    rows = new MemoryStoreData();
});
afterEach(() => rm(folder, {recursive: true, force: true}));

const inMemory = () => ({eventStore: {adapter: MemoryEventStore, args: [events]}, store: {adapter: MemoryStore, args: [rows]}});

personalDataSuite({describe, name: 'memory', adapters: inMemory, bytes: async () => JSON.stringify(events.events)});

personalDataSuite({
    describe, name: 'SQLite files',
    adapters: () => ({
        eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events', 'events.db')}]}, store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]}
    }),
    async bytes() {
        const files = await readdir(join(folder, 'events'));
        return (await Promise.all(files.map(file => readFile(join(folder, 'events', file), 'latin1')))).join('');
    },
    child: {script: new URL('./support/people-child.ts', import.meta.url), args: () => [folder]}
});

describe('Keys', () => {
    it('leave no byte of themselves in a SQLite file when they are destroyed', async () => {
        const path = join(folder, 'keys', 'keys.db');
        const people = await startPeople({...inMemory(), keyStore: {adapter: SQLiteStore, args: [{path}]}});
        // Enough for rows to be moved between pages.
        const ids = Array.from({length: 100}, (_, i) => `p-${i}`);
        for (const id of ids)
            await people.woltage.executeCommand(people.register, id, {name: id, city: 'Bern'});
        const store = new SQLiteStore({path});
        await store.connect();
        const keys = (await store.scope({namespace: '_woltage_keys', tables: {}}).listRecords('key/')).map(({value}) => value);
        await store.close();
        expect(keys).toHaveLength(ids.length);
        for (const id of ids)
            await people.woltage.forget(id);
        await people.woltage.stop();
        const files = await readdir(join(folder, 'keys'));
        const bytes = (await Promise.all(files.map(file => readFile(join(folder, 'keys', file), 'latin1')))).join('');
        expect(keys.filter(key => bytes.includes(key))).toEqual([]);
        expect(bytes).toContain('destroyed');
    });

    it('are kept in a store of their own, where the config names one', async () => {
        const keys = new MemoryStoreData();
        const people = await startPeople({...inMemory(), keyStore: {adapter: MemoryStore, args: [keys]}});
        await people.woltage.executeCommand(people.register, 'ann', {name: 'Ann', city: 'Bern'});
        await people.woltage.stop();
        const listIn = async (data: MemoryStoreData) => {
            const store = new MemoryStore(data);
            await store.connect();
            return (await store.scope({namespace: '_woltage_keys', tables: {}}).listRecords('')).length;
        };
        expect([await listIn(keys), await listIn(rows)]).toEqual([2, 0]);
    });

    it('keep a runtime from starting whose key store is no store', async () => {
        const {eventStore, store} = inMemory();
        const config = {eventStore, internalStore: store, eventClasses: [], aggregates: [], projectorClasses: []};
        await expect(createWoltage({...config, keyStore: 'here' as never})).rejects.toMatchObject({code: 'CONFIG_INVALID'});
        await expect(createWoltage({...config, keyStore: {adapter: MemoryEventStore as never}})).rejects.toMatchObject({code: 'ADAPTER_INVALID'});
        const woltage = await createWoltage(config);
        await expect(woltage.forget('ann')).rejects.toMatchObject({code: 'NO_PERSONAL_DATA'});
        await woltage.stop();
    });
});

describe('An event whose ciphertext was changed', () => {
    it('faults the projection that handles it, or is put aside, with its place; commands on its aggregate say so, too', async () => {
        const people = await startPeople(inMemory());
        await people.woltage.executeCommand(people.register, 'ann', {name: 'Ann', city: 'Bern'});
        await people.woltage.executeCommand(people.register, 'bob', {name: 'Bob', city: 'Bern'});
        await people.woltage.stop();
        const data = events.events[0]?.data ?? expect.fail('nothing was recorded');
        const field = (data.payload as unknown as {name: {$personal: string}}).name;
        field.$personal = field.$personal.replace(/.$/, last => last === 'A' ? 'Q' : 'A');
        const restarted = await startPeople(inMemory(), [2]);
        await expect.poll(() => restarted.woltage.getDeadLetters('people', 2)).toMatchObject([{eventId: data.id, error: {code: 'PERSONAL_DATA_TAMPERED', message: expect.stringContaining(`field 'name' of event ${data.id} at position 0`) as string}}]);
        await expect.poll(() => restarted.rows()).toMatchObject([{id: 'bob', name: 'Bob'}]);
        await expect(restarted.woltage.executeCommand(restarted.meet, 'ann', {who: 'x', words: 'y'})).rejects.toMatchObject({code: 'PERSONAL_DATA_TAMPERED', details: {field: 'name', position: '0'}});
        await restarted.woltage.stop();
    });
});

describe('An action on an event source that reads no streams, whose tasks hold the events', () => {
    class Source extends MemoryEventStore {
        override readonly supports = {...new MemoryEventStore().supports, streams: false};
    }

    const startReader = async (keys: MemoryStoreData, action: Action) => createWoltage({
        eventStore: {adapter: Source, args: [events]}, internalStore: {adapter: MemoryStore, args: [rows]}, keyStore: {adapter: MemoryStore, args: [keys]},
        eventClasses: [PersonRegistered], aggregates: [], projectorClasses: [], actions: [action]
    });

    it('keeps nothing personal in its queue, and knows nothing of who was forgotten', async () => {
        const keys = new MemoryStoreData();
        const seen: unknown[] = [];
        const greet = Action.create('greet', {
            on: onEvent(PersonRegistered, {from: 'start'}), retry: {maxAttempts: 1},
            handler({name, city}) {
                seen.push([name, city]);
                throw new Error('The mail server is down.');
            }
        });
        const people = await startPeople({...inMemory(), store: {adapter: MemoryStore}, keyStore: {adapter: MemoryStore, args: [keys]}});
        await people.woltage.executeCommand(people.register, 'p-1', {name: 'Ann Secret', city: 'Bern'});
        const reader = await startReader(keys, greet);
        const failed = await vi.waitUntil(async () => (await reader.getFailedActions())[0]);
        const kept = await rowsOf('greet');
        expect(kept).toContain('Bern');
        expect(kept).not.toContain('Ann Secret');

        await people.woltage.forget('p-1');
        await vi.waitFor(async () => {
            await reader.retryFailedAction(failed.id).catch(() => undefined);
            expect(seen.at(-1)).toEqual([{$erased: true}, 'Bern']);
        }, {timeout: 5000, interval: 200});
        expect(seen[0]).toEqual(['Ann Secret', 'Bern']);
        await Promise.all([people.woltage.stop(), reader.stop()]);
    });

    it('fails for an event that it can\'t decrypt, and goes on with others', async () => {
        const seen: unknown[] = [];
        const greet = Action.create('greet', {on: onEvent(PersonRegistered, {from: 'start'}), retry: {maxAttempts: 1}, handler: ({name}) => void seen.push(name)});
        const keys = new MemoryStoreData();
        const strangers = await startPeople({...inMemory(), store: {adapter: MemoryStore}});
        await strangers.woltage.executeCommand(strangers.register, 'p-1', {name: 'Ann', city: 'Bern'});
        const people = await startPeople({...inMemory(), store: {adapter: MemoryStore}, keyStore: {adapter: MemoryStore, args: [keys]}});
        await people.woltage.executeCommand(people.register, 'p-2', {name: 'Bob', city: 'Bern'});
        const reader = await startReader(keys, greet);
        await vi.waitFor(async () => {
            expect((await reader.getFailedActions()).map(({error}) => error.code)).toEqual(['PERSONAL_DATA_TAMPERED']);
            expect(seen).toEqual(['Bob']);
        });
        await Promise.all([people.woltage.stop(), strangers.woltage.stop(), reader.stop()]);
    });

    /** All that is kept of an action. */
    const rowsOf = async (action: string): Promise<string> => {
        const root = new MemoryStore(rows);
        await root.connect();
        const store = root.scope({namespace: `_woltage_action/${action}`, tables: {}});
        return JSON.stringify((await store.listRecords('')).map(({key, value}) => [key, value]));
    };
});
