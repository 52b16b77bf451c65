export type FaultPolicyName = 'stop' | 'dead-letter';

/** How projections work; every setting has a default. */
export interface ProjectionTuning {
    /** Events read at a time. @default 1000 */
    readonly batchSize: number;
    /** The most events that one commit holds. @default 20000 */
    readonly commitEvents: number;
    /** The longest that a replay goes without a commit, in ms. @default 1000 */
    readonly commitEveryMs: number;
    /** Pending writes that make a commit due, in bytes. @default 8 MiB */
    readonly commitBytes: number;
    /** Bound of the cache of rows, per table, in bytes. @default 32 MiB */
    readonly cacheBytes: number;
    /** How often an event is tried before it is a fault. @default 5 */
    readonly maxAttempts: number;
    /** Pause before the first retry, in ms; it doubles each time, up to 30 s. @default 100 */
    readonly retryMs: number;
    /**
     * What follows a fault: the projection stops (`stop`), or the event and all later ones of its aggregate are put to the dead letters and the
     * projection goes on (`dead-letter`). A projector's `static faultPolicy` goes before it. @default 'stop'
     */
    readonly faultPolicy: FaultPolicyName;
    /** How long a process that works on a projection may be silent before another takes over, in ms. @default 10000 */
    readonly leaseMs: number;
}

export const defaultTuning: ProjectionTuning = {
    batchSize: 1000,
    commitEvents: 20_000,
    commitEveryMs: 1000,
    commitBytes: 8 * 1024 * 1024,
    cacheBytes: 32 * 1024 * 1024,
    maxAttempts: 5,
    retryMs: 100,
    faultPolicy: 'stop',
    leaseMs: 10_000
};
