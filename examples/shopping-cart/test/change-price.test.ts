import {describe, it} from 'vitest';
import {PriceChanged} from '../src/events/PriceChanged.ts';
import {changePrice} from '../src/slices/change-price/change-price.ts';
import {given} from './support.ts';

const tea = {productId: 'tea', oldPrice: 4.5, newPrice: 5};

describe('Change price', () => {
    it('records what it is told', async () => {
        await given([]).when(changePrice, tea).then([new PriceChanged({payload: tea})]);
    });

    it.each([{newPrice: -1}, {oldPrice: 'x'}, {productId: undefined}])('refuses %j', async wrong => {
        await given([]).when(changePrice, {...tea, ...wrong} as never).then('VALIDATION_FAILED');
    });
});
