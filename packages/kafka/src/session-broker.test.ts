import {expect, it} from 'vitest';
import {driverError} from './driver/failures.ts';
import type {DriverError} from './driver/kafka-driver.ts';
import {SessionBroker, type KafkaSession} from './session-broker.ts';

/** Its cluster never answers. */
class SilentBroker extends SessionBroker<KafkaSession> {
    protected begin(): Promise<KafkaSession> {
        const never = (): Promise<never> => new Promise(() => undefined);
        return Promise.resolve({ping: never, partitions: never, consume: never, close: () => Promise.resolve(), producer: () => ({send: never, close: () => Promise.resolve()})});
    }

    protected failureOf(error: unknown): DriverError {
        return driverError(error);
    }
}

it('Closing breaks off what has been called before, be it under way or waiting for its turn', async () => {
    const broker = new SilentBroker({brokers: ['127.0.0.1:9092']});
    const outcomes = [broker.connect(), broker.close(), broker.connect(), broker.close()].map(call => call.then(() => 'done', (error: unknown) => (error as {code?: string}).code));
    expect(await Promise.all(outcomes)).toEqual(['CLOSED', 'done', 'CLOSED', 'done']);
});
