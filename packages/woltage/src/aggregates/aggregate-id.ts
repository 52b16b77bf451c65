import {BadRequestError} from '../errors/index.ts';
import {isStreamId, MAX_ID_LENGTH} from '../events/index.ts';

/** @throws BadRequestError `INVALID_AGGREGATE_ID` */
export function checkAggregateId(aggregateId: unknown): void {
    if (!isStreamId(aggregateId))
        throw new BadRequestError(`An aggregate id is a string of 1 to ${MAX_ID_LENGTH} characters of well-formed Unicode.`, {code: 'INVALID_AGGREGATE_ID'});
}
