import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {Action, Aggregate, Event, MemoryEventStore, MemoryStore, onEvent, z, type Woltage} from 'woltage';
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
