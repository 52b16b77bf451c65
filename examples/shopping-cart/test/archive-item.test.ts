import {describe, it} from 'vitest';
import {CartCleared} from '../src/events/CartCleared.ts';
import {CartItemRemoved} from '../src/events/CartItemRemoved.ts';
import {ItemArchived} from '../src/events/ItemArchived.ts';
import {PriceChanged} from '../src/events/PriceChanged.ts';
import {archiveItem} from '../src/slices/archive-item/archive-item.ts';
import {added, created, given, submitted} from './support.ts';

const CHANGE = '01a00000-0000-7000-8000-000000000001';
const input = {cartId: 'c1', itemId: 'i1', productId: 'tea', priceChangedEventId: CHANGE};
const priceChanged = (id = CHANGE, productId = 'tea') => new PriceChanged({id, payload: {productId, oldPrice: 4.5, newPrice: 5}});
const archived = (itemId = 'i1') => new ItemArchived({payload: {cartId: 'c1', itemId, priceChangedEventId: CHANGE}});

describe('Archive item', () => {
    it('archives an item that was there when the price changed', async () => {
        await given([created(), added('i1'), priceChanged()]).when(archiveItem, input).then([archived()]);
    });

    it('archives each item of the product', async () => {
        await given([created(), added('i1'), added('i2'), priceChanged(), archived('i2')]).when(archiveItem, input).then([archived()]);
    });

    it('leaves an item alone that was added after the change', async () => {
        await given([created(), priceChanged(), added('i1')]).when(archiveItem, input).thenNothing();
    });

    it('leaves an item alone that was put back after the change', async () => {
        await given([created(), added('i1'), priceChanged(), new CartItemRemoved({payload: input}), added('i1')]).when(archiveItem, input).thenNothing();
    });

    it('does nothing for a change that was handled', async () => {
        await given([created(), added('i1'), priceChanged(), archived()]).when(archiveItem, input).thenNothing();
        await given([created(), added('i1'), priceChanged(), archived(), added('i1')]).when(archiveItem, input).thenNothing();
    });

    it('archives an item that was put back when the price changes again', async () => {
        const again = '01a00000-0000-7000-8000-000000000002';
        await given([created(), added('i1'), priceChanged(), archived(), added('i1'), priceChanged(again)])
            .when(archiveItem, {...input, priceChangedEventId: again})
            .then([new ItemArchived({payload: {cartId: 'c1', itemId: 'i1', priceChangedEventId: again}})]);
    });

    it('does nothing where the item, or the cart, is not there', async () => {
        await given([priceChanged()]).when(archiveItem, input).thenNothing();
        await given([created(), added('i2'), priceChanged()]).when(archiveItem, input).thenNothing();
        await given([created(), added('i1'), new CartCleared({payload: {cartId: 'c1'}}), priceChanged()]).when(archiveItem, input).thenNothing();
    });

    it('does nothing where the item is of another product', async () => {
        await given([created(), added('i1', 'milk'), priceChanged()]).when(archiveItem, input).thenNothing();
    });

    it('does nothing on a submitted cart', async () => {
        await given([created(), added('i1'), submitted(['tea', 4.5]), priceChanged()]).when(archiveItem, input).thenNothing();
        await given([created(), added('i1'), priceChanged(), submitted(['tea', 4.5])]).when(archiveItem, input).thenNothing();
    });
});
