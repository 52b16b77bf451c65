import assert from 'node:assert/strict';
import {delay} from 'woltage';
import type {BrokerCases} from './cases.ts';
import {consumeAll, Ledger, numbered, rejectsWith, Trial, until} from './support.ts';

export const lifecycleCases: BrokerCases = {
    'a signal ends a consumer without an error: while it waits, and before it begins': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 2));
        const trial = new Trial(broker, [topic], {group: underTest.newGroup()});
        await until(() => trial.ledger.messages.length >= 2, () => 'nothing', underTest);
        await trial.stop();
        await broker.publish(numbered(topic, 2));
        await delay(30);
        assert.equal(trial.ledger.messages.length, 2);
        const aborted = new Trial(broker, [topic], {group: underTest.newGroup(), signal: AbortSignal.abort()});
        await aborted.ended;
        assert.deepEqual(aborted.batches, []);
    },

    'what is being handled is waited for': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 1));
        const state = {isHandling: false, isEnded: false, release: (): void => undefined};
        const trial = new Trial(broker, [topic], {
            group: underTest.newGroup(),
            before: ({messages}) => messages.length === 0 ? undefined : new Promise<void>(resolve => {
                state.release = resolve;
                state.isHandling = true;
            })
        });
        await until(() => state.isHandling, () => 'nothing is being handled', underTest);
        const stopped = trial.stop().then(() => state.isEnded = true);
        await delay(50);
        assert.equal(state.isEnded, false);
        state.release();
        await stopped;
        assert.equal(trial.ledger.messages.length, 1);
    },

    'close ends consumers; connected again, all goes on': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const options = {group: underTest.newGroup(), ledger: new Ledger()};
        await broker.publish(numbered(topic, 3));
        const trial = new Trial(broker, [topic], options);
        await until(() => options.ledger.messages.length >= 3, () => 'nothing', underTest);
        await broker.close();
        await trial.ended;
        await broker.connect();
        await broker.publish([{topic, value: 'again'}]);
        const next = new Trial(broker, [topic], options);
        await until(() => options.ledger.messages.length >= 4, () => options.ledger.texts.join(), underTest);
        await next.stop();
        assert.deepEqual(options.ledger.texts, ['0', '1', '2', 'again']);
    },

    'close waits for what is being published': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const published = Promise.all(Array.from({length: 20}, () => broker.publish(numbered(topic, 5))));
        await broker.close();
        await published;
        await broker.connect();
        await consumeAll(underTest, [topic], 100);
    },

    'a broker that was never connected, or is closed, refuses every call': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.close();
        for (const closed of [broker, underTest.second()]) {
            await rejectsWith('CLOSED', () => closed.publish(numbered(topic, 1)));
            await rejectsWith('CLOSED', () => closed.ping());
            await rejectsWith('CLOSED', () => closed.partitions(topic));
            await rejectsWith('CLOSED', () => new Trial(closed, [topic]).ended);
        }
    },

    'connect and close may be called by several at once, and again and again': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        for (let round = 0; round < 3; round++) {
            await Promise.all([broker.connect(), broker.connect()]);
            await broker.ping();
            await broker.publish(numbered(topic, 1));
            await Promise.all([broker.close(), broker.close()]);
            await rejectsWith('CLOSED', () => broker.publish(numbered(topic, 1)));
        }
        await Promise.all([broker.connect(), broker.close(), broker.connect()]);
        await consumeAll(underTest, [topic], 3);
    }
};
