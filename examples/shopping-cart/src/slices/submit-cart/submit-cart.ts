import {ConflictError, Decision, z} from 'woltage';
import {cartNotFound} from '../../errors.ts';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartCreated} from '../../events/CartCreated.ts';
import {CartItemAdded, DEFAULT_FINGERPRINT} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {cartId} from '../../ids.ts';
import {sumOf} from '../../money.ts';
import {ofCart} from '../../tags.ts';
import {checkInventory} from '../inventories/check-inventory.ts';

interface OrderedProduct {
    readonly productId: string;
    readonly price: number;
}

/** Submits a cart, which can't be altered from then on. */
export const submitCart = Decision.create('submitCart', {
    input: z.object({cartId}),
    query: ({cartId}) => ({tags: [ofCart(cartId)]}),
    init: () => ({exists: false, isSubmitted: false, items: new Map<string, OrderedProduct>()}),
    async decide({exists, isSubmitted, items}, {cartId}, {fingerprint = DEFAULT_FINGERPRINT}) {
        if (!exists)
            throw cartNotFound(cartId);
        if (isSubmitted)
            throw new ConflictError(`Cart ${cartId} has been submitted already.`, {code: 'CART_SUBMITTED_ALREADY'});
        if (items.size === 0)
            throw new ConflictError(`Cart ${cartId} is empty.`, {code: 'CART_EMPTY'});
        const orderedProducts = [...items.values()];
        await checkInventory(orderedProducts.map(({productId}) => productId));
        return new CartSubmitted({payload: {
            cartId, orderedProducts, totalPrice: sumOf(orderedProducts.map(({price}) => price)), fingerprint: String(fingerprint)
        }});
    }
})
    .on(CartCreated, state => ({...state, exists: true}))
    .on(CartItemAdded, ({items}, {payload: {itemId, productId, price}}) => void items.set(itemId, {productId, price}))
    .on(CartItemRemoved, ({items}, {payload}) => void items.delete(payload.itemId))
    .on(ItemArchived, ({items}, {payload}) => void items.delete(payload.itemId))
    .on(CartCleared, ({items}) => items.clear())
    .on(CartSubmitted, state => ({...state, isSubmitted: true}));
