// The examples of README.md and docs/testing.md.
import {beforeEach, expect, it} from 'vitest';
import {ReadModel, ValidationError} from 'woltage';
import {createTestWoltage, eventLike, given, ran} from '@woltage/testing';
import {account, clear, deposit, InsufficientFunds, open, withdraw} from './bank/account.ts';
import {AccountOpened, Deposited, WelcomeSent, Withdrawn} from './bank/events.ts';
import {AccountProjector, outbox, sendWelcome, tellOwner} from './bank/projectors.ts';
import {AccountProjectorV2} from './bank/projectors-v2.ts';
import {addItem, CartCreated, ItemAdded, StockChanged} from './cart/cart.ts';

beforeEach(() => {
    Object.assign(outbox, {mails: [], failures: 0});
});

class Accounts extends ReadModel<AccountProjector> {
    projectionName = 'account';

    byId({id}: {id: string}) {
        return this.store.tables.accounts.get({id});
    }
}

it('withdraws what is there', async () => {
    await given([new AccountOpened({payload: {owner: 'Ann'}}), new Deposited({payload: {amount: 50}})])
        .when(withdraw, {amount: 10})
        .then([new Withdrawn({payload: {amount: 10}})]);
});

it('refuses to overdraw an account', async () => {
    await given([new AccountOpened({payload: {owner: 'Ann'}})])
        .when(withdraw, {amount: 10})
        .then(InsufficientFunds);
});

it('can be expected in other words', async () => {
    const poor = [new AccountOpened({payload: {owner: 'Ann'}})];
    await given(poor).when(withdraw, {amount: 10}).then('INSUFFICIENT_FUNDS');
    await given(poor).when(withdraw, {amount: 10}).then(/10 too few/);
    await given(poor).when(withdraw, {amount: 10}).then(error => error instanceof InsufficientFunds);
    await given(poor).when(withdraw, {amount: -1}).then(ValidationError);
    await given(poor).when(clear, {}).thenNothing();
    await given(poor).when(deposit, {amount: 5}).thenState({owner: 'Ann', balance: 5});
    await given(poor).when(deposit, {amount: 5}).then([Deposited]);
    await given(poor).when(deposit, {amount: 5}).then([eventLike(Deposited, {amount: expect.any(Number)})]);
});

it('tells accounts apart', async () => {
    await given([new AccountOpened({aggregateId: 'ann', payload: {owner: 'Ann'}}), new AccountOpened({aggregateId: 'bob', payload: {owner: 'Bob'}})])
        .when(deposit, {amount: 5}, {aggregateId: 'bob'})
        .then([new Deposited({aggregateId: 'bob', payload: {amount: 5}})]);
});

it('creates a cart with its first item', async () => {
    await given([new StockChanged({payload: {productId: 'tea', left: 5}})])
        .when(addItem, {cartId: 'c-1', productId: 'tea', price: 4})
        .then([
            new CartCreated({payload: {cartId: 'c-1'}}),
            new ItemAdded({payload: {cartId: 'c-1', productId: 'tea', price: 4}})
        ]);
});

const history = () => [
    new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}}),
    new Deposited({aggregateId: 'a-1', payload: {amount: 50}})
];

it('keeps a row for each account', async () => {
    await given(history()).expectRows(AccountProjector, {accounts: [{id: 'a-1', owner: 'Ann', balance: 50}]});
});

it('welcomes new owners', async () => {
    const projected = given(history()).project(AccountProjector);
    await projected.expectEffects([ran(sendWelcome, {to: 'Ann'}), ran(tellOwner, 'Ann', 50)]);
    await projected.expectEmitted([new WelcomeSent({payload: {to: 'Ann'}})]);
});

it('comes to the same rows in a replay, and welcomes nobody again', async () => {
    await given(history()).replay(AccountProjector).expectRows({accounts: [{id: 'a-1', owner: 'Ann', balance: 50}]});
});

it('is replaced by version 2 while events come', async () => {
    const switched = given(history()).switch(AccountProjector, AccountProjectorV2);
    await switched.expectRows({accounts: [{id: 'a-1', owner: 'Ann', balance: 5000}]});
    await switched.expectEmitted([new WelcomeSent({payload: {to: 'Ann'}})]);
});

it('sends the mail when the mail server is back', async () => {
    outbox.failures = 2;
    const {woltage, clock, settled, stop} = await createTestWoltage({
        aggregates: [account], projectorClasses: [AccountProjector], readModelClasses: [Accounts]
    });
    await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
    await settled();
    expect(await woltage.executeQuery(Accounts, 'byId', {id: 'a-1'})).toEqual({id: 'a-1', owner: 'Ann', balance: 0});
    expect(outbox.mails).toEqual([]);
    await clock.advance(3000);
    expect(outbox.mails).toEqual(['Ann']);
    await stop();
});
