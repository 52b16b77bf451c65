import {z} from 'woltage';

/** UUIDs in the book; any short word will do here. */
const id = z.string().regex(/^[\w-]{1,64}$/, 'an id is 1 to 64 letters, digits, - and _');

export const cartId = id;
export const itemId = id;
export const productId = id;
