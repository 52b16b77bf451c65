import type {RecordedEvent} from '../events/index.ts';
import type {RecordWrite, StoreRecord} from '../ports/index.ts';
import {currentClock} from '../shared/clock.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {HandlerFailure} from './handler-failure.ts';

/** An event at which a projection has stopped. */
export interface ProjectionFault {
    readonly eventId: string;
    readonly eventType: string;
    readonly position: bigint;
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly message: string;
    readonly code: string | undefined;
    /** How often it was tried. */
    readonly attempts: number;
    /** ms since the Unix epoch. */
    readonly at: number;
}

/** What a projection is told to do about a fault. */
export interface SkipOrder {
    readonly eventId: string;
}

/** Keys of a slice's records. */
export const FAULT = 'fault';
export const SKIP = 'skip';

export function faultOf(failure: HandlerFailure, attempts: number): ProjectionFault {
    const {eventId, eventType, position, aggregateName, aggregateId, cause} = failure;
    const {code} = (cause ?? {}) as {code?: unknown};
    return {
        eventId, eventType, position, aggregateName, aggregateId, attempts,
        message: failure.reason, code: typeof code === 'string' ? code : undefined, at: currentClock().now()
    };
}

export const writeFault = (key: string, fault: ProjectionFault): RecordWrite =>
    ({key, value: JSON.stringify({...fault, position: fault.position.toString()}), token: uuidV7()});

export function parseFault({value}: StoreRecord): ProjectionFault {
    const fault = JSON.parse(value) as Omit<ProjectionFault, 'position'> & {position: string};
    return {...fault, position: BigInt(fault.position)};
}

/** Where an event is, so that it can be read again. */
export type EventReference = Pick<RecordedEvent, 'id' | 'type' | 'version' | 'aggregateName' | 'aggregateId' | 'revision' | 'position'>;
