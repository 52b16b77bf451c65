import type {Projection, Woltage} from 'woltage';

const PROJECTORS = {
    'inventories': 'InventoriesProjector',
    'carts-with-products': 'CartsWithProductsProjector',
    'submitted-carts': 'SubmittedCartsProjector',
    'cart-items': 'CartItemsProjector'
};

const CART_ITEMS = 'cart-items';
/** Of their projector, the version that knows the devices. */
const NEWEST = 2;

/** The first start adds the projections, in their first versions; from then on Woltage remembers which there are. What a start was broken off at is done by the next. */
export async function addMissing(woltage: Woltage): Promise<void> {
    for (const [name, projector] of Object.entries(PROJECTORS)) {
        if (woltage.getProjection(name) !== undefined)
            continue;
        const {version = 1, projectorVersion = 1} = versionsOf(woltage, name).at(-1) ?? {};
        await add(woltage, name, version, projector, projectorVersion);
    }
}

/** Chapter 28: version 2 replays beside version 1, which answers until the switch. */
export async function upgradeCartItems(woltage: Woltage): Promise<void> {
    if (woltage.getProjection(CART_ITEMS)?.projectorVersion === 1)
        await replace(woltage, NEWEST);
    await removeOld(woltage);
}

/**
 * Chapter 28, `--reset-cart-items`: makes the tables anew from the events, as the next version, with the newest projector, and throws the old ones away. A process that is killed amid that leaves a
 * version that answers, and none that is older than what was there.
 */
export async function resetCartItems(woltage: Woltage): Promise<void> {
    if (woltage.getProjection(CART_ITEMS) === undefined)
        return;
    await replace(woltage, NEWEST);
    await removeOld(woltage);
}

/** The next version of the cart items, of a version of their projector, takes over. */
async function replace(woltage: Woltage, projectorVersion: number): Promise<void> {
    const version = (woltage.getProjection(CART_ITEMS)?.version ?? 0) + 1;
    const leftover = woltage.getProjection(CART_ITEMS, version);
    if (leftover !== undefined && leftover.projectorVersion !== projectorVersion)
        await woltage.removeProjection(CART_ITEMS, version, {deleteData: true});
    await add(woltage, CART_ITEMS, version, PROJECTORS[CART_ITEMS], projectorVersion);
}

async function removeOld(woltage: Woltage): Promise<void> {
    const active = woltage.getProjection(CART_ITEMS)?.version ?? 0;
    for (const {version} of versionsOf(woltage, CART_ITEMS).filter(one => one.version < active))
        await woltage.removeProjection(CART_ITEMS, version, {deleteData: true});
}

const versionsOf = (woltage: Woltage, name: string): Projection[] =>
    Object.values(woltage.getProjections()).filter(one => one.name === name).sort((a, b) => a.version - b.version);

async function add(woltage: Woltage, name: string, version: number, projector: string, projectorVersion: number): Promise<void> {
    // It may be there, of a start that was broken off.
    if (woltage.getProjection(name, version) === undefined)
        await woltage.addProjection(name, version, projector, projectorVersion, 'main');
    await woltage.getProjection(name, version)?.untilLive();
    await woltage.setProjectionActive(name, version);
}
