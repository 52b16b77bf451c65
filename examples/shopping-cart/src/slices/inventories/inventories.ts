import {ReadModel, z} from 'woltage';
import {productId} from '../../ids.ts';
import type {InventoriesProjector} from './inventories-projector.ts';

export class Inventories extends ReadModel<InstanceType<typeof InventoriesProjector>> {
    projectionName = 'inventories';
    schemaRegistry = {ofProduct: z.object({productId})};

    ofProduct({productId}: {productId: string}) {
        return this.store.tables.inventories.get({productId});
    }
}
