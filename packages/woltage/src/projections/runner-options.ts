import type {ContextRuntime} from '../context/index.ts';
import type {EventHandlers} from '../events/index.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import type {SliceStore} from './checkpoint.ts';
import type {IntentSink} from './outbox.ts';
import type {PartitionOf} from './partitions.ts';
import type {ProjectionTuning} from './tuning.ts';

export type BoundHandler = (event: unknown) => unknown;

export interface BatchRunnerOptions {
    readonly id: string;
    /** The projection's name: what effects are keyed by, whatever the version. */
    readonly name: string;
    /** Which slice of the projection this is. */
    readonly slice: number;
    readonly partitions: PartitionOf;
    readonly place: SliceStore;
    readonly handlers: EventHandlers<BoundHandler>;
    readonly runtime: ContextRuntime;
    readonly tuning: ProjectionTuning;
    readonly log: Logger;
    readonly self: Self;
    readonly intents: IntentSink;
    /** Beyond which position effects run; `undefined`: none do. It changes only while the slice stands still. */
    readonly firesAfter: () => bigint | undefined;
}
