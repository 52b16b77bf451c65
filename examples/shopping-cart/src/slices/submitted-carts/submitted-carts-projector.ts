import {Projector, z} from 'woltage';
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
export class SubmittedCartsProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [CartSubmitted.identity]({payload: {cartId, orderedProducts, totalPrice}}: InstanceType<typeof CartSubmitted>) {
        await this.store.tables.submittedCarts.set({cartId, orderedProducts, totalPrice, publication: 'pending'});
    }

    async [CartPublished.identity]({payload: {cartId}}: InstanceType<typeof CartPublished>) {
        await this.store.tables.submittedCarts.update({cartId}, {publication: 'published', failure: undefined});
    }

    async [CartPublicationFailed.identity]({payload: {cartId, reason}}: InstanceType<typeof CartPublicationFailed>) {
        await this.store.tables.submittedCarts.update({cartId}, {publication: 'failed', failure: reason});
    }
}
