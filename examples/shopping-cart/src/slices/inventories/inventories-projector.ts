import {Projector, z} from 'woltage';
import {InventoryChanged} from '../../events/InventoryChanged.ts';
import {productId} from '../../ids.ts';

const schema = {
    inventories: {key: z.object({productId}), schema: z.object({inventory: z.number()})}
};

export class InventoriesProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [InventoryChanged.identity]({payload}: InstanceType<typeof InventoryChanged>) {
        await this.store.tables.inventories.set(payload);
    }
}
