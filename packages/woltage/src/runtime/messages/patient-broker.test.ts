import {getEventListeners} from 'node:events';
import {describe, expect, it} from 'vitest';
import {ConfigError, MemoryBroker, MemoryBrokerData, UnavailableError} from 'woltage';
import {silentLogger} from '../../shared/logger.ts';
import {PatientBroker} from './patient-broker.ts';

/** A broker that connects as a test wants it to. */
class Slow extends MemoryBroker {
    readonly #connecting: () => Promise<void>;
    closed = 0;

    constructor(connecting: () => Promise<void>, data?: MemoryBrokerData) {
        super(data);
        this.#connecting = connecting;
    }

    override async connect(): Promise<void> {
        await this.#connecting();
        await super.connect();
    }

    override async close(): Promise<void> {
        this.closed++;
        await super.close();
    }
}

describe('A broker that may be away', () => {
    it('holds up no start, also where its connection hangs', async () => {
        let release = (): void => undefined;
        const broker = new PatientBroker(new Slow(() => new Promise(resolve => release = resolve)), silentLogger);
        const began = performance.now();
        await broker.connect();
        expect(performance.now() - began).toBeLessThan(3000);
        const ending = new AbortController();
        const consuming = broker.consume({topics: ['t'], group: 'g', from: 'start', signal: ending.signal, resume: async () => [], handle: () => Promise.resolve()});
        ending.abort();
        await consuming;
        release();
        await broker.close();
    });

    it('leaves nothing at the signal of who consumes, however often that is begun', async () => {
        const inner = new MemoryBroker();
        inner.consume = () => Promise.reject(new UnavailableError('Away.'));
        const broker = new PatientBroker(inner, silentLogger);
        await broker.connect();
        const {signal} = new AbortController();
        for (let i = 0; i < 3; i++)
            await expect(broker.consume({topics: ['t'], group: 'g', from: 'start', signal, resume: async () => [], handle: () => Promise.resolve()})).rejects.toThrow('Away.');
        expect(getEventListeners(signal, 'abort')).toEqual([]);
        await broker.close();
    });

    it('is connected by whoever needs it, and by itself once it is there', async () => {
        let failures = 2;
        const data = new MemoryBrokerData();
        const broker = new PatientBroker(new Slow(async () => {
            if (failures-- > 0)
                throw new UnavailableError('Away.', {code: 'BROKER_UNAVAILABLE'});
        }, data), silentLogger);
        const connected = broker.connect();
        await expect(broker.ping()).rejects.toMatchObject({code: 'BROKER_UNAVAILABLE'});
        await broker.publish([{topic: 't', value: 'x'}]);
        await connected;
        expect(data.messages('t')).toHaveLength(1);
        await broker.close();
        await expect(broker.publish([{topic: 't', value: 'x'}])).rejects.toMatchObject({code: 'CLOSED'});
        await broker.connect();
        await broker.publish([{topic: 't', value: 'y'}]);
        await broker.close();
    });

    it('fails at once with settings that no waiting can mend', async () => {
        const broker = new PatientBroker(new Slow(() => Promise.reject(new ConfigError('No such protocol.', {code: 'KAFKA_OPTIONS'}))), silentLogger);
        await expect(broker.connect()).rejects.toMatchObject({code: 'KAFKA_OPTIONS'});
        await broker.close();
    });

    it('is closed again where a connection comes late', async () => {
        let release = (): void => undefined;
        const inner = new Slow(() => new Promise(resolve => release = resolve));
        const broker = new PatientBroker(inner, silentLogger);
        await broker.connect();
        const closing = broker.close();
        release();
        await closing;
        expect(inner.closed).toBe(2);
        await expect(inner.ping()).rejects.toMatchObject({code: 'CLOSED'});
    });

    it('has lastMessage only where the broker has it', () => {
        class Dumb extends MemoryBroker {
            override lastMessage = undefined as never;
        }
        expect(new PatientBroker(new MemoryBroker(), silentLogger).lastMessage).toBeTypeOf('function');
        expect(new PatientBroker(new Dumb(), silentLogger).lastMessage).toBeUndefined();
    });
});
