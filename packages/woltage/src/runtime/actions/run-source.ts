import type {ActionRequest} from '../../actions/index.ts';
import type {RecordedEvent} from '../../events/index.ts';

/** Where an event stands that has triggered an action. */
export interface EventPlace {
    readonly id: string;
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly revision: bigint;
}

/** A message as a task keeps it: parsed, and not yet validated by the action's own schema. */
export interface KeptMessage {
    readonly topic: string;
    readonly partition: number;
    readonly offset: bigint;
    readonly key: string | null;
    readonly value: unknown;
    readonly headers: Readonly<Record<string, string>>;
    /** Milliseconds since the Unix epoch. */
    readonly timestamp: number;
}

/** What has triggered a run of an action, as its task keeps it: plain data. */
export type RunSource =
    /** The event is read again where it stands, so that nothing that is erased lives on in a task. */
    | {readonly by: 'event'; readonly place: EventPlace; readonly record?: undefined}
    /** Where it can't be read again: as it is recorded, with personal fields encrypted. */
    | {readonly by: 'event'; readonly record: RecordedEvent; readonly place?: undefined}
    | {readonly by: 'message'; readonly message: KeptMessage}
    /** Milliseconds since the Unix epoch. */
    | {readonly by: 'schedule'; readonly scheduledFor: number}
    | {readonly by: 'call'; readonly input: unknown; readonly request?: ActionRequest | undefined};

/** Kinds of tasks in an action's queue. */
export const RUN = 'run';
