import {ConflictError} from 'woltage';
import {Inventories} from './inventories.ts';

/**
 * For decisions. What is in stock is told by another system, over a topic, and is never up to the second: the projection will do, and who changes an inventory is no rival of the decision. Of
 * a product whose inventory nobody has told there may be any number.
 *
 * @throws ConflictError `OUT_OF_STOCK`
 */
export async function checkInventory(productIds: readonly string[]): Promise<void> {
    for (const productId of new Set(productIds)) {
        const wanted = productIds.filter(id => id === productId).length;
        const {inventory = wanted} = await Inventories.get().ofProduct({productId}) ?? {};
        if (inventory < wanted)
            throw new ConflictError(`Of product ${productId}, ${inventory} are in stock.`, {code: 'OUT_OF_STOCK'});
    }
}
