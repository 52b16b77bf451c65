import {defineEvent, z} from 'woltage';
import {productId} from '../ids.ts';
import {price} from '../money.ts';
import {ofProduct} from '../tags.ts';

export const PriceChanged = defineEvent('PriceChanged', {
    schema: z.object({productId, oldPrice: price, newPrice: price}),
    tags: product => [ofProduct(product.productId)]
});
