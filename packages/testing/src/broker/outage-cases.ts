import assert from 'node:assert/strict';
import type {BrokerCases} from './cases.ts';
import {consumeAll, Ledger, numbered, rejectsWith, Trial, until, type BrokerUnderTest} from './support.ts';

const setAway = async ({setAway: set}: BrokerUnderTest, away: boolean): Promise<void> => {
    assert.ok(set, 'the factory gives setAway where outages are to be tested');
    await set(away);
};

export const outageCases: BrokerCases = {
    'while the broker is away, publishing and ping fail; consumers wait, say so, and miss nothing': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const outages: (Error | undefined)[] = [];
        const trial = new Trial(broker, [topic], {group: underTest.newGroup(), onOutage: error => void outages.push(error)});
        await broker.publish(numbered(topic, 3));
        await until(() => trial.ledger.messages.length >= 3, () => 'nothing', underTest);
        await setAway(underTest, true);
        try {
            await rejectsWith('BROKER_UNAVAILABLE', () => broker.publish([{topic, value: 'lost?'}]));
            await rejectsWith('BROKER_UNAVAILABLE', () => broker.ping());
            await rejectsWith('BROKER_UNAVAILABLE', () => broker.partitions(topic));
            await until(() => outages.length > 0, () => 'the consumer knows of no outage', underTest);
            assert.ok(outages[0] instanceof Error);
        } finally {
            await setAway(underTest, false);
        }
        await until(() => outages.at(-1) === undefined, () => 'the consumer knows of no end of the outage', underTest);
        await broker.ping();
        await broker.publish([{topic, value: 'after'}]);
        await until(() => trial.ledger.texts.includes('after'), () => trial.ledger.texts.join(), underTest);
        await trial.stop();
    },

    'what is given up while the broker is away is not published when it comes back': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish([{topic, value: 'before'}]);
        await setAway(underTest, true);
        try {
            await assert.rejects(broker.publish([{topic, value: 'given up'}], {signal: AbortSignal.timeout(100)}));
        } finally {
            await setAway(underTest, false);
        }
        await broker.publish([{topic, value: 'after'}]);
        assert.deepEqual((await consumeAll(underTest, [topic], 2)).texts, ['before', 'after']);
    },

    'a broker that is away when it is connected fails; a consumer that begins then waits for it': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 2));
        const other = underTest.second();
        const ledger = new Ledger();
        await setAway(underTest, true);
        let trial: Trial;
        try {
            await rejectsWith('BROKER_UNAVAILABLE', () => other.connect());
            trial = new Trial(broker, [topic], {group: underTest.newGroup(), ledger});
        } finally {
            await setAway(underTest, false);
        }
        await until(() => ledger.messages.length >= 2, () => 'nothing', underTest);
        await trial.stop();
        await other.connect();
        await other.publish([{topic, value: 'other'}]);
        await other.close();
    },

    'a consumer ends while the broker is away': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const trial = new Trial(broker, [topic], {group: underTest.newGroup()});
        await broker.publish(numbered(topic, 1));
        await until(() => trial.ledger.messages.length > 0, () => 'nothing', underTest);
        await setAway(underTest, true);
        try {
            await trial.stop();
            await broker.close();
        } finally {
            await setAway(underTest, false);
        }
    }
};
