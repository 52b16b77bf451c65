import {Aggregate, ConflictError, DuplicateAggregateError, NotFoundError} from 'woltage';
import OrderPlaced from '../events/OrderPlaced.ts';
import OrderShipped from '../events/OrderShipped.ts';

const order = Aggregate.create('order', {
    $init: () => ({isPlaced: false, isShipped: false}),
    [OrderPlaced.identity]: state => ({...state, isPlaced: true}),
    [OrderShipped.identity]: state => ({...state, isShipped: true})
});

order.registerCommand(OrderPlaced.schema, function place(state, payload) {
    if (state.isPlaced)
        throw new DuplicateAggregateError('This order has been placed already.');
    return new OrderPlaced({payload});
});

order.registerCommand(OrderShipped.schema, function ship(state, payload, {aggregateId}) {
    if (!state.isPlaced)
        throw new NotFoundError(`There is no order ${aggregateId}.`);
    if (state.isShipped)
        throw new ConflictError(`Order ${aggregateId} has been shipped already.`);
    return new OrderShipped({payload});
});

export default order;
