import {defineProjector, z} from 'woltage';
import {InventoryChanged} from '../../events/InventoryChanged.ts';
import {productId} from '../../ids.ts';

const schema = {
    inventories: {key: z.object({productId}), schema: z.object({inventory: z.number()})}
};

export const InventoriesProjector = defineProjector('InventoriesProjector', {schema})
    .on(InventoryChanged, ({payload}, {inventories}) => inventories.set(payload));
