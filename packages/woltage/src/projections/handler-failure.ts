import {WoltageError} from '../errors/index.ts';
import type {RecordedEvent} from '../events/index.ts';

/** A projector's handler failed: the event, the position and the cause. */
export class HandlerFailure extends WoltageError {
    readonly eventId: string;
    readonly eventType: string;
    readonly position: bigint;

    constructor(projectionId: string, record: RecordedEvent, cause: unknown) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        super(`Projection '${projectionId}' failed at event ${record.id} ('${record.type}@${record.version}', position `
            + `${record.position}): ${reason}`, 500, {code: 'HANDLER_FAILED', cause});
        this.eventId = record.id;
        this.eventType = `${record.type}@${record.version}`;
        this.position = record.position;
    }
}
