import {Decision, z} from 'woltage';
import {cartIsSubmitted, cartNotFound} from '../../errors.ts';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartCreated} from '../../events/CartCreated.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {cartId} from '../../ids.ts';
import {ofCart} from '../../tags.ts';

export const clearCart = Decision.create('clearCart', {
    input: z.object({cartId}),
    query: ({cartId}) => ({types: [CartCreated, CartSubmitted], tags: [ofCart(cartId)]}),
    init: () => ({exists: false, isSubmitted: false}),
    decide({exists, isSubmitted}, {cartId}) {
        if (!exists)
            throw cartNotFound(cartId);
        if (isSubmitted)
            throw cartIsSubmitted(cartId);
        return new CartCleared({payload: {cartId}});
    }
})
    .on(CartCreated, state => ({...state, exists: true}))
    .on(CartSubmitted, state => ({...state, isSubmitted: true}));
