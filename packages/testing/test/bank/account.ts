import {Aggregate, DuplicateAggregateError, NotFoundError, WoltageError} from 'woltage';
import {AccountOpened, Deposited, Withdrawn} from './events.ts';

export class InsufficientFunds extends WoltageError {
    constructor(missing: number) {
        super(`There are ${missing} too few.`, 409, {code: 'INSUFFICIENT_FUNDS', details: {missing}});
    }
}

export const account = Aggregate.create('account', {$init: () => ({owner: '', balance: 0})})
    .on(AccountOpened, (state, {payload}) => ({...state, owner: payload.owner}))
    .on(Deposited, (state, {payload}) => ({...state, balance: state.balance + payload.amount}))
    .on(Withdrawn, (state, {payload}) => ({...state, balance: state.balance - payload.amount}));

export const open = account.registerCommand(AccountOpened.schema, function open({owner}, payload) {
    if (owner !== '')
        throw new DuplicateAggregateError('This account is open already.');
    return new AccountOpened({payload});
});

export const deposit = account.registerCommand(Deposited.schema, function deposit({owner}, payload, {aggregateId}) {
    if (owner === '')
        throw new NotFoundError(`There is no account '${aggregateId}'.`);
    return new Deposited({payload});
});

export const withdraw = account.registerCommand(Withdrawn.schema, function withdraw({owner, balance}, payload, {aggregateId, bookedBy}) {
    if (owner === '')
        throw new NotFoundError(`There is no account '${aggregateId}'.`);
    if (balance < payload.amount)
        throw new InsufficientFunds(payload.amount - balance);
    return new Withdrawn({payload, meta: bookedBy === undefined ? {} : {bookedBy}});
});

/** Leaves an account that is empty as it is. */
export const clear = account.registerCommand(function clear({balance}) {
    return balance === 0 ? [] : [new Withdrawn({payload: {amount: balance}})];
});
