import {randomUUID} from 'node:crypto';
import {Admin} from '@platformatic/kafka';
import type {BrokerUnderTest} from '@woltage/testing';
import type {IMessageBroker} from 'woltage';
import {KafkaBroker, KafkaJsBroker, type KafkaBrokerOptions} from '../../src/index.ts';
import {KafkaServer, type KafkaServerOptions} from '../../../../test/servers/kafka/kafka-server.ts';

/** Options that let tests see the end of waiting. */
export const quick = {timeoutMs: 2500, connectTimeoutMs: 1000, sessionTimeoutMs: 2000, requestTimeoutMs: 3000} as const;

export const brokerFor = (server: KafkaServer, options: Partial<KafkaBrokerOptions> = {}): KafkaBroker =>
    new KafkaBroker({brokers: [server.address], clientId: 'test', ...quick, ...options});

export const kafkaJsBrokerFor = (server: KafkaServer, options: Partial<KafkaBrokerOptions> = {}): KafkaJsBroker =>
    new KafkaJsBroker({brokers: [server.address], clientId: 'test', ...quick, ...options});

/** What the conformance suite needs, on a server of its own. */
export async function brokerUnderTest(options: KafkaServerOptions = {}, create: (server: KafkaServer) => IMessageBroker = brokerFor): Promise<BrokerUnderTest> {
    const server = await KafkaServer.start(options);
    return {
        broker: create(server),
        second: () => create(server),
        createTopic: async partitions => {
            const topic = `topic-${randomUUID()}`;
            server.createTopic(topic, partitions);
            return topic;
        },
        unknownTopic: () => `unknown-${randomUUID()}`,
        newGroup: () => `group-${randomUUID()}`,
        sizes: {accepted: 1_000_000, refused: 1_100_000},
        setAway: away => away ? server.stop() : server.start(),
        cleanup: () => server.close()
    };
}

/** Options of a bus on a server. */
export const busOf = (server: KafkaServer): KafkaBrokerOptions & {readonly topic: string} => ({brokers: [server.address], clientId: 'shop', ...quick, topic: 'shop.events'});

/** Waits for a condition, and fails when it doesn't come about. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!await condition()) {
        if (performance.now() > deadline)
            throw new Error(`It didn't come about within ${timeoutMs} ms: ${condition.toString()}`);
        await new Promise(resolve => setTimeout(resolve, 10));
    }
}

/** The same on a Kafka that is there. Its topics stay. */
export async function realBrokerUnderTest(address: string): Promise<BrokerUnderTest> {
    const create = (): KafkaBroker => new KafkaBroker({brokers: [address], clientId: 'woltage-test', sessionTimeoutMs: 6000});
    return {
        broker: create(),
        second: create,
        createTopic: async partitions => {
            const topic = `woltage-test-${randomUUID()}`;
            const admin = new Admin({clientId: 'woltage-test', bootstrapBrokers: [address]});
            await admin.createTopics({topics: [topic], partitions, replicas: 1});
            await admin.close();
            return topic;
        },
        unknownTopic: () => `woltage-test-${randomUUID()}`,
        newGroup: () => `group-${randomUUID()}`,
        sizes: {accepted: 1_000_000, refused: 1_100_000},
        timeoutMs: 60_000
    };
}
