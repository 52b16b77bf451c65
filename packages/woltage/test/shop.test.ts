import {expect, it} from 'vitest';
import {fromCloudEvent, MemoryBroker, MemoryBrokerData, type RecordedEvent} from 'woltage';
import {eventually} from './support/account.ts';
import {placeOrder, product, startShop} from './support/shop.ts';

it('Services talk by a broker: events are published, messages become commands, projectors publish', async () => {
    const topics = new MemoryBrokerData({partitions: 4});
    const shop = await startShop(topics);
    await eventually(() => shop.getProjection('order')?.isActive === true);

    const warehouse = new MemoryBroker(topics);
    await warehouse.connect();
    const ending = new AbortController();
    const heard: RecordedEvent[] = [];
    const consuming = warehouse.consume({
        topics: ['orders'],
        group: 'warehouse',
        from: 'start',
        signal: ending.signal,
        resume: async partitions => partitions.map(() => undefined),
        handle: async ({messages}) => {
            heard.push(...messages.map(fromCloudEvent));
        }
    });
    await shop.executeCommand(placeOrder, 'o-1', {product: 'p-1', quantity: 2, email: 'ann@example.com'});
    await warehouse.publish([{topic: 'inventories', key: 'p-1', value: '{"product":"p-1","left":7}'}, {topic: 'inventories', key: 'p-1', value: '{"product":"p-1"}'}]);

    await eventually(() => heard.length === 1 && topics.messages('mails').length === 1);
    expect(heard[0]).toMatchObject({type: 'order.placed', aggregateId: 'o-1', payload: {product: 'p-1', quantity: 2, email: 'ann@example.com'}});
    expect(new TextDecoder().decode(topics.messages('mails')[0]?.value ?? undefined)).toBe('{"template":"thanks","email":"ann@example.com"}');
    await eventually(async () => (await shop.stateOf(product, 'p-1')).left === 7);
    await eventually(() => topics.messages('inventories.dead-letters').length === 1);
    expect(topics.messages('inventories.dead-letters')[0]?.headers).toMatchObject({'woltage-error-code': 'VALIDATION_FAILED', 'woltage-action': 'takeInventory'});

    ending.abort();
    await consuming;
    await warehouse.close();
    await shop.stop();
});
