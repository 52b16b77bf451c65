import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, beforeEach, afterEach, describe, expect, it} from 'vitest';
import {transactional} from '../../../packages/store-mongodb/test/server/servers.ts';
import {dataFolder, removeFolder} from '../../../test/examples/run-example.ts';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import {TodoCompleted, TodoRegistered} from '../src/events.ts';
import {modeOf, settingsOf, type Mode} from '../src/settings.ts';
import {openTodos} from '../src/todos.ts';

const modes: readonly Mode[] = ['memory', 'file', 'kafka'];

describe.each([{where: 'the mode\'s own store', inMongoDB: false}, {where: `MongoDB (${transactional.title})`, inMongoDB: true}])('Todos in $where', ({inMongoDB}) => {
    let kafka: KafkaServer;
    let mongodb: Awaited<ReturnType<typeof transactional.start>> | undefined;
    let folder: string;
    beforeAll(async () => {
        kafka = await KafkaServer.start();
        mongodb = inMongoDB ? await transactional.start() : undefined;
    });
    afterAll(async () => {
        await kafka.close();
        await mongodb?.stop();
    });
    beforeEach(async () => {
        folder = await dataFolder();
    });
    afterEach(() => removeFolder(folder));

    async function envOf(): Promise<NodeJS.ProcessEnv> {
        const url = mongodb && new URL(mongodb.url);
        if (url !== undefined)
            url.pathname = `/todos_${randomUUID().slice(0, 8)}`;
        return {DATA_FOLDER: folder, KAFKA_BROKERS: kafka.address, KAFKA_TOPIC: `todos.${randomUUID()}`, ...url === undefined ? {} : {MONGODB_URL: url.href}};
    }

    it.each(modes)('are registered and completed, events going by %s', async mode => {
        const app = await openTodos(await settingsOf(mode, await envOf()));
        const id = randomUUID();
        const registered = await app.produce(new TodoRegistered({aggregateId: id, payload: {id, title: 'Get Milk'}}));
        expect(await app.find({title: 'Get Milk'}, registered)).toEqual({id, title: 'Get Milk', completed: false});
        const completed = await app.produce(new TodoCompleted({aggregateId: id, payload: {id}}));
        expect(await app.find({id}, completed)).toEqual({id, title: 'Get Milk', completed: true});
        expect(await app.find({completed: false})).toBeNull();
        for (let n = 0; n < 5; n++)
            await app.produce(new TodoRegistered({aggregateId: `t${n}`, payload: {id: `t${n}`, title: `Todo ${n}`}}));
        const last = await app.produce(new TodoCompleted({aggregateId: 't0', payload: {id: 't0'}}));
        expect(await app.count(last)).toBe(6);
        await app.stop();
    });

    it.each(modes.filter(mode => mode !== 'memory'))('are there after a restart, events going by %s', async mode => {
        const env = await envOf();
        const before = await openTodos(await settingsOf(mode, env));
        await before.produce(new TodoRegistered({aggregateId: '1', payload: {id: '1', title: 'Get Milk'}}));
        await before.stop();
        const after = await openTodos(await settingsOf(mode, env));
        const position = await after.produce(new TodoCompleted({aggregateId: '1', payload: {id: '1'}}));
        expect(await after.find({id: '1'}, position)).toEqual({id: '1', title: 'Get Milk', completed: true});
        expect(await after.count()).toBe(1);
        await after.stop();
    });
});

describe('Todos of one log', () => {
    it('are in MongoDB as soon as it is asked for, and in the mode\'s own store when they go back', async () => {
        const folder = await dataFolder();
        const mongodb = await transactional.start();
        const url = new URL(mongodb.url);
        url.pathname = `/todos_${randomUUID().slice(0, 8)}`;
        for (const [nth, target] of [{}, {MONGODB_URL: url.href}, {}, {MONGODB_URL: url.href}].entries()) {
            const app = await openTodos(await settingsOf('file', {DATA_FOLDER: folder, ...target}));
            const last = await app.produce(new TodoRegistered({aggregateId: `t${nth}`, payload: {id: `t${nth}`, title: 'Get Milk'}}));
            expect(await app.count(last)).toBe(nth + 1);
            await app.stop();
        }
        await mongodb.stop();
        await removeFolder(folder);
    });
});

describe('The mode', () => {
    it('is one of three', () => {
        expect([modeOf({}), modeOf({memory: true}), modeOf({kafka: true})]).toEqual(['file', 'memory', 'kafka']);
        expect(() => modeOf({memory: true, file: true})).toThrow('Choose one of --memory, --file.');
    });
});
