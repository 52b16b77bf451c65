import assert from 'node:assert/strict';
import {delay, type IMessageBroker, type MessageBatch, type TopicPartition} from 'woltage';
import type {BrokerCases} from './cases.ts';
import {consumeAll, Ledger, numbered, placeOf, rejectsWith, textOf, Trial, until, type BrokerUnderTest} from './support.ts';

const range = (from: number, to: number): string[] => Array.from({length: to - from}, (_, n) => String(from + n));

/** A consumer that has been given its partitions, so that it gets what comes from now on. */
async function settled(broker: IMessageBroker, topics: readonly string[], underTest: BrokerUnderTest, ledger: Ledger, group: string, partitions: number): Promise<Trial> {
    const trial = new Trial(broker, topics, {group, from: 'now', ledger});
    await until(() => ledger.offsets.size >= partitions, () => `the beginning of ${ledger.offsets.size} of ${partitions} partitions`, underTest);
    return trial;
}

export const consumeCases: BrokerCases = {
    'from the start: all that is there, then all that comes': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 10));
        const trial = new Trial(broker, [topic], {group: underTest.newGroup()});
        await until(() => trial.ledger.messages.length >= 10, () => `${trial.ledger.texts.join()}`, underTest);
        await broker.publish(numbered(topic, 20).slice(10));
        await until(() => trial.ledger.messages.length >= 20, () => `${trial.ledger.texts.join()}`, underTest);
        await trial.stop();
        assert.deepEqual(trial.ledger.texts, range(0, 20));
    },

    'from now: first an empty batch that says where that is, then what comes; also after a restart, whatever came meanwhile': async (broker, underTest) => {
        const topic = await underTest.createTopic(2);
        const group = underTest.newGroup();
        const ledger = new Ledger();
        await broker.publish([...numbered(topic, 5, {partition: 0}), ...numbered(topic, 3, {partition: 1})]);
        const first = await settled(broker, [topic], underTest, ledger, group, 2);
        await first.stop();
        assert.deepEqual(ledger.messages, []);
        assert.deepEqual(first.batches.map(({messages}) => messages.length), [0, 0]);
        await broker.publish([{topic, partition: 0, value: 'meanwhile'}]);
        const second = new Trial(broker, [topic], {group, from: 'now', ledger});
        await broker.publish([{topic, partition: 1, value: 'live'}]);
        await until(() => ledger.messages.length >= 2, () => ledger.texts.join(), underTest);
        await second.stop();
        assert.deepEqual(ledger.texts.sort(), ['live', 'meanwhile']);
    },

    'goes on with exactly the offset that resume names': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 12));
        const {messages, offsets} = await consumeAll(underTest, [topic], 12);
        const place = placeOf({topic, partition: 0});
        for (const n of [0, 1, 7, 11]) {
            const ledger = new Ledger();
            ledger.offsets.set(place, messages[n]?.offset as bigint);
            assert.deepEqual((await consumeAll(underTest, [topic], 12 - n, {ledger, from: 'now'})).texts, range(n, 12));
            assert.equal(ledger.offsets.get(place), offsets.get(place));
        }
        const atEnd = new Ledger();
        atEnd.offsets.set(place, offsets.get(place) as bigint);
        const trial = new Trial(broker, [topic], {group: underTest.newGroup(), ledger: atEnd});
        await until(() => trial.assigned.size > 0, () => 'no partition', underTest);
        await broker.publish([{topic, value: 'next'}]);
        await until(() => atEnd.messages.length > 0, () => 'nothing', underTest);
        await trial.stop();
        assert.deepEqual(atEnd.texts, ['next']);
    },

    'each partition goes on from its own offset': async (broker, underTest) => {
        const topic = await underTest.createTopic(3);
        await broker.publish([0, 1, 2].flatMap(partition => numbered(topic, 6, {partition})));
        const {messages} = await consumeAll(underTest, [topic], 18);
        const ledger = new Ledger();
        for (const partition of [0, 2])
            ledger.offsets.set(placeOf({topic, partition}), messages.find(message => message.partition === partition && textOf(message) === String(partition + 2))?.offset as bigint);
        const rest = await consumeAll(underTest, [topic], 4 + 6 + 2, {ledger});
        for (const [partition, from] of [2, 0, 4].entries())
            assert.deepEqual(rest.messages.filter(message => message.partition === partition).map(textOf), range(from, 6));
    },

    'what handle refuses comes again, from where resume says; nothing overtakes it': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 30));
        let refusals = 0;
        const {texts} = await consumeAll(underTest, [topic], 30, {
            before: ({messages}) => {
                if (messages.length > 0 && refusals++ < 3)
                    throw new Error('refused by the handler');
            }
        });
        assert.deepEqual(texts, range(0, 30));
        assert.ok(refusals >= 3);
    },

    'what handle took over in part goes on in the middle of the batch': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 30));
        const ledger = new Ledger();
        const before = (batch: MessageBatch): void => {
            if (ledger.messages.length > 0 || batch.messages.length === 0)
                return;
            const [message] = batch.messages;
            assert.ok(message);
            ledger.take({...batch, messages: [message], nextOffset: message.offset + 1n});
            throw new Error('the process was killed after the first message');
        };
        assert.deepEqual((await consumeAll(underTest, [topic], 30, {ledger, before})).texts, range(0, 30));
    },

    'a resume that fails is asked again': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 3));
        let asked = 0;
        const ledger = new Ledger();
        const controller = new AbortController();
        const ended = broker.consume({
            topics: [topic], group: underTest.newGroup(), from: 'start', signal: controller.signal,
            resume: async places => {
                if (asked++ < 2)
                    throw new Error('the database is away');
                return places.map(place => ledger.offsets.get(placeOf(place)));
            },
            handle: async batch => ledger.take(batch)
        });
        await until(() => ledger.messages.length >= 3, () => `asked ${asked} times`, underTest);
        controller.abort();
        await ended;
        assert.deepEqual(ledger.texts, range(0, 3));
    },

    'a partition whose handler fails doesn\'t hold up the others': async (broker, underTest) => {
        const topic = await underTest.createTopic(2);
        await broker.publish([...numbered(topic, 5, {partition: 0}), ...numbered(topic, 5, {partition: 1})]);
        const isBroken = {yes: true};
        const trial = new Trial(broker, [topic], {
            group: underTest.newGroup(),
            before: ({partition, messages}) => {
                if (isBroken.yes && partition === 0 && messages.length > 0)
                    throw new Error('broken');
            }
        });
        await until(() => trial.ledger.messages.length >= 5, () => trial.ledger.texts.join(), underTest);
        assert.ok(trial.ledger.messages.every(({partition}) => partition === 1));
        isBroken.yes = false;
        await until(() => trial.ledger.messages.length >= 10, () => trial.ledger.texts.join(), underTest);
        await trial.stop();
    },

    'while a batch is being handled no other of its partition is; other partitions go on': async (broker, underTest) => {
        const topic = await underTest.createTopic(2);
        const blocked: {release?: () => void; calls: number} = {calls: 0};
        const trial = new Trial(broker, [topic], {
            group: underTest.newGroup(),
            before: ({partition, messages}) => partition === 1 || messages.length === 0 ? undefined : new Promise<void>(resolve => {
                blocked.calls++;
                blocked.release = resolve;
                if (blocked.calls > 1)
                    resolve();
            })
        });
        await broker.publish(numbered(topic, 1, {partition: 0}));
        await until(() => blocked.calls === 1, () => 'nothing is being handled', underTest);
        for (let n = 0; n < 5; n++)
            await broker.publish([...numbered(topic, 200, {partition: 0}), ...numbered(topic, 200, {partition: 1})]);
        await until(() => trial.ledger.messages.length >= 1000, () => `${trial.ledger.messages.length} of 1000 of the other partition`, underTest);
        assert.equal(blocked.calls, 1);
        assert.ok(trial.ledger.messages.every(({partition}) => partition === 1));
        blocked.release?.();
        await until(() => trial.ledger.messages.length >= 2001, () => `${trial.ledger.messages.length} of 2001`, underTest);
        await trial.stop();
    },

    'many topics by one consumer': async (broker, underTest) => {
        const topics = await Promise.all(Array.from({length: 12}, () => underTest.createTopic(2)));
        await broker.publish(topics.flatMap(topic => numbered(topic, 5, {key: 'k'})));
        const {messages} = await consumeAll(underTest, topics, 60);
        for (const topic of topics)
            assert.deepEqual(messages.filter(message => message.topic === topic).map(textOf), range(0, 5));
    },

    'a topic that doesn\'t exist yet is waited for, and harms no other': async (broker, underTest) => {
        const [known, unknown] = [await underTest.createTopic(1), underTest.unknownTopic()];
        await broker.publish(numbered(known, 3));
        const trial = new Trial(broker, [known, unknown], {group: underTest.newGroup()});
        await until(() => trial.ledger.messages.length >= 3, () => `${trial.ledger.messages.length} of the known topic`, underTest);
        await broker.publish(numbered(unknown, 2));
        await until(() => trial.ledger.messages.length >= 5, () => `${trial.ledger.messages.length} of both topics`, underTest);
        await trial.stop();
        assert.equal(trial.ledger.messages.filter(({topic}) => topic === unknown).length, 2);
    },

    'resume is asked for partitions of the topics alone, and answered in their order': async (broker, underTest) => {
        const [wanted] = await Promise.all([underTest.createTopic(3), underTest.createTopic(2)]);
        const asked: TopicPartition[] = [];
        const controller = new AbortController();
        const got = new Set<number>();
        const ended = broker.consume({
            topics: [wanted], group: underTest.newGroup(), from: 'start', signal: controller.signal,
            resume: async places => {
                asked.push(...places.map(({topic, partition}) => ({topic, partition})));
                return places.map(() => undefined);
            },
            handle: async ({partition, messages}) => void (messages.length > 0 && got.add(partition))
        });
        await broker.publish([0, 1, 2].flatMap(partition => numbered(wanted, 1, {partition})));
        await until(() => got.size === 3, () => `messages of ${got.size} partitions`, underTest);
        controller.abort();
        await ended;
        assert.deepEqual([...new Set(asked.map(placeOf))].sort(), [0, 1, 2].map(partition => placeOf({topic: wanted, partition})));
    },

    'a consumer that no waiting can help is refused': async (broker, underTest) => {
        const trial = new Trial(broker, ['no topic'], {group: underTest.newGroup()});
        await rejectsWith('INVALID_MESSAGE', () => trial.ended);
    },

    'bursts of messages come completely, in order': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const trial = new Trial(broker, [topic], {group: underTest.newGroup()});
        for (let burst = 0; burst < 10; burst++) {
            await broker.publish(numbered(topic, 300).map((message, n) => ({...message, value: String(burst * 300 + n)})));
            await delay(burst);
        }
        await until(() => trial.ledger.messages.length >= 3000, () => `${trial.ledger.messages.length} of 3000`, underTest);
        await trial.stop();
        assert.deepEqual(trial.ledger.texts, range(0, 3000));
    }
};
