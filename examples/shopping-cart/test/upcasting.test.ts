import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import {expect, it} from 'vitest';
import createWoltage, {Decision, MemoryStore} from 'woltage';
import {CartCreated} from '../src/events/CartCreated.ts';
import {CartItemAddedV1} from '../src/events/CartItemAdded.v1.ts';
import {CartItems} from '../src/slices/cart-items/cart-items.ts';
import {addItem} from '../src/slices/add-item/add-item.ts';
import {config, item} from './support.ts';

it('gives items of before chapter 28 a default fingerprint', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-cart-'));
    const eventStore = {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]};
    const store = {adapter: MemoryStore};
    // The release before: it knows nothing of fingerprints, and has really recorded its events.
    const addItemV1 = Decision.create('addItem', {
        input: CartItemAddedV1.schema, query: ({cartId}) => ({tags: [`cart:${cartId}`]}),
        decide: (_state, payload) => [new CartCreated({payload: {cartId: payload.cartId}}), new CartItemAddedV1({payload})]
    });
    const before = await createWoltage({eventStore, eventClasses: [CartCreated, CartItemAddedV1], aggregates: [], decisions: [addItemV1], projectorClasses: [], internalStore: store});
    await before.decide(addItemV1, item('i1'));
    await before.stop();

    const projections = ['CartItemsProjector', 'InventoriesProjector'].map((projector, i) => ({
        name: ['cart-items', 'inventories'][i] as string, version: 1, projector, projectorVersion: 2 - i, store: 'main'
    }));
    const now = await createWoltage({...config, eventStore, internalStore: store, stores: {main: store}, projections});
    await now.getProjection('cart-items', 1)?.untilLive();
    const {position} = await now.decide(addItem, item('i2'), {fingerprint: 'phone'});
    const live = await now.executeQuery(CartItems, 'live', {cartId: 'c1'});
    expect(live.items.map(({itemId, fingerprint}) => [itemId, fingerprint])).toEqual([['i1', 'default-fingerprint'], ['i2', 'phone']]);
    expect(await now.executeQuery(CartItems, 'stored', {cartId: 'c1'}, {}, {after: position})).toEqual(live);
    await now.stop();
    await rm(folder, {recursive: true});
});
