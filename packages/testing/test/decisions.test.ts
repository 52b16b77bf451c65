import {AssertionError} from 'node:assert';
import {describe, expect, it} from 'vitest';
import {Aggregate, ConflictError, Decision, z} from 'woltage';
import {createGiven, createTestWoltage, given} from '@woltage/testing';
import {addItem, CartCreated, CartSubmitted, ItemAdded, ItemRemoved, StockChanged, submitCart} from './cart/cart.ts';

const tea = {cartId: 'c-1', productId: 'tea', price: 4};
const stocked = () => new StockChanged({payload: {productId: 'tea', left: 5}});
const added = (cartId = 'c-1') => new ItemAdded({payload: {...tea, cartId}});
const full = () => [stocked(), new CartCreated({payload: {cartId: 'c-1'}}), added(), added(), added()];

describe('the cart of the book', () => {
    it('is created with its first item', async () => {
        await given([new StockChanged({payload: {productId: 'tea', left: 5}})])
            .when(addItem, {cartId: 'c-1', productId: 'tea', price: 4})
            .then([new CartCreated({payload: {cartId: 'c-1'}}), new ItemAdded({payload: {cartId: 'c-1', productId: 'tea', price: 4}})]);
    });

    it('holds three items', async () => {
        await given(full()).when(addItem, tea).then('CART_FULL');
        await given([...full(), new ItemRemoved({payload: {cartId: 'c-1', productId: 'tea'}})]).when(addItem, tea).then([added()]);
        await given([...full(), new ItemRemoved({payload: {cartId: 'c-2', productId: 'tea'}})]).when(addItem, tea).then(ConflictError);
    });

    it('takes what is in stock, until it is submitted', async () => {
        await given([new CartCreated({payload: {cartId: 'c-1'}})]).when(addItem, tea).then('OUT_OF_STOCK');
        await given([stocked(), added(), new CartSubmitted({payload: {cartId: 'c-1', total: 4}})]).when(addItem, tea).then('CART_SUBMITTED');
        await given([stocked(), added('c-2')]).when(submitCart, {cartId: 'c-1'}).then('CART_EMPTY');
        await given([stocked(), added(), added()]).when(submitCart, {cartId: 'c-1'}).then([new CartSubmitted({payload: {cartId: 'c-1', total: 8}})]);
    });

    it('is validated, and told its context', async () => {
        await given().when(addItem, {...tea, price: '4' as never}).then('VALIDATION_FAILED');
        await given([stocked(), new CartCreated({payload: {cartId: 'c-1'}})]).when(addItem, tea, {by: 'ann'}).then([new ItemAdded({payload: tea, meta: {by: 'ann'}})]);
    });

    it('has a state', async () => {
        await given([stocked(), added()]).when(addItem, tea).thenState({items: 2, isSubmitted: false, exists: true, left: 5});
        await given(full()).when(addItem, tea).then(ConflictError);
    });
});

describe('a decision that doesn\'t come to what is expected', () => {
    it('shows the difference', async () => {
        const error: unknown = await given([stocked(), new CartCreated({payload: {cartId: 'c-1'}})]).when(addItem, tea).then([new ItemAdded({payload: {...tea, price: 5}})]).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(AssertionError);
        expect((error as Error).message).toBe([
            'addItem didn\'t come to what was expected.',
            '  given     StockChanged {productId: \'tea\', left: 5}',
            '            CartCreated {cartId: \'c-1\'}',
            '  when      addItem {cartId: \'c-1\', productId: \'tea\', price: 4}',
            '  expected  ItemAdded {cartId: \'c-1\', productId: \'tea\', price: 5}',
            '  got       ItemAdded {cartId: \'c-1\', productId: \'tea\', price: 4}',
            '  differs   event 1: payload.price: expected 5, got 4'
        ].join('\n'));
        await expect(given(full()).when(addItem, tea).then([])).rejects.toThrow(/got {7}ConflictError CART_FULL: A cart holds three items\.$/);
    });
});

describe('a decision', () => {
    it('finds given events wherever they are said to be', async () => {
        const cart = Aggregate.create('cart');
        await given([stocked()]).and(cart, 'c-1', [added(), added(), added()]).when(addItem, tea).then('CART_FULL');
        await given([stocked()]).and('elsewhere', 'x', [added(), added(), added()]).when(addItem, tea).then('CART_FULL');
    });

    it('may say itself where its events go', async () => {
        const note = Decision.create('note', {
            input: z.object({text: z.string()}), query: () => ({types: [StockChanged]}), init: () => ({count: 0}),
            stream: () => ({aggregate: 'notes', id: 'all'}),
            decide: ({count}) => count < 2 ? new StockChanged({payload: {productId: 'p', left: count}}) : []
        }).on(StockChanged, ({count}) => ({count: count + 1}));
        await given([stocked()]).when(note, {text: ''}).then([new StockChanged({aggregateId: 'all', payload: {productId: 'p', left: 1}})]);
        await given([stocked(), stocked()]).when(note, {text: ''}).thenNothing();
    });

    it('is played on a runtime that is there, and beside those of an application', async () => {
        const test = await createTestWoltage({decisions: [addItem, submitCart]});
        await test.given([stocked()]).when(addItem, tea).then([CartCreated, ItemAdded]);
        await test.given().when(submitCart, {cartId: 'c-1'}).then([new CartSubmitted({payload: {cartId: 'c-1', total: 4}})]);
        expect(await test.events()).toHaveLength(4);
        await test.stop();
        const inShop = createGiven({decisions: [submitCart], eventClasses: [CartCreated, ItemAdded, ItemRemoved, CartSubmitted, StockChanged]});
        await inShop([stocked()]).when(addItem, tea).then([CartCreated, ItemAdded]);
    });

    it('gets clear errors for bad use', async () => {
        expect(() => given().when(addItem, tea, 'x' as never)).toThrow(/context of a decision is an object/);
        const test = await createTestWoltage();
        await expect(test.given().when(addItem, tea).thenNothing()).rejects.toThrow(/UNKNOWN_DECISION: There is no decision 'addItem'/);
        await test.stop();
    });
});
