import {describe, it} from 'vitest';
import {InventoryChanged} from '../src/events/InventoryChanged.ts';
import {changeInventory} from '../src/slices/change-inventory/change-inventory.ts';
import {given} from './support.ts';

const tea = {aggregateId: 'tea'};
const changed = (inventory: number) => new InventoryChanged({payload: {productId: 'tea', inventory}});

describe('Change inventory', () => {
    it('records what it is told', async () => {
        await given([]).when(changeInventory, {inventory: 5}, tea).then([changed(5)]);
        await given([changed(5)]).when(changeInventory, {inventory: 0}, tea).then([changed(0)]);
    });

    it.each([{inventory: -1}, {inventory: 0.5}, {inventory: '5'}, {}])('refuses %j', async wrong => {
        await given([]).when(changeInventory, wrong as never, tea).then('VALIDATION_FAILED');
    });
});
