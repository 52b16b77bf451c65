import {Projector, z} from 'woltage';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartItemAdded} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {cartId, itemId, productId} from '../../ids.ts';

const schema = {
    cartsWithProducts: {
        key: z.object({cartId, itemId}),
        schema: z.object({productId}),
        indexes: [['productId'], ['cartId']]
    }
};

/** Which carts that aren't submitted hold which products. */
export class CartsWithProductsProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [CartItemAdded.identity]({payload: {cartId, itemId, productId}}: InstanceType<typeof CartItemAdded>) {
        await this.store.tables.cartsWithProducts.set({cartId, itemId, productId});
    }

    async [CartItemRemoved.identity]({payload: {cartId, itemId}}: InstanceType<typeof CartItemRemoved>) {
        await this.store.tables.cartsWithProducts.remove({cartId, itemId});
    }

    async [ItemArchived.identity]({payload: {cartId, itemId}}: InstanceType<typeof ItemArchived>) {
        await this.store.tables.cartsWithProducts.remove({cartId, itemId});
    }

    async [CartCleared.identity]({payload: {cartId}}: InstanceType<typeof CartCleared>) {
        await this.#removeAll(cartId);
    }

    async [CartSubmitted.identity]({payload: {cartId}}: InstanceType<typeof CartSubmitted>) {
        await this.#removeAll(cartId);
    }

    async #removeAll(cartId: string) {
        const {cartsWithProducts} = this.store.tables;
        for (const {itemId} of await cartsWithProducts.find({cartId}))
            await cartsWithProducts.remove({cartId, itemId});
    }
}
