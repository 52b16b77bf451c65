import {ConflictError, Decision, z} from 'woltage';
import {CartPublished} from '../../events/CartPublished.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {cartId} from '../../ids.ts';
import {ofCart} from '../../tags.ts';

/** Records that a submitted cart has been published; once, however often it is told. */
export const publishCart = Decision.create('publishCart', {
    input: z.object({cartId}),
    query: ({cartId}) => ({types: [CartSubmitted, CartPublished], tags: [ofCart(cartId)]}),
    init: () => ({isSubmitted: false, isPublished: false}),
    decide({isSubmitted, isPublished}, {cartId}) {
        if (!isSubmitted)
            throw new ConflictError(`Cart ${cartId} has not been submitted.`, {code: 'CART_NOT_SUBMITTED'});
        if (isPublished)
            return [];
        return new CartPublished({payload: {cartId}});
    }
})
    .on(CartSubmitted, state => ({...state, isSubmitted: true}))
    .on(CartPublished, state => ({...state, isPublished: true}));
