import type {Woltage} from 'woltage';

const PROJECTORS = {
    'inventories': 'InventoriesProjector',
    'carts-with-products': 'CartsWithProductsProjector',
    'submitted-carts': 'SubmittedCartsProjector',
    'cart-items': 'CartItemsProjector'
};

/** The first start adds the projections, in their first versions; from then on Woltage remembers which there are. */
export async function addMissing(woltage: Woltage): Promise<void> {
    for (const [name, projector] of Object.entries(PROJECTORS)) {
        if (woltage.getProjection(name) === undefined)
            await add(woltage, name, 1, projector, 1);
    }
}

/** Chapter 28: version 2 replays beside version 1, which answers until the switch. */
export async function upgradeCartItems(woltage: Woltage): Promise<void> {
    if (woltage.getProjection('cart-items')?.version !== 1)
        return;
    await add(woltage, 'cart-items', 2, 'CartItemsProjector', 2);
    await woltage.removeProjection('cart-items', 1, {deleteData: true});
}

/** Chapter 28, `--reset-cart-items`: throws the tables away and makes them anew from the events. */
export async function resetCartItems(woltage: Woltage): Promise<void> {
    const active = woltage.getProjection('cart-items');
    if (active === undefined)
        return;
    const {version, projectorName, projectorVersion} = active;
    await woltage.removeProjection('cart-items', version, true, {deleteData: true});
    await add(woltage, 'cart-items', version, projectorName, projectorVersion);
}

async function add(woltage: Woltage, name: string, version: number, projector: string, projectorVersion: number): Promise<void> {
    // It may be there, of a start that was broken off.
    if (woltage.getProjection(name, version) === undefined)
        await woltage.addProjection(name, version, projector, projectorVersion, 'main');
    await woltage.getProjection(name, version)?.untilLive();
    await woltage.setProjectionActive(name, version);
}
