import {defineEvent, z} from 'woltage';
import {cartId, productId} from '../ids.ts';
import {price} from '../money.ts';
import {ofCart} from '../tags.ts';

export const orderedProduct = z.object({productId, price});

export const CartSubmitted = defineEvent('CartSubmitted', {
    schema: z.object({cartId, orderedProducts: z.array(orderedProduct).min(1), totalPrice: price, fingerprint: z.string()}),
    tags: cart => [ofCart(cart.cartId)]
});
