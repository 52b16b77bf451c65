import type {Event} from '../events/index.ts';

/** The value that an event gives an aggregate under a key: `undefined` leaves it as it is, `null` gives it up. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any payload's fields may be looked at
export type UniqueKey = (payload: any, event: Event) => unknown;

export interface AggregateOptions {
    /** Rises with every change of the projector: snapshots that were taken under another version are not used. @default 0 */
    readonly projectorVersion?: number | undefined;
    /** When snapshots are taken: these settings win over those of the config, each on its own; `false` switches snapshots off. */
    readonly snapshots?: SnapshotOptions | false | undefined;
    /**
     * `serialized`: commands on one aggregate id wait for each other within a process, so that they never conflict there. `optimistic`: they run at once, and the later one
     * fails with a `ConflictError`. @default 'optimistic'
     */
    readonly concurrency?: 'optimistic' | 'serialized' | undefined;
    /**
     * Values that no two aggregates of this kind may hold at a time: for each key, the value that an event gives the aggregate, by the event's payload. `undefined` leaves it as it is, `null` gives it up. A command whose events
     * claim a value of another aggregate fails with `UNIQUE_KEY_TAKEN`.
     */
    readonly uniqueKeys?: Readonly<Record<string, UniqueKey>> | undefined;
    /** How many times a command is decided anew when another one was faster. @default 0 */
    readonly retryOnConflict?: number | undefined;
}

/** When snapshots are taken. They are written after the command was answered. */
export interface SnapshotOptions {
    /** The store that they are kept in: an adapter, or one of the keys of the config's `stores`. @default the internal store */
    readonly store?: object | string | false | undefined;
    /** As soon as there are so many events since the last one. */
    readonly every?: number | false | undefined;
    /** As soon as loading has taken longer than so many ms. */
    readonly afterMs?: number | false | undefined;
}

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What is wrong with an aggregate's options, if anything. */
export function optionsProblem(options: AggregateOptions): string | undefined {
    const unknown = Object.keys(options).find(key => !OPTIONS.has(key));
    if (unknown !== undefined)
        return `'${unknown}' is not an option (${[...OPTIONS].join(', ')}).`;
    const {projectorVersion = 0, concurrency = 'optimistic', retryOnConflict = 0, snapshots} = options;
    if (!isCount(projectorVersion))
        return '\'projectorVersion\' must be a whole number from 0.';
    if (concurrency !== 'optimistic' && concurrency !== 'serialized')
        return '\'concurrency\' must be \'optimistic\' or \'serialized\'.';
    if (!isCount(retryOnConflict))
        return '\'retryOnConflict\' must be a whole number from 0.';
    return uniqueKeysProblem(options.uniqueKeys) ?? snapshotsProblem(snapshots);
}

const uniqueKeysProblem = (uniqueKeys: unknown): string | undefined =>
    uniqueKeys === undefined || typeof uniqueKeys === 'object' && uniqueKeys !== null && Object.values(uniqueKeys).every(valueOf => typeof valueOf === 'function')
        ? undefined : '\'uniqueKeys\' must be an object of functions: {email: payload => payload.email}.';

const OPTIONS = new Set(['projectorVersion', 'snapshots', 'concurrency', 'retryOnConflict', 'uniqueKeys']);
const SNAPSHOT_OPTIONS = new Set(['store', 'every', 'afterMs']);

/** What is wrong with settings of snapshots, if anything. */
export function snapshotsProblem(snapshots: SnapshotOptions | false | undefined): string | undefined {
    if (snapshots === undefined || snapshots === false)
        return undefined;
    if (typeof snapshots !== 'object' || snapshots as unknown === null)
        return '\'snapshots\' must be {store?, every?, afterMs?} or false.';
    const unknown = Object.keys(snapshots).find(key => !SNAPSHOT_OPTIONS.has(key));
    if (unknown !== undefined)
        return `'snapshots.${unknown}' is not a setting (${[...SNAPSHOT_OPTIONS].join(', ')}).`;
    return thresholdProblem(snapshots);
}

function thresholdProblem({every = false, afterMs = false}: SnapshotOptions): string | undefined {
    if (every !== false && !(isCount(every) && every > 0))
        return '\'snapshots.every\' must be a number of events from 1, or false.';
    if (afterMs !== false && !(Number.isFinite(afterMs) && afterMs >= 0))
        return '\'snapshots.afterMs\' must be a number of ms, or false.';
    return undefined;
}
