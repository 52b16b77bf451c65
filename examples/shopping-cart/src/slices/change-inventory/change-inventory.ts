import {Action, onMessage} from 'woltage';
import {InventoryChanged} from '../../events/InventoryChanged.ts';
import {product} from '../../product.ts';

export const changeInventory = product.registerCommand(InventoryChanged.schema.omit({productId: true}), function changeInventory(_state, {inventory}, {aggregateId}) {
    return new InventoryChanged({payload: {productId: aggregateId, inventory}});
}, {retryOnConflict: 10});

/** The translator: a message of another system becomes a command of ours. */
export const translateInventory = Action.create('translateInventory', {
    on: onMessage('inventories', {schema: InventoryChanged.schema, from: 'start'}),
    ordered: true,
    async handler({productId, inventory}, {run}) {
        await run(changeInventory, productId, {inventory});
    }
});
