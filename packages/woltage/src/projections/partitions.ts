import type {Event, RecordedEvent} from '../events/index.ts';
import {hash32} from '../shared/hash.ts';

export const PARTITION_OF_AGGREGATE = 'aggregate';

/** Which slice of a projection an event belongs to. */
export interface PartitionOf {
    /** How many slices there are. */
    readonly count: number;
    /** By aggregate: known without looking into the event. */
    readonly by: typeof PARTITION_OF_AGGREGATE | 'key';
    of(record: RecordedEvent, event: Event | undefined): number;
}

export type PartitionKey = (event: Event) => string;

/** @param key What events are told apart by, where it isn't their aggregate */
export function partitionBy(count: number, key: PartitionKey | undefined): PartitionOf {
    if (count === 1)
        return {count, by: PARTITION_OF_AGGREGATE, of: () => 0};
    return key === undefined
        ? {count, by: PARTITION_OF_AGGREGATE, of: ({aggregateName, aggregateId}) => partitionOfAggregate(count, aggregateName, aggregateId)}
        : {count, by: 'key', of: (_record, event) => hash32(String(key(event as Event))) % count};
}

/** The partition of an aggregate's events. */
export const partitionOfAggregate = (count: number, aggregateName: string, aggregateId: string): number =>
    hash32(`${aggregateName}/${aggregateId}`) % count;
