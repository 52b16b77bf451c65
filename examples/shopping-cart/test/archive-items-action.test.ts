import {createTestWoltage, type TestWoltage} from '@woltage/testing';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {addItem} from '../src/slices/add-item/add-item.ts';
import {archiveItems} from '../src/slices/archive-item/archive-items-action.ts';
import {CartItems} from '../src/slices/cart-items/cart-items.ts';
import {changePrice} from '../src/slices/change-price/change-price.ts';
import {removeItem} from '../src/slices/remove-item/remove-item.ts';
import {submitCart} from '../src/slices/submit-cart/submit-cart.ts';
import {config, item} from './support.ts';

const WAIT = {timeout: 5000, interval: 5};

describe('The automation that archives items', () => {
    let app: TestWoltage;
    let woltage: TestWoltage['woltage'];
    beforeEach(async () => {
        app = await createTestWoltage({
            ...config, actions: [archiveItems],
            projections: [...config.projections, {name: 'carts-with-products', version: 1, projector: 'CartsWithProductsProjector', store: 'main'}]
        });
        ({woltage} = app);
    });
    afterEach(() => app.stop());

    const add = (cartId: string, itemId: string, productId = 'tea') => woltage.decide(addItem, {...item(itemId, productId), cartId});
    const price = (productId = 'tea') => woltage.executeCommand(changePrice, productId, {oldPrice: 4.5, newPrice: 5});
    const itemsOf = async (cartId: string) => (await woltage.executeQuery(CartItems, 'live', {cartId})).items.map(({itemId}) => itemId);
    const archived = async () => (await app.events()).flatMap(({type, payload}) => type === 'item.archived' ? [payload as {cartId: string; itemId: string; priceChangedEventId: string}] : []);

    it('archives the product\'s items in all carts, and nothing else', async () => {
        await add('c1', 'i1');
        await add('c1', 'i2', 'milk');
        await add('c1', 'i3');
        await add('c2', 'i1');
        const {events: [change]} = await price();
        await vi.waitFor(async () => expect(await archived()).toHaveLength(3), WAIT);
        expect(new Set((await archived()).map(({priceChangedEventId}) => priceChangedEventId))).toEqual(new Set([change?.id]));
        expect([await itemsOf('c1'), await itemsOf('c2')]).toEqual([['i2'], []]);
    });

    it('tells what was added before a change from what was added after it, however fast they follow each other', async () => {
        for (let round = 0; round < 5; round++) {
            await Promise.all([1, 2, 3, 4].map(n => add(`old-${round}-${n}`, 'i1')));
            await price();
            await Promise.all([1, 2, 3, 4].map(n => add(`new-${round}-${n}`, 'i1', `tea-${round}`)));
            await Promise.all([1, 2].map(n => add(`late-${round}-${n}`, 'i1')));
        }
        // Each change archives what was there: the carts of its round, and what the round before has added after its change.
        await vi.waitFor(async () => expect(await archived()).toHaveLength(5 * 4 + 4 * 2), WAIT);
        await app.settled();
        expect(await archived()).toHaveLength(28);
        expect([await itemsOf('old-4-1'), await itemsOf('new-0-1'), await itemsOf('late-3-1'), await itemsOf('late-4-1')]).toEqual([[], ['i1'], [], ['i1']]);
    });

    it('leaves submitted carts alone, and what is gone', async () => {
        await add('c1', 'i1');
        await woltage.decide(submitCart, {cartId: 'c1'});
        await add('c2', 'i1');
        await woltage.decide(removeItem, {cartId: 'c2', itemId: 'i1'});
        await add('c3', 'i1');
        await price();
        await vi.waitFor(async () => expect(await archived()).toHaveLength(1), WAIT);
        expect(await archived()).toMatchObject([{cartId: 'c3'}]);
        expect(await itemsOf('c1')).toEqual(['i1']);
    });
});
