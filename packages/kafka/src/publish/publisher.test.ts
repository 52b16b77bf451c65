import {expect, it} from 'vitest';
import {DriverError} from '../driver/kafka-driver.ts';
import {Publisher, type PublisherDriver} from './publisher.ts';

const noProducer = (): never => {
    throw new Error('Nothing is to be sent.');
};

it.each<[string, PublisherDriver['partitions']]>([
    ['a topic that is not there', () => Promise.resolve(0)],
    ['a broker that is away', () => Promise.reject(new DriverError('later', 'Away', undefined))]
])('What is given up while it waits for %s says so', async (_what, partitions) => {
    const publisher = new Publisher({partitions, producer: noProducer}, 30_000, () => undefined);
    await expect(publisher.publish([{topic: 't', value: 'x'}], {signal: AbortSignal.timeout(20)})).rejects.toMatchObject({code: 'PUBLISH_ABORTED', status: 503});
});
