import {ReadModel, z} from 'woltage';
import {cartId} from '../../ids.ts';
import type {SubmittedCartsProjector} from './submitted-carts-projector.ts';

export class SubmittedCarts extends ReadModel<InstanceType<typeof SubmittedCartsProjector>> {
    projectionName = 'submitted-carts';
    schemaRegistry = {byId: z.object({cartId})};

    byId({cartId}: {cartId: string}) {
        return this.store.tables.submittedCarts.get({cartId});
    }
}
