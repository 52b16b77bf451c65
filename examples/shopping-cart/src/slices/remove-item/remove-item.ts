import {Decision, NotFoundError, z} from 'woltage';
import {cartIsSubmitted, cartNotFound} from '../../errors.ts';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartCreated} from '../../events/CartCreated.ts';
import {CartItemAdded} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {cartId, itemId} from '../../ids.ts';
import {ofCart} from '../../tags.ts';

export const removeItem = Decision.create('removeItem', {
    input: z.object({cartId, itemId}),
    query: ({cartId}) => ({tags: [ofCart(cartId)]}),
    init: ({itemId}) => ({itemId, exists: false, hasItem: false, isSubmitted: false}),
    decide({exists, hasItem, isSubmitted}, {cartId, itemId}) {
        if (!exists)
            throw cartNotFound(cartId);
        if (isSubmitted)
            throw cartIsSubmitted(cartId);
        if (!hasItem)
            throw new NotFoundError(`There is no item ${itemId} in cart ${cartId}.`, {code: 'ITEM_NOT_FOUND'});
        return new CartItemRemoved({payload: {cartId, itemId}});
    }
})
    .on(CartCreated, state => ({...state, exists: true}))
    .on(CartItemAdded, (state, {payload}) => payload.itemId === state.itemId ? {...state, hasItem: true} : state)
    .on(CartItemRemoved, (state, {payload}) => payload.itemId === state.itemId ? {...state, hasItem: false} : state)
    .on(ItemArchived, (state, {payload}) => payload.itemId === state.itemId ? {...state, hasItem: false} : state)
    .on(CartCleared, state => ({...state, hasItem: false}))
    .on(CartSubmitted, state => ({...state, isSubmitted: true}));
