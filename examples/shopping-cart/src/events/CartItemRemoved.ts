import {defineEvent, z} from 'woltage';
import {cartId, itemId} from '../ids.ts';
import {ofCart} from '../tags.ts';

export const CartItemRemoved = defineEvent('CartItemRemoved', {schema: z.object({cartId, itemId}), tags: item => [ofCart(item.cartId)]});
