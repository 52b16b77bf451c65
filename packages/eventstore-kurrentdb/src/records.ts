import type {RecordedEvent as StoredEvent, ResolvedEvent} from '@kurrent/kurrentdb-client';
import type {JsonValue, RecordedEvent} from 'woltage';
import {fromMetadata} from './metadata.ts';
import type {StreamAddress, StreamNames} from './stream-names.ts';

/** An event of $all with its place, before anything of it is looked into. */
export interface LocatedEvent {
    readonly event: StoredEvent;
    readonly position: bigint;
    /** Whose it is; `undefined` for events that are none of an aggregate: KurrentDB's own, links, and those of other streams. */
    readonly address: StreamAddress | undefined;
}

/** Links are not followed: what they point to comes by itself. */
export function locate(names: StreamNames, {event, commitPosition}: ResolvedEvent): LocatedEvent | undefined {
    if (event === undefined)
        return undefined;
    const isSystem = event.type.startsWith('$') || event.streamId.startsWith('$');
    return {event: event, position: event.position?.commit ?? commitPosition ?? 0n, address: isSystem ? undefined : names.fromStream(event.streamId)};
}

/** An event as the port has it. What isn't JSON is given as its bytes in base64. */
export function toRecord({event, position}: LocatedEvent, {aggregateName, aggregateId}: StreamAddress): RecordedEvent {
    const {id, type, revision, data, metadata, created} = event;
    return {
        id, type, ...fromMetadata(metadata, id, created), aggregateName, aggregateId, revision, position,
        payload: data instanceof Uint8Array ? Buffer.from(data).toString('base64') : data as JsonValue
    };
}
