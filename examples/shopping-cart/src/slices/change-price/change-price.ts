import {Action, Decision, onMessage} from 'woltage';
import {PriceChanged} from '../../events/PriceChanged.ts';

/** There is nothing to decide: prices are made elsewhere. */
export const changePrice = Decision.create('changePrice', {
    input: PriceChanged.schema,
    query: () => ({types: []}),
    decide: (_state, payload) => new PriceChanged({payload})
});

/** The translator: a message of another system becomes a command of ours. */
export const translatePriceChange = Action.create('translatePriceChange', {
    on: onMessage('price_changes', {schema: PriceChanged.schema, from: 'start'}),
    ordered: true,
    handler: (message, {run}) => run(changePrice, message)
});
