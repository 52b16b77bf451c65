import {describe, it} from 'vitest';
import {PriceChanged} from '../src/events/PriceChanged.ts';
import {changePrice} from '../src/slices/change-price/change-price.ts';
import {given} from './support.ts';

const prices = {oldPrice: 4.5, newPrice: 5};
const tea = {aggregateId: 'tea'};

describe('Change price', () => {
    it('records what it is told', async () => {
        await given([]).when(changePrice, prices, tea).then([new PriceChanged({payload: {productId: 'tea', ...prices}})]);
    });

    it.each([{newPrice: -1}, {oldPrice: 'x'}, {newPrice: undefined}])('refuses %j', async wrong => {
        await given([]).when(changePrice, {...prices, ...wrong} as never, tea).then('VALIDATION_FAILED');
    });
});
