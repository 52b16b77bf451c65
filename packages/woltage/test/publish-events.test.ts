import {afterEach, describe, expect, it} from 'vitest';
import {createWoltage, defineEvent, MemoryEventStore, MemoryStore, TombstoneEvent, UnavailableError, z, type Event, type Woltage, type WoltageConfig} from 'woltage';
import {walletData, type WalletData} from './support/wallet.ts';

const Measured = defineEvent('TemperatureMeasured', {schema: z.object({celsius: z.number()}), version: 1});
const Tagged = defineEvent('Tagged', {schema: z.object({cart: z.string()}), version: 1, tags: ({cart}: {cart: string}) => ['flat', `cart:${cart}`]});
const Carted = defineEvent('Carted', {schema: z.object({cart: z.string()}), version: 1, tags: ({cart}: {cart: string}) => [`cart:${cart}`]});
const Unknown = defineEvent('Unknown', {schema: z.object({}), version: 1});

const running: Woltage[] = [];
afterEach(() => Promise.all(running.splice(0).map(woltage => woltage.stop())));

async function start(data: WalletData = walletData(), config: Partial<WoltageConfig> = {}): Promise<Woltage> {
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.records]},
        eventClasses: [Measured, Tagged, Carted], aggregates: [], projectorClasses: [], ...config
    });
    running.push(woltage);
    return woltage;
}

const measured = (celsius: number, aggregateId?: string): Event => new Measured({payload: {celsius}, aggregateId});
const stored = async (woltage: Woltage) => (await woltage.insides.events()).map(({aggregateName, event: {aggregateId, payload, revision}}) => [aggregateName, aggregateId, payload, revision]);

describe('publish', () => {
    it('appends events without an aggregate, each to its stream', async () => {
        const woltage = await start();
        const first = await woltage.publish(measured(1, 's-1'));
        expect(first.events).toMatchObject([{aggregateId: 's-1', revision: 0n, position: first.position}]);
        const {events, position} = await woltage.publish([measured(2, 's-1'), measured(3), new Carted({payload: {cart: '42'}}), measured(4), new Tagged({payload: {cart: '1'}})]);
        const id = events[1]?.aggregateId as string;
        expect(id).toMatch(/^[0-9a-f-]{36}$/);
        expect(await stored(woltage)).toEqual([
            ['temperature', 's-1', {celsius: 1}, 0n], ['temperature', 's-1', {celsius: 2}, 1n], ['temperature', id, {celsius: 3}, 0n], ['temperature', id, {celsius: 4}, 1n],
            ['cart', id, {cart: '42'}, 0n], ['tagged', id, {cart: '1'}, 0n]
        ]);
        expect(position).toBe(first.position + 5n);
        await woltage.publish(measured(5, 's-1'), {aggregateName: 'sensor'});
        expect((await stored(woltage)).at(-1)).toEqual(['sensor', 's-1', {celsius: 5}, 0n]);
        expect((await woltage.publish(measured(6))).events[0]?.aggregateId).not.toBe(id);
    });

    it('refuses what isn\'t an event, or isn\'t known', async () => {
        const woltage = await start();
        const publish = woltage.publish.bind(woltage) as (...args: unknown[]) => Promise<unknown>;
        const cases: [string, unknown[]][] = [
            ['NO_EVENTS', [[]]], ['INVALID_EVENT', [undefined]], ['INVALID_EVENT', [{type: 'temperature.measured', payload: {}}]], ['INVALID_EVENT', [[measured(1), null]]],
            ['INVALID_EVENT', [new TombstoneEvent({payload: {}})]], ['UNKNOWN_EVENT_CLASS', [new Unknown({payload: {}})]], ['INVALID_AGGREGATE_ID', [measured(1, 'x'.repeat(2000))]],
            ['INVALID_OPTIONS', [measured(1), {aggregateName: ''}]], ['INVALID_OPTIONS', [measured(1), {aggregate: 'x'}]], ['INVALID_IDEMPOTENCY_KEY', [measured(1), {idempotencyKey: ''}]]
        ];
        for (const [code, args] of cases)
            await expect(publish(...args), code).rejects.toMatchObject({code});
        expect(() => measured('hot' as never)).toThrow(expect.objectContaining({code: 'VALIDATION_FAILED'}) as Error);
        expect(await stored(woltage)).toEqual([]);
        await woltage.stop();
        await expect(woltage.publish(measured(1))).rejects.toMatchObject({code: 'STOPPED'});
    });

    it('appends once for an idempotency key, and answers as it did', async () => {
        const data = walletData();
        const [woltage, other] = [await start(data), await start(data)];
        const event = measured(1);
        const answers = await Promise.all([woltage, other, woltage].map(instance => instance.publish([measured(1), measured(2, 's')], {idempotencyKey: 'k'})));
        const [first] = answers as [typeof answers[number]];
        for (const {events, position} of answers) {
            expect(position).toBe(first.position);
            expect(events.map(({id, aggregateId, revision}) => [id, aggregateId, revision])).toEqual(first.events.map(({id, aggregateId, revision}) => [id, aggregateId, revision]));
        }
        expect(await stored(woltage)).toHaveLength(2);
        // The same object again, which has been named since.
        const again = await woltage.publish(event, {idempotencyKey: 'object'});
        expect((await woltage.publish(event, {idempotencyKey: 'object'})).position).toBe(again.position);
        expect((await other.publish(measured(1), {idempotencyKey: 'object'})).events[0]?.id).toBe(event.id);
        expect(await stored(woltage)).toHaveLength(3);
        await expect(woltage.publish(measured(2), {idempotencyKey: 'object'})).rejects.toMatchObject({code: 'IDEMPOTENCY_KEY_REUSED'});
        await expect(woltage.publish(measured(1, 'x'), {idempotencyKey: 'object'})).rejects.toMatchObject({code: 'IDEMPOTENCY_KEY_REUSED'});
    });

    it('appends nothing twice when the answer is lost and it is asked for again', async () => {
        let losses = 2;
        class Losing extends MemoryEventStore {
            override async append(...args: Parameters<MemoryEventStore['append']>) {
                const result = await super.append(...args);
                if (losses-- > 0)
                    throw new UnavailableError('The connection was lost.');
                return result;
            }
        }
        const data = walletData();
        const woltage = await start(data, {eventStore: {adapter: Losing, args: [data.events]}});
        const event = measured(1);
        for (let n = 0; n < 2; n++)
            await expect(woltage.publish(event, {idempotencyKey: 'k'})).rejects.toThrow(UnavailableError);
        await woltage.publish(event, {idempotencyKey: 'k'});
        await woltage.publish(event);
        expect(await stored(woltage)).toHaveLength(1);
    });
});
