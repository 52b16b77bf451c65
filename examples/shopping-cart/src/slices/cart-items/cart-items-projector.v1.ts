import {Projector, z} from 'woltage';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartCreated} from '../../events/CartCreated.ts';
import {CartItemAdded} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {cartId, itemId, productId} from '../../ids.ts';

const item = z.object({productId, description: z.string(), image: z.string(), price: z.number(), fingerprint: z.string(), addedAt: z.bigint()});

export const schema = {
    /** Tells an empty cart from one that isn't there. */
    carts: {key: z.object({cartId})},
    cartItems: {key: z.object({cartId, itemId}), schema: item, indexes: [['cartId']]}
};

/** Chapter 28: the cart's items in tables. */
export class CartItemsProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [CartCreated.identity]({payload: {cartId}}: InstanceType<typeof CartCreated>) {
        await this.store.tables.carts.set({cartId});
    }

    async [CartItemAdded.identity]({payload, position}: InstanceType<typeof CartItemAdded>) {
        await this.store.tables.cartItems.set({...payload, addedAt: position});
    }

    async [CartItemRemoved.identity]({payload: {cartId, itemId}}: InstanceType<typeof CartItemRemoved>) {
        await this.store.tables.cartItems.remove({cartId, itemId});
    }

    async [ItemArchived.identity]({payload: {cartId, itemId}}: InstanceType<typeof ItemArchived>) {
        await this.store.tables.cartItems.remove({cartId, itemId});
    }

    async [CartCleared.identity]({payload: {cartId}}: InstanceType<typeof CartCleared>) {
        const {cartItems} = this.store.tables;
        for (const {itemId} of await cartItems.find({cartId}))
            await cartItems.remove({cartId, itemId});
    }
}
