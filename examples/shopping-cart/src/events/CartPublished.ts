import {defineEvent, z} from 'woltage';
import {cartId} from '../ids.ts';
import {ofCart} from '../tags.ts';

export const CartPublished = defineEvent('CartPublished', {schema: z.object({cartId}), tags: cart => [ofCart(cart.cartId)]});
