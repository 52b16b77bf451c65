import {describe, expect, it} from 'vitest';
import {MemoryEventStore} from 'woltage';
import {ComposedEventStore, KafkaBroker, KafkaEventSource} from './index.ts';

const brokers = ['127.0.0.1:9092'];
const refused = (code = 'KAFKA_OPTIONS') => expect.objectContaining({code, status: 500}) as Error;

describe('Options', () => {
    it.each([
        [undefined], [null], [{}], [{brokers: []}], [{brokers: 'localhost:9092'}], [{brokers: ['localhost']}], [{brokers: ['kafka://localhost:9092']}], [{brokers: ['localhost:0']}],
        [{brokers: ['localhost:70000']}], [{brokers, clientID: 'x'}], [{brokers, clientId: ''}], [{brokers, clientId: 'a b'}], [{brokers, groupPrefix: 1}], [{brokers, idempotent: 'yes'}],
        [{brokers, ssl: 'yes'}], [{brokers, sasl: {}}], [{brokers, sasl: {mechanism: 'PLAIN', username: 'x'}}], [{brokers, sasl: {mechanism: 'GSSAPI'}}], [{brokers, sasl: {mechanism: 'OAUTHBEARER'}}],
        [{brokers, timeoutMs: 0}], [{brokers, timeoutMs: NaN}], [{brokers, sessionTimeoutMs: '5'}], [{brokers, logger: {}}], [{brokers, logger: {warn() {}}}], [{brokers: [undefined, 'localhost:9092']}], [{brokers, ssl: []}]
    ])('%j are refused', options => {
        expect(() => new KafkaBroker(options as never)).toThrow(refused());
    });

    it.each([
        [{brokers}], [{brokers: ['[::1]:9092', 'kafka-1.example:9093']}], [{brokers, ssl: true, sasl: {mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p'}}],
        [{brokers, ssl: {ca: 'x'}, sasl: {mechanism: 'OAUTHBEARER', token: () => 't'}}], [{brokers, clientId: undefined, logger: undefined}]
    ])('%j are taken', options => {
        expect(new KafkaBroker(options as never)).toBeInstanceOf(KafkaBroker);
    });

    it('never show a password', () => {
        const options = {brokers: ['x'], sasl: {mechanism: 'PLAIN', username: 'u', password: 'secret'}} as const;
        expect(() => new KafkaBroker(options)).toThrow(expect.not.objectContaining({message: expect.stringContaining('secret') as string}) as Error);
    });

    it.each([[undefined], [{brokers, from: 'start'}], [{brokers, topic: 'a b', from: 'start'}], [{brokers, topic: 'x'}], [{brokers, topic: 'x', from: 'end'}], [{brokers, topic: 'x', from: 'start', group: 'x'}]])(
        'of an event source: %j are refused', options => {
            expect(() => new KafkaEventSource(options as never)).toThrow(refused());
        }
    );

    it.each([[undefined], [{}], [{log: {adapter: MemoryEventStore}}], [{bus: {brokers, topic: 'x'}}], [{log: {}, bus: {brokers, topic: 'x'}}], [{log: {adapter: MemoryEventStore}, bus: {brokers, topic: 'x'}, x: 1}],
        [{log: {adapter: undefined}, bus: {brokers, topic: 'x'}}], [{log: {adapter: () => undefined}, bus: {brokers, topic: 'x'}}], [{log: {adapter: MemoryEventStore, args: {}}, bus: {brokers, topic: 'x'}}],
        [{log: {adapter: MemoryEventStore, arg: []}, bus: {brokers, topic: 'x'}}]])(
        'of a composed event store: %j are refused', options => {
            expect(() => new ComposedEventStore(options as never)).toThrow(refused());
        }
    );

    it('a composed event store can do what its log can', () => {
        const log = new MemoryEventStore();
        const store = new ComposedEventStore({log, bus: {brokers, topic: 'x'}});
        expect(store.supports).toBe(log.supports);
        expect([store.appendAll, store.query, store.erase].map(method => typeof method)).toEqual(['function', 'function', 'function']);
        const bare = new ComposedEventStore({log: Object.assign(Object.create(log) as MemoryEventStore, {appendAll: undefined, query: undefined, erase: undefined}), bus: {brokers, topic: 'x'}});
        expect([bare.appendAll, bare.query, bare.erase]).toEqual([undefined, undefined, undefined]);
    });

    it('where nobody listens: unavailable, and the address in the message', async () => {
        await expect(new KafkaBroker({brokers: ['127.0.0.1:1'], connectTimeoutMs: 500}).connect()).rejects.toMatchObject({code: 'BROKER_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1') as string});
    });
});
