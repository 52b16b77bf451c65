import {describe, it} from 'vitest';
import {CartCleared} from '../src/events/CartCleared.ts';
import {CartItemRemoved} from '../src/events/CartItemRemoved.ts';
import {CartSubmitted} from '../src/events/CartSubmitted.ts';
import {InventoryChanged} from '../src/events/InventoryChanged.ts';
import {ItemArchived} from '../src/events/ItemArchived.ts';
import {submitCart} from '../src/slices/submit-cart/submit-cart.ts';
import {added, created, given, submitted} from './support.ts';

const c1 = {cartId: 'c1'};
const stock = (inventory: number, productId = 'tea') => new InventoryChanged({payload: {productId, inventory}});

describe('Submit cart', () => {
    it('submits what is in the cart, with the total', async () => {
        await given([created(), added('i1', 'tea', 0.1), added('i2', 'milk', 0.2)]).when(submitCart, c1).then([submitted(['tea', 0.1], ['milk', 0.2])]);
    });

    it('leaves out what was removed and archived', async () => {
        await given([
            created(), added('i1', 'tea', 4.5), added('i2', 'milk', 1), added('i3', 'tea', 5),
            new CartItemRemoved({payload: {...c1, itemId: 'i2'}}), new ItemArchived({payload: {...c1, itemId: 'i1', priceChangedEventId: 'e'}})
        ]).when(submitCart, c1).then([submitted(['tea', 5])]);
    });

    it('remembers the device', async () => {
        const {payload} = submitted(['tea', 4.5]);
        await given([created(), added('i1')]).when(submitCart, c1, {fingerprint: 'phone'}).then([new CartSubmitted({payload: {...payload, fingerprint: 'phone'}})]);
    });

    it('refuses where there is no cart', async () => {
        await given([]).when(submitCart, c1).then('CART_NOT_FOUND');
    });

    it('refuses an empty cart', async () => {
        await given([created()]).when(submitCart, c1).then('CART_EMPTY');
        await given([created(), added('i1'), new CartCleared({payload: c1})]).when(submitCart, c1).then('CART_EMPTY');
    });

    it('refuses to submit a cart twice', async () => {
        await given([created(), added('i1'), submitted(['tea', 4.5])]).when(submitCart, c1).then('CART_SUBMITTED_ALREADY');
    });

    it('refuses what is not in stock', async () => {
        await given([created(), added('i1'), stock(0)]).when(submitCart, c1).then('OUT_OF_STOCK');
        await given([created(), added('i1'), added('i2'), stock(1)]).when(submitCart, c1).then('OUT_OF_STOCK');
        await given([stock(0), stock(2), stock(0, 'milk'), created(), added('i1'), added('i2')]).when(submitCart, c1).then([submitted(['tea', 4.5], ['tea', 4.5])]);
    });
});
