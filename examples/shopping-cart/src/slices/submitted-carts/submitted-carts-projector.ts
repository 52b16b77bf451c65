import {defineProjector, z} from 'woltage';
import {CartPublicationFailed} from '../../events/CartPublicationFailed.ts';
import {CartPublished} from '../../events/CartPublished.ts';
import {CartSubmitted, orderedProduct} from '../../events/CartSubmitted.ts';
import {cartId} from '../../ids.ts';

const schema = {
    submittedCarts: {
        key: z.object({cartId}),
        schema: z.object({
            orderedProducts: z.array(orderedProduct),
            totalPrice: z.number(),
            publication: z.enum(['pending', 'published', 'failed']),
            failure: z.string().optional()
        })
    }
};

/** What was ordered, and whether the world knows. */
export const SubmittedCartsProjector = defineProjector('SubmittedCartsProjector', {schema, use: store => store.tables.submittedCarts})
    .on(CartSubmitted, ({payload: {cartId, orderedProducts, totalPrice}}, carts) => carts.set({cartId, orderedProducts, totalPrice, publication: 'pending'}))
    .on(CartPublished, ({payload: {cartId}}, carts) => carts.update({cartId}, {publication: 'published', failure: undefined}))
    .on(CartPublicationFailed, ({payload: {cartId, reason}}, carts) => carts.update({cartId}, {publication: 'failed', failure: reason}));
