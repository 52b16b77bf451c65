import {defineProjector, z} from 'woltage';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartCreated} from '../../events/CartCreated.ts';
import {CartItemAdded} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {cartId, itemId, productId} from '../../ids.ts';

const item = z.object({
    productId, description: z.string(), image: z.string(), price: z.number(),
    /** The position of the event, to sort by. */
    addedAt: z.bigint()
});

const schema = {
    /** Tells an empty cart from one that isn't there. */
    carts: {key: z.object({cartId})},
    cartItems: {key: z.object({cartId, itemId}), schema: item, indexes: [['cartId', 'addedAt']]}
};

/** Chapter 28: the items in tables. */
export const CartItemsProjectorV1 = defineProjector('CartItemsProjector', {schema, version: 1})
    .on(CartCreated, ({payload: {cartId}}, {carts}) => carts.set({cartId}))
    .on(CartItemAdded, ({payload: {fingerprint: _, ...item}, position}, {cartItems}) => cartItems.set({...item, addedAt: position}))
    .on(CartItemRemoved, ({payload: {cartId, itemId}}, {cartItems}) => cartItems.remove({cartId, itemId}))
    .on(ItemArchived, ({payload: {cartId, itemId}}, {cartItems}) => cartItems.remove({cartId, itemId}))
    .on(CartCleared, async ({payload: {cartId}}, {cartItems}) => {
        for (const {itemId} of await cartItems.find({cartId}))
            await cartItems.remove({cartId, itemId});
    });
