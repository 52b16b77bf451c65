import {createTestWoltage} from '@woltage/testing';
import {describe, expect, it} from 'vitest';
import {Decision, z, type Event} from 'woltage';
import {CartCleared} from '../src/events/CartCleared.ts';
import {CartItemAdded} from '../src/events/CartItemAdded.ts';
import {CartItemRemoved} from '../src/events/CartItemRemoved.ts';
import {CartPublicationFailed} from '../src/events/CartPublicationFailed.ts';
import {CartPublished} from '../src/events/CartPublished.ts';
import {InventoryChanged} from '../src/events/InventoryChanged.ts';
import {ItemArchived} from '../src/events/ItemArchived.ts';
import {CartItems} from '../src/slices/cart-items/cart-items.ts';
import {CartItemsProjector} from '../src/slices/cart-items/cart-items-projector.ts';
import {CartItemsProjectorV1} from '../src/slices/cart-items/cart-items-projector.v1.ts';
import {CartsWithProductsProjector} from '../src/slices/carts-with-products/carts-with-products-projector.ts';
import {InventoriesProjector} from '../src/slices/inventories/inventories-projector.ts';
import {SubmittedCartsProjector} from '../src/slices/submitted-carts/submitted-carts-projector.ts';
import {added, config, created, given, item, submitted} from './support.ts';

const c1 = {cartId: 'c1'};
/** Appends what a test says has happened. */
const recordAll = (history: readonly Event[]) => Decision.create('recordAll', {input: z.undefined(), query: () => ({}), decide: () => history});
const removed = new CartItemRemoved({payload: {...c1, itemId: 'i1'}});
const archived = new ItemArchived({payload: {...c1, itemId: 'i2', priceChangedEventId: 'e'}});
const cleared = new CartCleared({payload: c1});

describe('Inventories', () => {
    it('keeps the last that was told of each product', async () => {
        const told = [['tea', 5], ['milk', 1], ['tea', 0]] as const;
        await given(told.map(([productId, inventory]) => new InventoryChanged({payload: {productId, inventory}})))
            .expectRows(InventoriesProjector, {inventories: [{productId: 'tea', inventory: 0}, {productId: 'milk', inventory: 1}]});
    });
});

describe('Carts with products', () => {
    const row = (itemId: string, cartId = 'c1', productId = 'tea') => ({cartId, itemId, productId});
    const inC2 = new CartItemAdded({payload: {...item('i1'), cartId: 'c2', fingerprint: 'f'}});

    it('lists the items of all carts', async () => {
        await given([created(), added('i1'), added('i2', 'milk'), inC2]).expectRows(CartsWithProductsProjector, {cartsWithProducts: [row('i1'), row('i2', 'c1', 'milk'), row('i1', 'c2')]});
    });

    it('forgets what is removed, archived, cleared and submitted', async () => {
        const history = [created(), added('i1'), added('i2'), added('i3'), inC2];
        await given([...history, removed, archived]).expectRows(CartsWithProductsProjector, {cartsWithProducts: [row('i3'), row('i1', 'c2')]});
        await given([...history, cleared]).expectRows(CartsWithProductsProjector, {cartsWithProducts: [row('i1', 'c2')]});
        await given([...history, submitted(['tea', 1])]).expectRows(CartsWithProductsProjector, {cartsWithProducts: [row('i1', 'c2')]});
    });
});

describe('Submitted carts', () => {
    const history = () => [created(), added('i1'), submitted(['tea', 4.5])];
    const row = {...c1, orderedProducts: [{productId: 'tea', price: 4.5}], totalPrice: 4.5};

    it('says what was ordered, and whether it was published', async () => {
        await given(history()).expectRows(SubmittedCartsProjector, {submittedCarts: [{...row, publication: 'pending'}]});
        await given([...history(), new CartPublished({payload: c1})]).expectRows(SubmittedCartsProjector, {submittedCarts: [{...row, publication: 'published'}]});
        await given([...history(), new CartPublicationFailed({payload: {...c1, reason: 'no broker'}})])
            .expectRows(SubmittedCartsProjector, {submittedCarts: [{...row, publication: 'failed', failure: 'no broker'}]});
    });
});

describe('Cart items', () => {
    const cases = [
        ['added', [created(), added('i2', 'milk', 0.1), added('i1', 'tea', 0.2)], ['i2', 'i1'], 0.3],
        ['removed', [created(), added('i1'), added('i2', 'milk', 1), removed], ['i2'], 1],
        ['archived', [created(), added('i1'), added('i2'), archived], ['i1'], 4.5],
        ['cleared', [created(), added('i1'), cleared], [], 0],
        ['submitted', [created(), added('i1'), submitted(['tea', 4.5])], ['i1'], 4.5]
    ] as const;

    it.each(cases)('are the same live and from the projection when %s', async (_what, history, itemIds, totalPrice) => {
        const {woltage, stop} = await createTestWoltage({
            ...config, decisions: [recordAll(history)], projections: [{name: 'cart-items', version: 1, projector: CartItemsProjector, store: 'main'}]
        });
        const {position} = await woltage.decide('recordAll');
        const live = await woltage.executeQuery(CartItems, 'live', c1);
        expect([live.items.map(({itemId}) => itemId), live.totalPrice]).toEqual([itemIds, totalPrice]);
        expect(await woltage.executeQuery(CartItems, 'stored', c1, {}, {after: position})).toEqual(live);
        await expect(woltage.executeQuery(CartItems, 'live', {cartId: 'c9'})).rejects.toMatchObject({code: 'CART_NOT_FOUND'});
        await expect(woltage.executeQuery(CartItems, 'stored', {cartId: 'c9'})).rejects.toMatchObject({code: 'CART_NOT_FOUND'});
        await stop();
    });

    it('know the device from version 2 on', async () => {
        const {cartId: _, ...rest} = item('i1');
        const row = {...c1, ...rest, addedAt: 1n};
        await given([created(), added('i1')]).expectRows(CartItemsProjectorV1, {cartItems: [row]});
        await given([created(), added('i1')]).expectRows(CartItemsProjector, {carts: [c1], cartItems: [{...row, fingerprint: 'default-fingerprint'}]});
        await given([created(), added('i1'), removed]).switch(CartItemsProjectorV1, CartItemsProjector).expectRows({carts: [c1], cartItems: []});
    });

    it('come to the same in a replay', async () => {
        const history = [created(), added('i1'), added('i2'), removed];
        const replayed = await given(history).replay(CartItemsProjector).outcome();
        expect(replayed.rows).toEqual((await given(history).project(CartItemsProjector).outcome()).rows);
    });
});
