import {defineEvent, z} from 'woltage';
import {productId} from '../ids.ts';
import {ofProduct} from '../tags.ts';

export const InventoryChanged = defineEvent('InventoryChanged', {
    schema: z.object({productId, inventory: z.int().min(0)}),
    tags: product => [ofProduct(product.productId)]
});
