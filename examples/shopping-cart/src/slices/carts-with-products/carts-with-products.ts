import {ReadModel, z} from 'woltage';
import {productId} from '../../ids.ts';
import type {CartsWithProductsProjector} from './carts-with-products-projector.ts';

export class CartsWithProducts extends ReadModel<InstanceType<typeof CartsWithProductsProjector>> {
    projectionName = 'carts-with-products';
    schemaRegistry = {ofProduct: z.object({productId})};

    ofProduct({productId}: {productId: string}) {
        return this.store.tables.cartsWithProducts.find({productId});
    }
}
