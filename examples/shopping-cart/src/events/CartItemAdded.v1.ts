import {defineEvent, z} from 'woltage';
import {cartId, itemId, productId} from '../ids.ts';
import {price} from '../money.ts';
import {ofCart, ofProduct} from '../tags.ts';

/** As it was recorded before chapter 28. */
export const CartItemAddedV1 = defineEvent('CartItemAdded', {
    version: 1,
    schema: z.object({cartId, description: z.string(), image: z.string(), price, itemId, productId}),
    tags: item => [ofCart(item.cartId), ofProduct(item.productId)]
});
