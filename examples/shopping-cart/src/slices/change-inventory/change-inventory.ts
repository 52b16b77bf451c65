import {Action, Decision, onMessage} from 'woltage';
import {InventoryChanged} from '../../events/InventoryChanged.ts';

/** There is nothing to decide: what the stock keepers say is so. The boundary is empty, and nobody a rival. */
export const changeInventory = Decision.create('changeInventory', {
    input: InventoryChanged.schema,
    query: () => ({types: []}),
    decide: (_state, payload) => new InventoryChanged({payload})
});

/** The translator: a message of another system becomes a command of ours. */
export const translateInventory = Action.create('translateInventory', {
    on: onMessage('inventories', {schema: InventoryChanged.schema, from: 'start'}),
    ordered: true,
    handler: (message, {run}) => run(changeInventory, message)
});
