import {defineEvent, z} from 'woltage';
import {cartId} from '../ids.ts';
import {ofCart} from '../tags.ts';

export const CartPublicationFailed = defineEvent('CartPublicationFailed', {schema: z.object({cartId, reason: z.string()}), tags: cart => [ofCart(cart.cartId)]});
