import {describe, it} from 'vitest';
import {CartCleared} from '../src/events/CartCleared.ts';
import {clearCart} from '../src/slices/clear-cart/clear-cart.ts';
import {added, created, given, submitted} from './support.ts';

const c1 = {cartId: 'c1'};

describe('Clear cart', () => {
    it('clears a cart, also one that is empty', async () => {
        await given([created(), added('i1')]).when(clearCart, c1).then([new CartCleared({payload: c1})]);
        await given([created()]).when(clearCart, c1).then([new CartCleared({payload: c1})]);
    });

    it('refuses where there is no cart', async () => {
        await given([]).when(clearCart, c1).then('CART_NOT_FOUND');
    });

    it('refuses to alter a submitted cart', async () => {
        await given([created(), added('i1'), submitted(['tea', 4.5])]).when(clearCart, c1).then('CART_SUBMITTED');
    });
});
