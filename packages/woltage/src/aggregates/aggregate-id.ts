import {BadRequestError} from '../errors/index.ts';

const MAX_ID_LENGTH = 1024;

/** @throws BadRequestError `INVALID_AGGREGATE_ID` */
export function checkAggregateId(aggregateId: unknown): void {
    // Half a surrogate pair can't be stored: two ids that differ in it would become one.
    if (typeof aggregateId !== 'string' || aggregateId === '' || aggregateId.length > MAX_ID_LENGTH || /\p{Surrogate}/u.test(aggregateId))
        throw new BadRequestError(`An aggregate id is a string of 1 to ${MAX_ID_LENGTH} characters of well-formed Unicode.`, {code: 'INVALID_AGGREGATE_ID'});
}
