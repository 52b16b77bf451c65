import {afterEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, type Woltage} from 'woltage';
import {model} from '../src/model.ts';
import {addMissing, resetCartItems, upgradeCartItems} from '../src/projections.ts';

const silent = {debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined};
const killed = new Error('killed');

describe('The projections of the cart items', () => {
    let woltage: Woltage | undefined;
    let data = {events: new MemoryEventStoreData(), rows: new MemoryStoreData()};
    afterEach(async () => {
        await woltage?.stop();
        woltage = undefined;
        data = {events: new MemoryEventStoreData(), rows: new MemoryStoreData()};
    });

    async function start(): Promise<Woltage> {
        await woltage?.stop();
        woltage = await createWoltage({
            ...model, actions: [], logger: silent,
            eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.rows]}, stores: {main: {adapter: MemoryStore, args: [data.rows]}}
        });
        return woltage;
    }
    const versions = (here: Woltage) => Object.values(here.getProjections()).filter(({name}) => name === 'cart-items')
        .map(({version, projectorVersion, isActive}) => ({version, projectorVersion, isActive}));

    it('are upgraded once, and made anew by a reset', async () => {
        const here = await start();
        await addMissing(here);
        expect(versions(here)).toEqual([{version: 1, projectorVersion: 1, isActive: true}]);
        await upgradeCartItems(here);
        await upgradeCartItems(here);
        expect(versions(here)).toEqual([{version: 2, projectorVersion: 2, isActive: true}]);
        await resetCartItems(here);
        await upgradeCartItems(here);
        expect(versions(here)).toEqual([{version: 3, projectorVersion: 2, isActive: true}]);
    });

    it('know the devices after a reset, also where there was no upgrade', async () => {
        const here = await start();
        await addMissing(here);
        await resetCartItems(here);
        expect(versions(here)).toEqual([{version: 2, projectorVersion: 2, isActive: true}]);
    });

    it.each(['addProjection', 'setProjectionActive', 'removeProjection'] as const)('keep their version where a reset is killed at %s', async step => {
        const first = await start();
        await addMissing(first);
        await upgradeCartItems(first);
        vi.spyOn(first, step).mockRejectedValueOnce(killed);
        await expect(resetCartItems(first)).rejects.toBe(killed);
        const second = await start();
        await addMissing(second);
        expect(second.getProjection('cart-items')).toMatchObject({projectorVersion: 2, isActive: true});
        await resetCartItems(second);
        expect(versions(second)).toEqual([{version: step === 'removeProjection' ? 4 : 3, projectorVersion: 2, isActive: true}]);
    });

    it.each(['addProjection', 'setProjectionActive', 'removeProjection'] as const)('leave nothing of version 1 where an upgrade is killed at %s, once that is done again', async step => {
        const first = await start();
        await addMissing(first);
        vi.spyOn(first, step).mockRejectedValueOnce(killed);
        await expect(upgradeCartItems(first)).rejects.toBe(killed);
        const second = await start();
        await addMissing(second);
        await upgradeCartItems(second);
        expect(versions(second)).toEqual([{version: 2, projectorVersion: 2, isActive: true}]);
    });

    it('are added by the next start where the first one is killed, in the version that is there', async () => {
        const first = await start();
        await first.addProjection('cart-items', 2, 'CartItemsProjector', 2, 'main');
        const second = await start();
        await addMissing(second);
        expect(versions(second)).toEqual([{version: 2, projectorVersion: 2, isActive: true}]);
    });
});
