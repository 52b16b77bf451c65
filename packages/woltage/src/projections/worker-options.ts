import type {ContextRuntime} from '../context/index.ts';
import type {IEventStore} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import type {BatchRunner} from './batch-runner.ts';
import type {SliceStore} from './checkpoint.ts';
import type {ReplayTurns} from './replay-turns.ts';
import type {ProjectionTuning} from './tuning.ts';

export interface WorkerOptions {
    readonly runtime: ContextRuntime;
    readonly id: string;
    readonly slice: number;
    readonly place: SliceStore;
    readonly eventStore: IEventStore;
    readonly runner: BatchRunner;
    readonly types: readonly string[];
    /** Events of aggregates that it refuses need not be delivered. */
    readonly accepts: ((aggregateName: string, aggregateId: string) => boolean) | undefined;
    readonly tuning: ProjectionTuning;
    readonly turns: ReplayTurns;
    /** Whether the version is the active one. */
    readonly isActive: () => boolean;
    readonly log: Logger;
    /** Asks whether this process should work on one more slice; the result is to be called when it has been taken, or could not be. */
    readonly reserve: () => (() => void) | undefined;
    /** Whether this process works on more slices than its share. */
    readonly mustYield: () => boolean;
    /** Called when the slice has been taken over, before anything is handled. */
    readonly onTaken: () => Promise<void>;
}
