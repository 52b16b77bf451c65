import {expect, it} from 'vitest';
import {MemoryBroker, MemoryBrokerData, type BrokerPublishOptions, type TopicMessage} from 'woltage';
import {silentLogger} from '../../shared/logger.ts';
import type {Task} from '../../tasks/index.ts';
import {letterTask, LetterWork} from './message-letters.ts';

/** Publishes once it is let to. */
class LateBroker extends MemoryBroker {
    release = (): void => undefined;

    override async publish(messages: readonly TopicMessage[], options?: BrokerPublishOptions): Promise<void> {
        await new Promise<void>(resolve => this.release = resolve);
        await super.publish(messages, options);
    }
}

it('A letter whose attempt is over is not sent later, beside that of the next attempt', async () => {
    const data = new MemoryBrokerData();
    const broker = new LateBroker(data);
    await broker.connect();
    const task = letterTask('id', 'take', 'dead', {topic: 'stock', partition: 0, offset: 7n, key: null, value: Buffer.from('{'), headers: {}, timestamp: 0}, {code: 'MESSAGE_NOT_JSON', message: 'no'}) as unknown as Task;
    const letters = new LetterWork(broker, silentLogger, true);
    const late = new AbortController();
    const first = letters.run(task, {signal: late.signal});
    late.abort();
    broker.release();
    await expect(first).rejects.toMatchObject({code: 'PUBLISH_ABORTED'});
    const second = letters.run(task, {signal: new AbortController().signal});
    broker.release();
    await second;
    expect(data.messages('dead')).toHaveLength(1);
});
