import {Action, onMessage} from 'woltage';
import {PriceChanged} from '../../events/PriceChanged.ts';
import {product} from '../../product.ts';

export const changePrice = product.registerCommand(PriceChanged.schema.omit({productId: true}), function changePrice(_state, prices, {aggregateId}) {
    return new PriceChanged({payload: {productId: aggregateId, ...prices}});
}, {retryOnConflict: 10});

/** The translator: a message of another system becomes a command of ours. */
export const translatePriceChange = Action.create('translatePriceChange', {
    on: onMessage('price_changes', {schema: PriceChanged.schema, from: 'start'}),
    ordered: true,
    async handler({productId, ...prices}, {run}) {
        await run(changePrice, productId, prices);
    }
});
