// Checked by the compiler alone: what the kit infers, and what it refuses.
import {createGiven, given, ran} from '@woltage/testing';
import {account, open, withdraw} from './bank/account.ts';
import {AccountOpened, Withdrawn} from './bank/events.ts';
import {AccountProjector, sendWelcome, tellOwner} from './bank/projectors.ts';
import {addItem} from './cart/cart.ts';

export async function checks(): Promise<void> {
    await given([new AccountOpened({payload: {owner: 'Ann'}})]).when(withdraw, {amount: 1}).then([Withdrawn]);
    // @ts-expect-error the payload of another command
    given([]).when(withdraw, {owner: 'Ann'});
    // @ts-expect-error no payload
    given([]).when(open);
    // @ts-expect-error not an event
    given([{payload: {}}]);
    // @ts-expect-error not the input of this decision
    given([]).when(addItem, {cartId: 1});
    // @ts-expect-error a string is no aggregate
    given([]).when('account', 'open', {});
    given([]).when(account, 'open', {owner: 'Ann'});
    await given([]).expectRows(AccountProjector, {accounts: [{id: 'a', owner: 'Ann', balance: 1}]});
    // @ts-expect-error no such table
    await given([]).expectRows(AccountProjector, {nothing: []});
    // @ts-expect-error no such field
    await given([]).expectRows(AccountProjector, {accounts: [{id: 'a', owner: 'Ann', balance: '1'}]});
    ran(tellOwner, 'Ann', 1);
    // @ts-expect-error the arguments of another effect
    ran(sendWelcome, 'Ann', 1);
    // @ts-expect-error no such property
    createGiven({nothing: 1});
}
