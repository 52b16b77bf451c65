import {describe, it} from 'vitest';
import {CartPublished} from '../src/events/CartPublished.ts';
import {publishCart} from '../src/slices/publish-cart/publish-cart.ts';
import {added, created, given, submitted} from './support.ts';

const c1 = {cartId: 'c1'};
const history = () => [created(), added('i1'), submitted(['tea', 4.5])];

describe('Publish cart', () => {
    it('records that a submitted cart was published', async () => {
        await given(history()).when(publishCart, c1).then([new CartPublished({payload: c1})]);
    });

    it('refuses a cart that was not submitted', async () => {
        await given([created(), added('i1')]).when(publishCart, c1).then('CART_NOT_SUBMITTED');
    });

    it('does nothing about a cart that was published already', async () => {
        await given([...history(), new CartPublished({payload: c1})]).when(publishCart, c1).then([]);
    });
});
