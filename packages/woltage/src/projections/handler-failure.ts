import {WoltageError} from '../errors/index.ts';
import type {RecordedEvent} from '../events/index.ts';

/** Where a projector's handler failed. */
export interface FailurePlace {
    readonly eventId: string;
    readonly eventType: string;
    readonly position: bigint;
    readonly aggregateName: string;
    readonly aggregateId: string;
}

/** A projector's handler failed: the event, the position and the cause. */
export class HandlerFailure extends WoltageError implements FailurePlace {
    readonly eventId: string;
    /** `type@version`. */
    readonly eventType: string;
    readonly position: bigint;
    readonly aggregateName: string;
    readonly aggregateId: string;
    /** The message of what the handler threw. */
    readonly reason: string;

    constructor(projectionId: string, place: FailurePlace, reason: string, cause?: unknown) {
        super(`Projection '${projectionId}' failed at event ${place.eventId} ('${place.eventType}', position ${place.position}): ${reason}`,
            500, {code: 'HANDLER_FAILED', cause});
        this.eventId = place.eventId;
        this.eventType = place.eventType;
        this.position = place.position;
        this.aggregateName = place.aggregateName;
        this.aggregateId = place.aggregateId;
        this.reason = reason;
    }

    static at(projectionId: string, record: RecordedEvent, cause: unknown): HandlerFailure {
        const {id, type, version, position, aggregateName, aggregateId} = record;
        const place = {eventId: id, eventType: `${type}@${version}`, position, aggregateName, aggregateId};
        return new HandlerFailure(projectionId, place, cause instanceof Error ? cause.message : String(cause), cause);
    }
}
