import assert from 'node:assert/strict';
import type {RecordedMessage, TopicMessage} from 'woltage';
import type {BrokerCases} from './cases.ts';
import {consumeAll, numbered, placeOf, rejectsWith, textOf, withSecond} from './support.ts';

const ANY_TEXT = 'Grüße, 世界 \u0000\u0001\r\n\t"\\ 🎉 \u{10FFFF} \uFEFF ';
const CLOCKS_MS = 300_000;

const bytes = (length: number): Uint8Array => Uint8Array.from({length}, (_, n) => n * 7 % 256);
const keysOf = (messages: readonly RecordedMessage[], key: string): string[] => messages.filter(message => message.key === key).map(textOf);

export const publishCases: BrokerCases = {
    'a message arrives as it was sent: key, value, headers, time': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const sent: TopicMessage[] = [
            {topic, value: 'plain'},
            {topic, key: 'k', value: ANY_TEXT, headers: {kind: 'text', empty: '', [ANY_TEXT.trim()]: ANY_TEXT}},
            {topic, key: ANY_TEXT, value: bytes(256)},
            {topic, key: 'gone', value: null, headers: {why: 'tombstone'}},
            {topic, key: 'empty', value: ''},
            {topic, key: null, value: new Uint8Array(0)},
            {topic, key: '__proto__', value: '{"__proto__":1}', headers: JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>}
        ];
        await broker.publish(sent);
        const {messages} = await consumeAll(underTest, [topic], sent.length);
        for (const [n, {key = null, value, headers = {}}] of sent.entries()) {
            const got = messages[n] as RecordedMessage;
            assert.equal(got.key, key);
            assert.deepEqual(got.value === null ? null : Buffer.from(got.value), value === null ? null : Buffer.from(value as string));
            assert.deepEqual(Object.entries(got.headers).sort(), Object.entries(headers).sort());
            assert.ok(Math.abs(got.timestamp - Date.now()) < CLOCKS_MS, `the time is ${got.timestamp}`);
            assert.equal(typeof got.offset, 'bigint');
            assert.deepEqual([got.topic, got.partition], [topic, 0]);
        }
    },

    'what one publish holds for several topics and partitions stays in order': async (broker, underTest) => {
        const [a, b] = await Promise.all([underTest.createTopic(2), underTest.createTopic(1)]);
        const sent = Array.from({length: 60}, (_, n): TopicMessage => ({topic: n % 3 === 2 ? b : a, partition: n % 3 === 2 ? 0 : n % 3, value: String(n)}));
        await broker.publish(sent);
        const {messages} = await consumeAll(underTest, [a, b], sent.length);
        for (const rest of [0, 1, 2]) {
            const place = placeOf({topic: rest === 2 ? b : a, partition: rest === 2 ? 0 : rest});
            assert.deepEqual(messages.filter(message => placeOf(message) === place).map(textOf), sent.filter((_, n) => n % 3 === rest).map(({value}) => value));
        }
    },

    'messages with one key stay in order and in one partition, whoever publishes them': async (broker, underTest) => {
        const topic = await underTest.createTopic(4);
        const keys = Array.from({length: 40}, (_, n) => `key-${n}`);
        await withSecond(underTest, async other => {
            for (let round = 0; round < 6; round++)
                await (round % 2 === 0 ? broker : other).publish(keys.map(key => ({topic, key, value: String(round)})));
        });
        const {messages} = await consumeAll(underTest, [topic], 240);
        for (const key of keys) {
            assert.deepEqual(keysOf(messages, key), ['0', '1', '2', '3', '4', '5']);
            assert.equal(new Set(messages.filter(message => message.key === key).map(({partition}) => partition)).size, 1);
        }
        assert.deepEqual([...new Set(messages.map(({partition}) => partition))].sort(), [0, 1, 2, 3], 'keys are spread over all partitions');
    },

    'a partition that is named wins over the key': async (broker, underTest) => {
        const topic = await underTest.createTopic(3);
        await broker.publish([0, 1, 2, 0, 1, 2].map(partition => ({topic, key: 'same', partition, value: String(partition)})));
        const {messages} = await consumeAll(underTest, [topic], 6);
        assert.ok(messages.every(message => textOf(message) === String(message.partition)));
    },

    'many publish at once: all arrives once, what each sent in its order': async (broker, underTest) => {
        const topic = await underTest.createTopic(2);
        await Promise.all(Array.from({length: 20}, async (_, writer) => {
            for (let n = 0; n < 25; n++)
                await broker.publish([{topic, key: `w${writer}`, value: `${n}a`}, {topic, key: `w${writer}`, value: `${n}b`}]);
        }));
        const {messages} = await consumeAll(underTest, [topic], 1000);
        const expected = Array.from({length: 25}, (_, n) => [`${n}a`, `${n}b`]).flat();
        for (let writer = 0; writer < 20; writer++)
            assert.deepEqual(keysOf(messages, `w${writer}`), expected);
    },

    'calls that are not waited for keep their order': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await Promise.all(Array.from({length: 100}, (_, n) => broker.publish([{topic, key: 'k', value: String(n)}])));
        const {texts} = await consumeAll(underTest, [topic], 100);
        assert.deepEqual(texts, numbered(topic, 100).map(({value}) => value));
    },

    'an empty list is published without ado': async (broker, underTest) => {
        await broker.publish([]);
        const topic = await underTest.createTopic(1);
        await broker.publish(numbered(topic, 1));
        await consumeAll(underTest, [topic], 1);
    },

    'large messages survive; one that is too large is refused, and harms no other': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const {sizes} = underTest;
        const large = bytes(sizes.accepted);
        await broker.publish([{topic, value: large}, {topic, value: 'x'.repeat(sizes.accepted)}]);
        await rejectsWith('INVALID_MESSAGE', () => broker.publish([{topic, value: bytes(sizes.refused)}]));
        await broker.publish([{topic, value: 'after'}]);
        const {messages} = await consumeAll(underTest, [topic], 3);
        assert.ok(Buffer.from(large).equals(messages[0]?.value ?? Buffer.alloc(0)));
        assert.equal(messages[1]?.value?.length, sizes.accepted);
        assert.equal(textOf(messages[2] as RecordedMessage), 'after');
    },

    'what is no message is refused, and nothing of that call is published': async (broker, underTest) => {
        const topic = await underTest.createTopic(2);
        const bad: unknown[] = [
            {topic: '', value: 'x'}, {topic: 'a b', value: 'x'}, {topic: '..', value: 'x'}, {topic: 'x'.repeat(250), value: 'x'}, {value: 'x'}, {topic},
            {topic, value: 1}, {topic, value: {}}, {topic, value: 'x', key: 1}, {topic, value: 'x', headers: {n: 1}}, {topic, value: 'x', headers: {n: null}},
            {topic, value: 'x', partition: -1}, {topic, value: 'x', partition: 0.5}, {topic, value: 'x', partition: 2}, {topic, value: '\ud800'}
        ];
        for (const message of bad)
            await rejectsWith('INVALID_MESSAGE', () => broker.publish([{topic, value: 'beside', partition: 0}, message as TopicMessage]));
        await broker.publish([{topic, value: 'good'}]);
        assert.deepEqual((await consumeAll(underTest, [topic], 1)).texts, ['good']);
    },

    'what is published with a signal that has aborted is not sent': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        await rejectsWith('PUBLISH_ABORTED', () => broker.publish([{topic, value: 'late'}, {topic, value: 'later'}], {signal: AbortSignal.abort()}));
        await broker.publish([{topic, value: 'good'}], {signal: new AbortController().signal});
        assert.deepEqual((await consumeAll(underTest, [topic], 1)).texts, ['good']);
    },

    'partitions says how many a topic has': async (broker, underTest) => {
        for (const count of [1, 3, 7])
            assert.equal(await broker.partitions(await underTest.createTopic(count)), count);
        assert.ok(await broker.partitions(underTest.unknownTopic()) >= 1);
        await rejectsWith('INVALID_MESSAGE', () => broker.partitions('no topic'));
    },

    'where it has lastMessage, that is the last one of each partition': async (broker, underTest) => {
        if (broker.lastMessage === undefined)
            return;
        const topic = await underTest.createTopic(3);
        await broker.publish([...numbered(topic, 10, {partition: 0}), ...numbered(topic, 1, {partition: 1, key: 'k', headers: {a: 'b'}})]);
        const last = await Promise.all([0, 1, 2].map(async partition => broker.lastMessage?.(topic, partition)));
        assert.deepEqual(last.map(message => message && textOf(message)), ['9', '0', undefined]);
        const {messages} = await consumeAll(underTest, [topic], 11);
        for (const message of last.filter(found => found !== undefined))
            assert.deepEqual(message, messages.find(({partition, offset}) => partition === message.partition && offset === message.offset));
    }
};
