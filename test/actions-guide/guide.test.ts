import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {createTestWoltage, given} from '@woltage/testing';
import {expect, it, onTestFinished, vi} from 'vitest';
import createWoltage, {MemoryBroker, MemoryEventStore, MemoryStore, MemoryStoreData} from 'woltage';
import {
    ConfirmationFailed, ConfirmationSent, confirm, countStock, dailyReport, importOrder, noteConfirmation, order, OrderPlaced, placeOrder, product, ReportWritten, report, serve, StockCounted,
    takeStock, type Services
} from './app.ts';

const aggregates = [order, product, report];
const placed = (): InstanceType<typeof OrderPlaced> => new OrderPlaced({aggregateId: 'o-1', payload: {email: 'ann@example.com', productId: 'tea'}});

it('confirms an order', async () => {
    const mails: string[] = [];
    const services: Services = {mailer: {send: async (to, subject) => void mails.push(`${to}: ${subject}`)}};
    await given([], {aggregates, services})
        .when(confirm, placed())
        .then([new ConfirmationSent({aggregateId: 'o-1', payload: {email: 'ann@example.com'}})]);
    expect(mails).toEqual(['ann@example.com: Your order o-1']);
});

it('records that a confirmation could not be sent', async () => {
    const services: Services = {mailer: {send: () => Promise.reject(new Error('No such mailbox'))}};
    await given([], {aggregates, services})
        .when(confirm, placed())
        .then([new ConfirmationFailed({payload: {reason: 'No such mailbox'}})]);
});

it('takes what topics, times and requests bring', async () => {
    await given([], {aggregates})
        .when(takeStock, {message: {productId: 'tea', left: 5}})
        .then([new StockCounted({aggregateId: 'tea', payload: {left: 5}})]);
    await given([], {aggregates})
        .when(dailyReport, {scheduledFor: new Date('2026-03-01T05:00:00Z')})
        .then([new ReportWritten({payload: {day: '2026-03-01'}})]);
    await given([], {aggregates})
        .when(importOrder, {input: {shop: 's-1', email: 'ann@example.com', productId: 'tea'}})
        .thenPublished([{topic: 'orders', value: {shop: 's-1', orderId: expect.any(String)}}]);
});

it('sends a confirmation when the mail server is back', async () => {
    const send = vi.fn<Services['mailer']['send']>().mockRejectedValueOnce(new Error('Away'));
    const {woltage, clock, settled, stop} = await createTestWoltage({aggregates, actions: [confirm], services: {mailer: {send}}});
    await woltage.executeCommand(placeOrder, 'o-1', {email: 'ann@example.com', productId: 'tea'});
    await settled();
    expect(await woltage.stateOf(order, 'o-1')).toEqual({isConfirmed: false});
    await clock.advance(10_000);
    expect(await woltage.stateOf(order, 'o-1')).toEqual({isConfirmed: true});
    await stop();
});

/** As in production, on adapters in memory. */
const start = async (services: Services, data = new MemoryStoreData()) => {
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore},
        internalStore: {adapter: MemoryStore, args: [data]},
        messageBroker: {adapter: MemoryBroker},
        eventClasses: [OrderPlaced, ConfirmationSent, ConfirmationFailed, StockCounted, ReportWritten],
        aggregates,
        projectorClasses: [],
        actions: [confirm, takeStock, importOrder],
        services
    });
    onTestFinished(() => woltage.stop());
    return woltage;
};

it('lists, retries and discards what has failed for good', async () => {
    const services: Services = {mailer: {send: () => Promise.reject(new Error('Away'))}};
    const {woltage, settled, stop} = await createTestWoltage({aggregates, actions: [confirm], services});
    await woltage.executeCommand(placeOrder, 'o-1', {email: 'ann@example.com', productId: 'tea'});
    await woltage.executeCommand(placeOrder, 'o-2', {email: 'bob@example.com', productId: 'tea'});
    await settled({advance: true});
    const failed = await woltage.getFailedActions({action: confirm});
    const [first, second] = failed.map(({id}) => id) as [string, string];
    expect(failed.map(({attempts, error}) => [attempts, error.message])).toEqual([[5, 'Away'], [5, 'Away']]);
    await woltage.retryFailedAction(first);
    await woltage.discardFailedAction(second);
    await settled({advance: true});
    expect(await woltage.getFailedActions()).toMatchObject([{id: first, attempts: 5}]);
    await stop();
});

it('is called over HTTP, and from code', async () => {
    const send = vi.fn<Services['mailer']['send']>().mockResolvedValue();
    const woltage = await start({mailer: {send}});
    const server = serve(woltage).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/shops/s-1/orders`, {
        method: 'POST', headers: {'content-type': 'application/json', 'idempotency-key': '1'}, body: JSON.stringify({email: 'ann@example.com', productId: 'tea'})
    });
    expect(response.status).toBe(200);
    const {orderId} = await response.json() as {orderId: string};
    await vi.waitFor(async () => expect(await woltage.stateOf(order, orderId)).toEqual({isConfirmed: true}));

    const answer = await woltage.executeAction(importOrder, {shop: 's-2', email: 'ann@example.com', productId: 'tea'}, {idempotencyKey: 'import-7'});
    const id = await woltage.enqueueAction(importOrder, {shop: 's-2', email: 'bob@example.com', productId: 'tea'});
    expect([answer, id]).toEqual([{orderId: expect.any(String) as string, position: expect.any(BigInt) as bigint}, expect.any(String)]);
    await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(3));
    expect(new Set(send.mock.calls.map(([, , key]) => key)).size).toBe(3);
});

it('refuses by its rules', async () => {
    await given([placed(), new ConfirmationSent({aggregateId: 'o-1', payload: {email: 'ann@example.com'}})]).when(noteConfirmation, {email: 'x'}).then('CONFIRMED');
    await given([new StockCounted({aggregateId: 'tea', payload: {left: 1}})]).when(countStock, {left: 2}).thenState({left: 2});
});
