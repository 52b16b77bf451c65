import {ConflictError, NotFoundError} from 'woltage';

export const cartNotFound = (cartId: string): NotFoundError => new NotFoundError(`There is no cart ${cartId}.`, {code: 'CART_NOT_FOUND'});
export const cartIsSubmitted = (cartId: string): ConflictError =>
    new ConflictError(`Cart ${cartId} has been submitted and can't be altered.`, {code: 'CART_SUBMITTED'});
