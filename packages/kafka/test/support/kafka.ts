import {randomUUID} from 'node:crypto';
import type {BrokerUnderTest} from '@woltage/testing';
import {KafkaBroker, type KafkaBrokerOptions} from '../../src/index.ts';
import {KafkaServer, type KafkaServerOptions} from '../../../../test/servers/kafka/kafka-server.ts';

/** Options that let tests see the end of waiting. */
export const quick = {timeoutMs: 2500, connectTimeoutMs: 1000, sessionTimeoutMs: 2000, requestTimeoutMs: 3000} as const;

export const brokerFor = (server: KafkaServer, options: Partial<KafkaBrokerOptions> = {}): KafkaBroker =>
    new KafkaBroker({brokers: [server.address], clientId: 'test', ...quick, ...options});

/** What the conformance suite needs, on a server of its own. */
export async function brokerUnderTest(options: KafkaServerOptions = {}): Promise<BrokerUnderTest> {
    const server = await KafkaServer.start(options);
    return {
        broker: brokerFor(server),
        second: () => brokerFor(server),
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
