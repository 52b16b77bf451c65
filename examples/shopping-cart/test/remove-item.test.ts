import {describe, it} from 'vitest';
import {CartCleared} from '../src/events/CartCleared.ts';
import {CartItemRemoved} from '../src/events/CartItemRemoved.ts';
import {ItemArchived} from '../src/events/ItemArchived.ts';
import {removeItem} from '../src/slices/remove-item/remove-item.ts';
import {added, created, given, submitted} from './support.ts';

const i1 = {cartId: 'c1', itemId: 'i1'};
const removed = () => new CartItemRemoved({payload: i1});

describe('Remove item', () => {
    it('removes an item', async () => {
        await given([created(), added('i1'), added('i2')]).when(removeItem, i1).then([removed()]);
    });

    it('removes an item that was put back', async () => {
        await given([created(), added('i1'), removed(), added('i1')]).when(removeItem, i1).then([removed()]);
    });

    it('refuses where there is no cart', async () => {
        await given([]).when(removeItem, i1).then('CART_NOT_FOUND');
    });

    it('refuses an item that is not in the cart, or no longer', async () => {
        await given([created(), added('i2')]).when(removeItem, i1).then('ITEM_NOT_FOUND');
        await given([created(), added('i1'), removed()]).when(removeItem, i1).then('ITEM_NOT_FOUND');
        await given([created(), added('i1'), new ItemArchived({payload: {...i1, priceChangedEventId: 'e'}})]).when(removeItem, i1).then('ITEM_NOT_FOUND');
        await given([created(), added('i1'), new CartCleared({payload: {cartId: 'c1'}})]).when(removeItem, i1).then('ITEM_NOT_FOUND');
    });

    it('refuses to alter a submitted cart', async () => {
        await given([created(), added('i1'), submitted(['tea', 4.5])]).when(removeItem, i1).then('CART_SUBMITTED');
    });
});
