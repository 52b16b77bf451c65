import {describe, expect, it} from 'vitest';
import {ran, given} from '@woltage/testing';
import {Action, MemoryBroker, MemoryBrokerData, MemoryEventStoreData, MemoryStoreData, onEvent, publish, type Woltage, type WoltageConfig} from 'woltage';
import {eventually} from './support/account.ts';
import {add, Added, addMany, count, items, projectorOf, start, type Todos} from './support/todo.ts';

const brokerOn = (topics: MemoryBrokerData) => ({messageBroker: {adapter: MemoryBroker, args: [topics]}});
const isActive = (woltage: Woltage) => eventually(() => woltage.getProjection('todo')?.isActive === true);
const texts = (topics: MemoryBrokerData, topic = 'todos') => topics.messages(topic).map(({value}) => value && new TextDecoder().decode(value));

const handle = async (todos: Todos, event: Added): Promise<void> => {
    await count(todos, event);
    await publish('todos', {key: event.aggregateId, value: {title: event.payload.title, at: new Date(0)}, headers: {kind: 'added'}});
    await publish('bytes', {value: new Uint8Array([0, 255, 128])});
    await publish('gone', {key: 'k', value: null});
};
const publishing = projectorOf(handle);

describe('publish in a projector', () => {
    it('sends what the event asks for, once the rows are there', async () => {
        const topics = new MemoryBrokerData();
        const woltage = await start(publishing, brokerOn(topics));
        await isActive(woltage);
        await woltage.executeCommand(addMany, 'a', items(3));
        await eventually(() => ['todos', 'bytes', 'gone'].every(topic => topics.messages(topic).length === 3));
        expect(texts(topics).sort()).toEqual([0, 1, 2].map(n => `{"title":"t${n}","at":"1970-01-01T00:00:00.000Z"}`));
        const [message] = topics.messages('todos');
        expect(message).toMatchObject({key: 'a', headers: {kind: 'added'}});
        expect(new Set(['todos', 'bytes', 'gone'].flatMap(topic => topics.messages(topic).map(({headers}) => headers['woltage-id']))).size).toBe(9);
        expect(topics.messages('bytes')[0]?.value).toEqual(new Uint8Array([0, 255, 128]));
        expect(topics.messages('gone')[0]).toMatchObject({key: 'k', value: null});
    });

    it('waits for a broker that is away, also across a restart; a replay sends nothing', async () => {
        const topics = new MemoryBrokerData();
        const [events, rows] = [new MemoryEventStoreData(), new MemoryStoreData()];
        const first = await start(publishing, brokerOn(topics), events, rows);
        await isActive(first);
        topics.away = true;
        await first.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(async () => (await first.insides.workLeft()).some(({what}) => what.includes('woltage.publish')));
        await first.stop();
        topics.away = false;
        const newer = projectorOf(handle, 2);
        const second = await start(newer, {...brokerOn(topics), projections: [{name: 'todo', version: 2, projector: newer, store: 'main'}]}, events, rows);
        await eventually(() => topics.messages('todos').length === 1, 10_000);
        await eventually(() => second.getProjection('todo', 2)?.isActive === true);
        await second.executeCommand(add, 'b', {title: 'y', rank: 1});
        await eventually(() => topics.messages('todos').length >= 2);
        expect(topics.messages('todos').map(({key}) => key)).toEqual(['a', 'b']);
        await second.stop();
    });

    it.each([
        ['something that is no JSON', () => publish('todos', {value: {n: 1n}}), brokerOn(new MemoryBrokerData()), 'INVALID_MESSAGE'],
        ['a wrong topic', () => publish('no topic', {value: 1}), brokerOn(new MemoryBrokerData()), 'INVALID_MESSAGE'],
        ['no broker', () => publish('todos', {value: 1}), {}, 'BROKER_MISSING']
    ])('fails with %s, where the event is handled', async (_what, act, config: Partial<WoltageConfig>, code) => {
        const errors: unknown[] = [];
        const woltage = await start(projectorOf(async () => {
            await act().catch((error: unknown) => errors.push(error));
        }), config);
        await isActive(woltage);
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(() => errors.length > 0);
        expect(errors[0]).toMatchObject({code});
    });

    it('is an OUTSIDE_CONTEXT elsewhere', async () => {
        await expect(publish('todos', {value: 1})).rejects.toMatchObject({code: 'OUTSIDE_CONTEXT', message: expect.stringContaining('a projector, a side effect or an action') as string});
    });

    it('gives a message up at once that no broker takes, with its reason', async () => {
        const topics = new MemoryBrokerData({maxMessageBytes: 10});
        const woltage = await start(projectorOf(() => publish('todos', {value: 'x'.repeat(11)})), brokerOn(topics));
        await isActive(woltage);
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(async () => (await woltage.getFailedEffects()).length === 1);
        expect((await woltage.getFailedEffects())[0]).toMatchObject({name: 'woltage.publish', attempts: 1, error: {code: 'INVALID_MESSAGE'}});
    });

    it('is an effect that tests can expect', async () => {
        await given([new Added({aggregateId: 'a', payload: {title: 'x', rank: 1}})]).project(publishing)
            .expectEffects([
                ran('woltage.publish', {topic: 'todos', key: 'a', value: {title: 'x', at: new Date(0)}, headers: {kind: 'added'}}),
                ran('woltage.publish', {topic: 'bytes', bytes: 'AP+A'}), ran('woltage.publish', {topic: 'gone', key: 'k', value: null})
            ]);
    });
});

describe('publish in an action', () => {
    it('resolves when the broker has the message; a retry sends it with the same id', async () => {
        const topics = new MemoryBrokerData();
        const action = Action.create('tell', {
            on: onEvent(Added), retry: {backoffMs: 1},
            handler: async ({title}, {publish: send, attempt}) => {
                await send('told', {key: title, value: {title}});
                if (attempt < 3)
                    throw new Error('Not yet.');
            }
        });
        const woltage = await start(projectorOf(count), {...brokerOn(topics), actions: [action]});
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(() => topics.messages('told').length === 3);
        expect(new Set(topics.messages('told').map(({headers}) => headers['woltage-id'])).size).toBe(1);
        await woltage.stop();
    });
});
