import {z} from 'woltage';

/** An amount in units of the currency, with two decimals at most. */
export const price = z.number().min(0).max(1e9).refine(amount => Math.abs(amount * 100 - Math.round(amount * 100)) < 1e-6, 'a price has two decimals at most');

/** Adds in whole cents, so that 0.1 + 0.2 is 0.3. */
export const sumOf = (prices: readonly number[]): number => prices.reduce((cents, amount) => cents + Math.round(amount * 100), 0) / 100;
