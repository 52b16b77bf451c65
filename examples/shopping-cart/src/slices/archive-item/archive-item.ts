import {Decision, z} from 'woltage';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartItemAdded} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {PriceChanged} from '../../events/PriceChanged.ts';
import {cartId, itemId, productId} from '../../ids.ts';
import {ofCart, ofProduct} from '../../tags.ts';

/**
 * Archives an item that was in its cart when a price changed, and still is. Cart and price changes are read in the order in which they happened, so that an item which was added
 * (or put back) after the change stays; and to archive it a second time for the same change does nothing.
 */
export const archiveItem = Decision.create('archiveItem', {
    input: z.object({cartId, itemId, productId, priceChangedEventId: z.string()}),
    query: ({cartId, productId}) => [{tags: [ofCart(cartId)]}, {types: [PriceChanged], tags: [ofProduct(productId)]}],
    init: ({itemId, productId, priceChangedEventId}) => ({itemId, productId, priceChangedEventId, hasItem: false, hadItsOldPrice: false, isSubmitted: false}),
    decide({hasItem, hadItsOldPrice, isSubmitted}, {cartId, itemId, priceChangedEventId}) {
        if (hasItem && hadItsOldPrice && !isSubmitted)
            return new ItemArchived({payload: {cartId, itemId, priceChangedEventId}});
    }
})
    .on(CartItemAdded, (state, {payload}) =>
        payload.itemId === state.itemId ? {...state, hasItem: payload.productId === state.productId, hadItsOldPrice: false} : state)
    .on(PriceChanged, (state, {id}) => id === state.priceChangedEventId ? {...state, hadItsOldPrice: state.hasItem} : state)
    .on(CartItemRemoved, (state, {payload}) => payload.itemId === state.itemId ? {...state, hasItem: false} : state)
    .on(ItemArchived, (state, {payload}) => payload.itemId === state.itemId ? {...state, hasItem: false} : state)
    .on(CartCleared, state => ({...state, hasItem: false}))
    .on(CartSubmitted, state => ({...state, isSubmitted: true}));
