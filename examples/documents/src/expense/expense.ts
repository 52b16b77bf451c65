import {Aggregate, DuplicateAggregateError} from 'woltage';
import {ExpenseCreated} from './events.ts';

export const expense = Aggregate.create('expense', {$init: () => ({exists: false})})
    .on(ExpenseCreated, () => ({exists: true}));

export const createExpense = expense.registerCommand(ExpenseCreated.schema, function createExpense({exists}, payload, {aggregateId}) {
    if (exists)
        throw new DuplicateAggregateError(`Expense ${aggregateId} is there already.`);
    return new ExpenseCreated({payload});
});
