import {ConflictError, Decision} from 'woltage';
import {cartIsSubmitted} from '../../errors.ts';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartCreated} from '../../events/CartCreated.ts';
import {CartItemAdded, DEFAULT_FINGERPRINT} from '../../events/CartItemAdded.ts';
import {CartItemAddedV1} from '../../events/CartItemAdded.v1.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {ofCart} from '../../tags.ts';
import {checkInventory} from '../inventories/check-inventory.ts';

const MOST_ITEMS = 3;

/** Adds an item; the first one creates the cart. The caller's context may name the device: `{fingerprint}`. */
export const addItem = Decision.create('addItem', {
    input: CartItemAddedV1.schema,
    query: ({cartId}) => ({tags: [ofCart(cartId)]}),
    init: () => ({exists: false, items: new Set<string>(), isSubmitted: false}),
    async decide({exists, items, isSubmitted}, item, {fingerprint = DEFAULT_FINGERPRINT}) {
        if (isSubmitted)
            throw cartIsSubmitted(item.cartId);
        if (items.has(item.itemId))
            throw new ConflictError(`Item ${item.itemId} is in the cart already.`, {code: 'ITEM_IN_CART'});
        if (items.size >= MOST_ITEMS)
            throw new ConflictError(`A cart holds ${MOST_ITEMS} items.`, {code: 'CART_FULL'});
        await checkInventory([item.productId]);
        const added = new CartItemAdded({payload: {...item, fingerprint: String(fingerprint)}});
        return exists ? added : [new CartCreated({payload: {cartId: item.cartId}}), added];
    }
})
    .on(CartCreated, state => ({...state, exists: true}))
    .on(CartItemAdded, ({items}, {payload}) => void items.add(payload.itemId))
    .on(CartItemRemoved, ({items}, {payload}) => void items.delete(payload.itemId))
    .on(ItemArchived, ({items}, {payload}) => void items.delete(payload.itemId))
    .on(CartCleared, ({items}) => items.clear())
    .on(CartSubmitted, state => ({...state, isSubmitted: true}));
