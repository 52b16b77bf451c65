import {Action, onHttp, onMessage, z} from 'woltage';
import {InventoryChanged} from '../events/InventoryChanged.ts';
import {orderedProduct} from '../events/CartSubmitted.ts';
import {PriceChanged} from '../events/PriceChanged.ts';

const publishedCart = z.object({cartId: z.string(), orderedProducts: z.array(orderedProduct), totalPrice: z.number()});
export type PublishedCart = z.infer<typeof publishedCart>;

/** What the order system of this example does with carts. */
export interface OrderServices {
    takeOrder(cart: PublishedCart): Promise<void>;
}

/** Stands for the warehouse, which is no part of the shop: publishes what it is told by HTTP. */
export const warehouse = Action.create('warehouse', {
    on: onHttp('POST', '/outside/inventories'),
    input: InventoryChanged.schema,
    handler: (value, {publish}) => publish('inventories', {key: value.productId, value})
});

/** Stands for those who make prices. */
export const pricing = Action.create('pricing', {
    on: onHttp('POST', '/outside/price-changes'),
    input: PriceChanged.schema,
    handler: (value, {publish}) => publish('price_changes', {key: value.productId, value})
});

/** Stands for whoever sends what was ordered. */
export const orders = Action.with<OrderServices>().create('orders', {
    on: onMessage('published_carts', {schema: publishedCart, from: 'start'}),
    handler: (cart, {services}) => services.takeOrder(cart)
});
