import {Aggregate} from 'woltage';

/**
 * What other systems tell of a product. There are no rules to check and no state to decide on, so that these are plain commands on the product's stream instead of decisions: nothing is read before they
 * append.
 */
export const product = Aggregate.create('product', {$init: () => ({})});
