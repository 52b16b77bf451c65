import {BadRequestError} from '../errors/index.ts';

/** @throws BadRequestError `INVALID_LIMIT` for a page of anything but a whole number of items, or of none */
export function checkPageLimit(limit: number | undefined): void {
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0))
        throw new BadRequestError('A limit is a whole number from 1.', {code: 'INVALID_LIMIT'});
}
