import {createTestWoltage, type TestWoltage} from '@woltage/testing';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {MemoryBroker, MemoryBrokerData, UnavailableError} from 'woltage';
import {addItem} from '../src/slices/add-item/add-item.ts';
import {publishSubmittedCart} from '../src/slices/publish-cart/publish-cart-action.ts';
import {submitCart} from '../src/slices/submit-cart/submit-cart.ts';
import {SubmittedCarts} from '../src/slices/submitted-carts/submitted-carts.ts';
import {config, item} from './support.ts';

const WAIT = {timeout: 8000, interval: 5};
const c1 = {cartId: 'c1'};

/** Is away for so many publications. */
class AbsentBroker extends MemoryBroker {
    static absences = 0;
    static tries = 0;

    override async publish(...args: Parameters<MemoryBroker['publish']>): Promise<void> {
        if (++AbsentBroker.tries <= AbsentBroker.absences)
            throw new UnavailableError('The broker is away.', {code: 'BROKER_UNAVAILABLE'});
        await super.publish(...args);
    }
}

describe('The publisher of carts', () => {
    let app: TestWoltage;
    afterEach(() => app.stop());

    async function submit(absences: number) {
        Object.assign(AbsentBroker, {absences, tries: 0});
        const data = new MemoryBrokerData();
        app = await createTestWoltage({
            ...config, actions: [publishSubmittedCart], messageBroker: {adapter: AbsentBroker, args: [data]},
            projections: [...config.projections, {name: 'submitted-carts', version: 1, projector: 'SubmittedCartsProjector', store: 'main'}]
        });
        await app.woltage.decide(addItem, item('i1'));
        await app.woltage.decide(submitCart, c1);
        return data;
    }
    const publication = async () => (await app.woltage.executeQuery(SubmittedCarts, 'byId', c1))?.publication;
    /** Lets the clock run until the publication has come so far. */
    const until = (state: string, stepMs: number) => vi.waitFor(async () => {
        await app.clock.advance(stepMs);
        expect(await publication()).toBe(state);
    }, WAIT);
    const types = async () => (await app.events()).map(({type}) => type).slice(3);

    it('publishes a submitted cart, and records it', async () => {
        const data = await submit(0);
        await until('published', 1000);
        expect(await types()).toEqual(['cart.published']);
        expect(data.messages('published_carts').map(({key, value}) => [key, JSON.parse(new TextDecoder().decode(value ?? undefined)) as unknown]))
            .toEqual([['c1', {cartId: 'c1', orderedProducts: [{productId: 'tea', price: 4.5}], totalPrice: 4.5}]]);
    });

    it('waits for a broker that is away', async () => {
        const data = await submit(3);
        await until('published', 1000);
        expect(AbsentBroker.tries).toBe(4);
        expect(await types()).toEqual(['cart.published']);
        expect(data.messages('published_carts')).toHaveLength(1);
    });

    it('gives up after an hour, and records that', async () => {
        await submit(Infinity);
        const began = app.clock.now;
        await until('failed', 60_000);
        expect(app.clock.now - began).toBeGreaterThanOrEqual(55 * 60_000);
        expect(await types()).toEqual(['cart.publication.failed']);
        expect(await app.woltage.executeQuery(SubmittedCarts, 'byId', c1)).toMatchObject({failure: 'The broker is away.'});
        expect(await app.woltage.getFailedActions()).toMatchObject([{action: 'publishSubmittedCart'}]);
    });
});
