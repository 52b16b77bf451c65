import {defineProjector, z, type ITable} from 'woltage';
import {CartCleared} from '../../events/CartCleared.ts';
import {CartItemAdded} from '../../events/CartItemAdded.ts';
import {CartItemRemoved} from '../../events/CartItemRemoved.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {ItemArchived} from '../../events/ItemArchived.ts';
import {cartId, itemId, productId} from '../../ids.ts';

const schema = {
    cartsWithProducts: {key: z.object({cartId, itemId}), schema: z.object({productId}), indexes: [['productId'], ['cartId']]}
};

/** Which carts that aren't submitted hold which products. */
export const CartsWithProductsProjector = defineProjector('CartsWithProductsProjector', {schema, use: store => store.tables.cartsWithProducts})
    .on(CartItemAdded, ({payload: {cartId, itemId, productId}}, table) => table.set({cartId, itemId, productId}))
    .on(CartItemRemoved, ({payload: {cartId, itemId}}, table) => table.remove({cartId, itemId}))
    .on(ItemArchived, ({payload: {cartId, itemId}}, table) => table.remove({cartId, itemId}))
    .on(CartCleared, ({payload}, table) => removeAll(table, payload.cartId))
    .on(CartSubmitted, ({payload}, table) => removeAll(table, payload.cartId));

async function removeAll(table: ITable<(typeof schema)['cartsWithProducts']>, cartId: string): Promise<void> {
    for (const {itemId} of await table.find({cartId}))
        await table.remove({cartId, itemId});
}
