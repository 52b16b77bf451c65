import {defineEvent, z} from 'woltage';
import {cartId, itemId} from '../ids.ts';
import {ofCart} from '../tags.ts';

export const ItemArchived = defineEvent('ItemArchived', {schema: z.object({cartId, itemId, priceChangedEventId: z.string()}), tags: item => [ofCart(item.cartId)]});
