import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {Action, Aggregate, Event, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, onEvent, z, type Woltage} from 'woltage';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import {KafkaBroker} from '../src/index.ts';
import {quick} from './support/kafka.ts';

const empty = z.object({});

class Submitted extends Event<typeof empty> {
    static schema = empty;
    static version = 1;
}

class NotPublished extends Event<typeof empty> {
    static schema = empty;
    static version = 1;
}

const cart = Aggregate.create('cart', {$init: () => ({})});
const submit = cart.registerCommand(empty, function submit() {
    return new Submitted({payload: {}});
});

it('An application stops in seconds while a publication waits for a broker that is away, and goes on later', async () => {
    const server = await KafkaServer.start({partitions: 1});
    const [events, rows] = [new MemoryEventStoreData(), new MemoryStoreData()];
    const start = (): Promise<Woltage> => createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [events]}, internalStore: {adapter: MemoryStore, args: [rows]}, eventClasses: [Submitted, NotPublished], aggregates: [cart],
        projectorClasses: [], readModelClasses: [], publications: [{topic: 'submitted', events: [Submitted]}],
        messageBroker: {adapter: KafkaBroker, args: [{brokers: [server.address], clientId: 'shop', ...quick, timeoutMs: 30_000}]}
    });
    const published = (): string[] => server.messages('submitted').map(({key}) => String(key));
    const first = await start();
    await first.executeCommand(submit, 'a', {});
    await vi.waitFor(() => expect(published()).toEqual(['a']), {timeout: 10_000});
    await server.stop();
    await first.executeCommand(submit, 'b', {});
    await vi.waitFor(async () => expect((await first.health()).status).toBe('degraded'), {timeout: 10_000});
    await new Promise(resolve => setTimeout(resolve, 500));
    const began = performance.now();
    await first.stop();
    expect(performance.now() - began).toBeLessThan(8000);
    await server.start();
    const second = await start();
    await vi.waitFor(() => expect(published()).toEqual(['a', 'b']), {timeout: 10_000});
    await second.stop();
    await server.close();
}, 60_000);

describe('What an action publishes', () => {
    let server: KafkaServer;
    let woltage: Woltage;
    beforeEach(async () => {
        server = await KafkaServer.start({partitions: 1});
    });
    afterEach(async () => {
        await woltage.stop();
        await server.close();
    });

    it('has been published, or its failure is recorded, and not both, when the broker is away for longer than it is tried', async () => {
        const failed: string[] = [];
        const publishCart = Action.create('publishCart', {
            on: onEvent(Submitted),
            // Long before the broker's own `timeoutMs` of each attempt.
            retry: {timeoutMs: 1000, attemptTimeoutMs: 400, backoffMs: 50, maxBackoffMs: 100},
            handler: (_input, {event, publish}) => publish('carts', {key: event.aggregateId, value: {}}),
            onFinalFailure(_failure, {event}) {
                failed.push(event.aggregateId);
                return {aggregateName: 'cart', events: new NotPublished({aggregateId: event.aggregateId, payload: {}})};
            }
        });
        woltage = await createWoltage({
            eventStore: {adapter: MemoryEventStore}, internalStore: {adapter: MemoryStore}, eventClasses: [Submitted, NotPublished], aggregates: [cart], projectorClasses: [], readModelClasses: [],
            actions: [publishCart], messageBroker: {adapter: KafkaBroker, args: [{brokers: [server.address], clientId: 'shop', ...quick, timeoutMs: 10_000}]}
        });
        const published = (): string[] => server.messages('carts').map(({key}) => String(key));
        await woltage.executeCommand(submit, 'before', {});
        await vi.waitFor(() => expect(published()).toEqual(['before']), {timeout: 10_000});
        await server.stop();
        await woltage.executeCommand(submit, 'meanwhile', {});
        await vi.waitFor(() => expect(failed).toEqual(['meanwhile']), {timeout: 10_000, interval: 20});
        await server.start();
        await vi.waitFor(async () => {
            await woltage.executeCommand(submit, `after-${Math.random()}`, {});
            expect(published().length).toBeGreaterThan(1);
        }, {timeout: 20_000, interval: 500});
        expect(published()).not.toContain('meanwhile');
    }, 60_000);
});
