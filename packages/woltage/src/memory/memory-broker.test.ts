import {brokerConformance} from '@woltage/testing';
import {describe, expect, it} from 'vitest';
import {MemoryBroker, MemoryBrokerData} from 'woltage';

brokerConformance({describe, it}, 'MemoryBroker', async () => {
    const data = new MemoryBrokerData();
    let names = 0;
    return {
        broker: new MemoryBroker(data),
        second: () => new MemoryBroker(data),
        createTopic: async partitions => {
            const topic = `topic-${names++}`;
            data.createTopic(topic, partitions);
            return topic;
        },
        unknownTopic: () => `topic-${names++}`,
        newGroup: () => `group-${names++}`,
        sizes: {accepted: 900_000, refused: 2_000_000},
        setAway: async away => void (data.away = away)
    };
}, {outages: true});

const codeOf = (code: string) => expect.objectContaining({code}) as Error;

describe('MemoryBroker', () => {
    it('shows what was published, in that order', async () => {
        const data = new MemoryBrokerData({partitions: 3, firstOffset: 0n});
        const broker = new MemoryBroker(data);
        await broker.connect();
        await broker.publish(['a', 'b', 'c', 'd'].map(value => ({topic: 'orders', key: value, value})));
        expect(data.messages('orders').map(({key}) => key)).toEqual(['a', 'b', 'c', 'd']);
        expect(data.messages('unknown')).toEqual([]);
        expect(data.topics).toEqual(['orders']);
        expect(data.messages('orders')[0]).toMatchObject({offset: 0n});
        expect(await broker.partitions('orders')).toBe(3);
        await broker.close();
    });

    it('gives a topic more partitions, and never fewer', async () => {
        const data = new MemoryBrokerData();
        data.createTopic('orders', 2);
        data.createTopic('orders', 4);
        expect(() => data.createTopic('orders', 3)).toThrow(codeOf('INVALID_MESSAGE'));
        expect(() => data.createTopic('orders', 0)).toThrow(codeOf('INVALID_MESSAGE'));
        expect(() => data.createTopic('no topic')).toThrow(codeOf('INVALID_MESSAGE'));
    });

    it('delivers everything where an offset is from an earlier life of the broker, also one beyond the end', async () => {
        for (const offset of [0n, 1n << 62n]) {
            const broker = new MemoryBroker();
            await broker.connect();
            await broker.publish([{topic: 'orders', value: 'first'}]);
            const controller = new AbortController();
            const got: unknown[] = [];
            await broker.consume({
                topics: ['orders'], group: 'g', from: 'now', signal: controller.signal, resume: async () => [offset],
                handle: async ({messages}) => {
                    got.push(...messages);
                    if (messages.length > 0)
                        controller.abort();
                }
            });
            expect(got).toHaveLength(1);
            await broker.close();
        }
    });
});
