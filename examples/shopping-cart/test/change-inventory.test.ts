import {describe, it} from 'vitest';
import {InventoryChanged} from '../src/events/InventoryChanged.ts';
import {changeInventory} from '../src/slices/change-inventory/change-inventory.ts';
import {given} from './support.ts';

const tea = {productId: 'tea', inventory: 5};

describe('Change inventory', () => {
    it('records what it is told', async () => {
        await given([]).when(changeInventory, tea).then([new InventoryChanged({payload: tea})]);
        await given([new InventoryChanged({payload: tea})]).when(changeInventory, {...tea, inventory: 0}).then([new InventoryChanged({payload: {...tea, inventory: 0}})]);
    });

    it.each([{inventory: -1}, {inventory: 0.5}, {inventory: '5'}, {productId: ''}])('refuses %j', async wrong => {
        await given([]).when(changeInventory, {...tea, ...wrong} as never).then('VALIDATION_FAILED');
    });
});
