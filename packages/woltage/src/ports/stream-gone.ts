import {GoneError} from '../errors/index.ts';

/** What reads and appends of an erased stream throw, for adapters. */
export const streamGone = (aggregateName: string, aggregateId: string): GoneError =>
    new GoneError(`Aggregate '${aggregateName}/${aggregateId}' was erased.`);
