import {Aggregate} from 'woltage';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartCreated} from '../../events/CartCreated.ts';
import {CartItemAdded} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import type {CartItem} from './cart-items-view.ts';

interface Cart {
    readonly exists: boolean;
    readonly items: readonly CartItem[];
}

const without = (cart: Cart, itemId: string): Cart => ({...cart, items: cart.items.filter(item => item.itemId !== itemId)});

/** The stream of a cart, folded live: decisions write to it, and no command of its own does. */
export const cart = Aggregate.create('cart', {$init: (): Cart => ({exists: false, items: []})})
    .on(CartCreated, state => ({...state, exists: true}))
    .on(CartItemAdded, (state, {payload: {cartId: _, ...item}}) => ({...state, items: [...state.items, item]}))
    .on(CartItemRemoved, (state, {payload}) => without(state, payload.itemId))
    .on(ItemArchived, (state, {payload}) => without(state, payload.itemId))
    .on(CartCleared, state => ({...state, items: []}));
