import {Action, onEvent} from 'woltage';
import {CartPublicationFailed} from '../../events/CartPublicationFailed.ts';
import {CartSubmitted} from '../../events/CartSubmitted.ts';
import {publishCart} from './publish-cart.ts';

const ONE_HOUR = 60 * 60_000;

/** The publisher: hands submitted carts to whoever listens to the topic. The broker may be away for an hour. */
export const publishSubmittedCart = Action.create('publishSubmittedCart', {
    on: onEvent(CartSubmitted, {from: 'start'}),
    retry: {timeoutMs: ONE_HOUR, backoffMs: 500, maxBackoffMs: 60_000},
    async handler({cartId, orderedProducts, totalPrice}, {publish, run}) {
        await publish('published_carts', {key: cartId, value: {cartId, orderedProducts, totalPrice}});
        await run(publishCart, {cartId});
    },
    onFinalFailure: ({input: {cartId}, error}) => ({
        aggregateName: 'cart',
        events: new CartPublicationFailed({aggregateId: cartId, payload: {cartId, reason: error.message}})
    })
});
