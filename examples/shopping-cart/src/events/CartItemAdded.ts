import {defineEvent, z} from 'woltage';
import {ofCart, ofProduct} from '../tags.ts';
import {CartItemAddedV1} from './CartItemAdded.v1.ts';

/** What items have that were added before devices were told apart. */
export const DEFAULT_FINGERPRINT = 'default-fingerprint';

/** Chapter 28: items know the device that they were added from. */
export const CartItemAdded = defineEvent('CartItemAdded', {
    version: 2,
    schema: CartItemAddedV1.schema.extend({fingerprint: z.string()}),
    upcast: (item: z.infer<typeof CartItemAddedV1.schema>) => ({...item, fingerprint: DEFAULT_FINGERPRINT}),
    tags: item => [ofCart(item.cartId), ofProduct(item.productId)]
});
