import {Action, onEvent} from 'woltage';
import {PriceChanged} from '../../events/PriceChanged.ts';
import {CartsWithProducts} from '../carts-with-products/carts-with-products.ts';
import {archiveItem} from './archive-item.ts';

/**
 * The automation: when a price changes, the product's items are archived in all carts. `after` waits until the projection has seen everything that came before the price change, so that no item
 * is missed; of those that came after it, the decision knows.
 */
export const archiveItems = Action.create('archiveItems', {
    on: onEvent(PriceChanged, {from: 'start'}),
    ordered: true,
    async handler({productId}, {event, query, run}) {
        for (const {cartId, itemId} of await query(CartsWithProducts, 'ofProduct', {productId}, {}, {after: event.position}))
            await run(archiveItem, {cartId, itemId, productId, priceChangedEventId: event.id});
    }
});
