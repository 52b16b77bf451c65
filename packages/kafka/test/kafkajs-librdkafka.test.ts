import {afterAll, beforeAll, expect, it} from 'vitest';
import type {TopicMessage} from 'woltage';
import {describeWith} from '../../../test/servers/find-server.ts';
import {until} from './support/kafka.ts';
import {compileMock, mock, mockUnderTest} from './support/librdkafka-mock.ts';

const numbered = (topic: string, from: number, to: number): TopicMessage[] => Array.from({length: to - from}, (_, n) => ({topic, key: `k${(from + n) % 10}`, value: String(from + n), headers: {n: String(from + n)}}));

describeWith(mock, 'KafkaJsBroker with librdkafka\'s mock cluster of three brokers', () => {
    let compiled: ReturnType<typeof compileMock>;
    beforeAll(() => {
        compiled = compileMock();
    });
    afterAll(() => compiled.remove());

    it('everything arrives once, in its order, though the cluster goes away and handlers fail', async () => {
        const {broker, createTopic, newGroup, setAway, cleanup} = await mockUnderTest(compiled.program);
        await broker.connect();
        const topic = await createTopic(4);
        await broker.publish(numbered(topic, 0, 200));
        const offsets = new Map<number, bigint>();
        const byKey = new Map<string | null, number[]>();
        const outages: (Error | undefined)[] = [];
        const ending = new AbortController();
        let refusals = 0;
        const count = (): number => [...byKey.values()].reduce((sum, {length}) => sum + length, 0);
        const consumed = broker.consume({
            topics: [topic], group: newGroup(), from: 'start', signal: ending.signal, onOutage: error => void outages.push(error),
            resume: async places => places.map(({partition}) => offsets.get(partition)),
            handle: async ({partition, messages, nextOffset}) => {
                if (messages.length > 0 && refusals++ < 3)
                    throw new Error('refused by the handler');
                for (const {key, value, headers} of messages) {
                    const text = String(value && Buffer.from(value));
                    expect(headers).toEqual({n: text});
                    byKey.set(key, [...byKey.get(key) ?? [], Number(text)]);
                }
                offsets.set(partition, nextOffset);
            }
        });
        try {
            await until(() => count() >= 200, 30_000);
            await setAway?.(true);
            await expect(broker.publish(numbered(topic, 0, 1))).rejects.toMatchObject({code: 'BROKER_UNAVAILABLE'});
            await until(() => outages.length > 0);
            await setAway?.(false);
            await until(() => outages.at(-1) === undefined, 30_000);
            await broker.publish(numbered(topic, 200, 400));
            await until(() => count() >= 400, 30_000);
        } finally {
            ending.abort();
            await consumed;
            await broker.close();
            await cleanup?.();
        }
        for (let key = 0; key < 10; key++)
            expect(byKey.get(`k${key}`)).toEqual(Array.from({length: 40}, (_, n) => n * 10 + key));
    }, 90_000);
});
