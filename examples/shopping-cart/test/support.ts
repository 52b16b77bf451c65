import {createGiven} from '@woltage/testing';
import {CartCreated} from '../src/events/CartCreated.ts';
import {CartItemAdded} from '../src/events/CartItemAdded.ts';
import {CartSubmitted} from '../src/events/CartSubmitted.ts';
import {model} from '../src/model.ts';
import {sumOf} from '../src/money.ts';

const {eventClasses, aggregates, decisions, readModelClasses, projectorClasses} = model;

/** Decisions may ask what is in stock. */
export const config = {
    eventClasses, aggregates, decisions, readModelClasses, projectorClasses, projections: [{name: 'inventories', version: 1, projector: 'InventoriesProjector', store: 'main'}]
};
/** Begins a sentence about the model. */
export const given = createGiven(config);

export const item = (itemId: string, productId = 'tea', price = 4.5) => ({
    cartId: 'c1', itemId, productId, price, description: `A box of ${productId}`, image: `${productId}.png`
});

export const created = () => new CartCreated({payload: {cartId: 'c1'}});
export const added = (itemId: string, productId?: string, price?: number) => new CartItemAdded({payload: {...item(itemId, productId, price), fingerprint: 'default-fingerprint'}});
export const submitted = (...products: readonly (readonly [productId: string, price: number])[]) => new CartSubmitted({payload: {
    cartId: 'c1', orderedProducts: products.map(([productId, price]) => ({productId, price})), totalPrice: sumOf(products.map(([, price]) => price)), fingerprint: 'default-fingerprint'
}});
