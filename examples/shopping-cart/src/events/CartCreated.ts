import {defineEvent, z} from 'woltage';
import {cartId} from '../ids.ts';
import {ofCart} from '../tags.ts';

export const CartCreated = defineEvent('CartCreated', {schema: z.object({cartId}), tags: cart => [ofCart(cart.cartId)]});
