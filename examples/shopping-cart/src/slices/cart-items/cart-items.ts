import {ReadModel, z} from 'woltage';
import {cartNotFound} from '../../errors.ts';
import {cartId} from '../../ids.ts';
import {sumOf} from '../../money.ts';
import {cart} from './cart.ts';
import type {CartItemsView} from './cart-items-view.ts';
import type {CartItemsProjector} from './cart-items-projector.ts';

/** The items of a cart, in the order in which they were added. */
export class CartItems extends ReadModel<InstanceType<typeof CartItemsProjector>> {
    projectionName = 'cart-items';
    schemaRegistry = {live: z.object({cartId}), stored: z.object({cartId})};

    /** Folded from the cart's events, now (chapter 22). */
    async live({cartId}: {cartId: string}): Promise<CartItemsView> {
        const {exists, items} = await this.stateOf(cart, cartId);
        if (!exists)
            throw cartNotFound(cartId);
        return {cartId, totalPrice: sumOf(items.map(({price}) => price)), items};
    }

    /** From the projection (chapter 28). */
    async stored({cartId}: {cartId: string}): Promise<CartItemsView> {
        const {carts, cartItems} = this.store.tables;
        if (await carts.get({cartId}) === null)
            throw cartNotFound(cartId);
        const rows = await cartItems.find({cartId}, {sort: {addedAt: 'asc'}});
        const items = rows.map(({cartId: _, addedAt: __, ...item}) => item);
        return {cartId, totalPrice: sumOf(items.map(({price}) => price)), items};
    }
}
