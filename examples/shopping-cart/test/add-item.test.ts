import {createTestWoltage} from '@woltage/testing';
import {describe, expect, it} from 'vitest';
import {CartCleared} from '../src/events/CartCleared.ts';
import {CartItemAdded} from '../src/events/CartItemAdded.ts';
import {CartItemRemoved} from '../src/events/CartItemRemoved.ts';
import {InventoryChanged} from '../src/events/InventoryChanged.ts';
import {ItemArchived} from '../src/events/ItemArchived.ts';
import {addItem} from '../src/slices/add-item/add-item.ts';
import {added, config, created, given, item, submitted} from './support.ts';

const full = () => [created(), added('i1'), added('i2'), added('i3')];

describe('Add item', () => {
    it('creates the cart with its first item', async () => {
        await given([]).when(addItem, item('i1')).then([created(), added('i1')]);
    });

    it('adds a second and a third item', async () => {
        await given([created(), added('i1')]).when(addItem, item('i2', 'milk', 1)).then([added('i2', 'milk', 1)]);
        await given([created(), added('i1'), added('i2')]).when(addItem, item('i3')).then([added('i3')]);
    });

    it('refuses a fourth item', async () => {
        await given(full()).when(addItem, item('i4')).then('CART_FULL');
    });

    it('has room again where items have gone', async () => {
        const gone = {cartId: 'c1', itemId: 'i2'};
        await given([...full(), new CartItemRemoved({payload: gone})]).when(addItem, item('i4')).then([added('i4')]);
        await given([...full(), new ItemArchived({payload: {...gone, priceChangedEventId: 'e1'}})]).when(addItem, item('i4')).then([added('i4')]);
        await given([...full(), new CartCleared({payload: {cartId: 'c1'}})]).when(addItem, item('i4')).then([added('i4')]);
    });

    it('counts the items of this cart alone', async () => {
        const others = [1, 2, 3].map(n => new CartItemAdded({payload: {...item(`o${n}`), cartId: 'c2', fingerprint: ''}}));
        await given([created(), added('i1'), added('i2'), ...others]).when(addItem, item('i3')).then([added('i3')]);
    });

    it('refuses an item id that is in the cart', async () => {
        await given([created(), added('i1')]).when(addItem, item('i1', 'milk')).then('ITEM_IN_CART');
    });

    it('refuses to alter a submitted cart', async () => {
        await given([created(), added('i1'), submitted(['tea', 4.5])]).when(addItem, item('i2')).then('CART_SUBMITTED');
    });

    it('refuses what is sold out, and takes what is in stock again', async () => {
        const stock = (inventory: number, productId = 'tea') => new InventoryChanged({payload: {productId, inventory}});
        await given([stock(5), stock(0)]).when(addItem, item('i1')).then('OUT_OF_STOCK');
        await given([stock(0), stock(5), stock(0, 'milk')]).when(addItem, item('i1')).then([created(), added('i1')]);
    });

    it('remembers the device', async () => {
        await given([created()]).when(addItem, item('i1'), {fingerprint: 'phone'}).then([new CartItemAdded({payload: {...item('i1'), fingerprint: 'phone'}})]);
    });

    it.each([{price: -1}, {price: 0.001}, {price: Infinity}, {price: '4'}, {itemId: ''}, {cartId: 'a b'}, {cartId: '__proto__'.padEnd(65, 'x')}, {description: undefined}])(
        'refuses %j', async wrong => {
            await given([]).when(addItem, {...item('i1'), ...wrong} as never).then('VALIDATION_FAILED');
        }
    );

    it('is as many items as fit, however many come at once', async () => {
        const {woltage, events, stop} = await createTestWoltage({...config, decisions: [addItem]});
        const outcomes = await Promise.allSettled(Array.from({length: 10}, (_, n) => woltage.decide(addItem, item(`i${n}`))));
        expect(outcomes.filter(({status}) => status === 'fulfilled')).toHaveLength(3);
        expect((await events()).map(({type}) => type)).toEqual(['cart.created', ...Array<string>(3).fill('cart.item.added')]);
        await stop();
    });
});
