import {delay} from '../shared/delay.ts';
import type {ProjectionDefinition} from './projection-definitions.ts';
import type {ProjectionWork} from './projection-work.ts';
import type {ProjectionState} from './worker-status.ts';

export interface ProjectionProgress {
    /** Everything up to here has been handled; -1n: nothing yet. */
    readonly position: bigint;
    /** The end of the event store, as far as it is known. */
    readonly head: bigint;
    /** Events handled by this process since it started. */
    readonly processed: number;
    /** Over the last seconds, in this process. */
    readonly eventsPerSecond: number;
    /** How long it will take to reach `head` at this pace, in ms; `undefined` when there is no telling. 0 when it is live. */
    readonly etaMs: number | undefined;
    /** How far `position` lies behind `head`, in positions. */
    readonly lag: bigint;
    /** From 0 to 1: how much of the event store lies behind. */
    readonly ratio: number;
}

export interface WaitOptions {
    readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions extends WaitOptions {
    /** The shortest time between two reports, in ms. @default 200 */
    readonly intervalMs?: number | undefined;
}

const WATCH_INTERVAL_MS = 200;

/** One version of a projection, as `getProjection` shows it. It is always up to date. */
export class Projection {
    /** `name@version`. */
    readonly id: string;
    readonly name: string;
    readonly version: number;
    readonly projectorName: string;
    readonly projectorVersion: number;
    readonly storeName: string;
    readonly #work: ProjectionWork | undefined;
    readonly #isActive: () => boolean;

    constructor(definition: ProjectionDefinition, work: ProjectionWork | undefined, isActive: () => boolean) {
        this.id = `${definition.name}@${definition.version}`;
        this.name = definition.name;
        this.version = definition.version;
        this.projectorName = definition.projectorName;
        this.projectorVersion = definition.projectorVersion;
        this.storeName = definition.storeName;
        this.#work = work;
        this.#isActive = isActive;
    }

    get state(): ProjectionState {
        return this.#work?.state ?? 'unavailable';
    }

    /** What went wrong, in the states `waiting` and `faulted`; there a handler's failure carries `eventId`, `eventType` and `position`. */
    get error(): Error | undefined {
        return this.#work?.error;
    }

    /** Whether read models and effects use this version. */
    get isActive(): boolean {
        return this.#isActive();
    }

    get isReplaying(): boolean {
        return this.state === 'replaying';
    }

    /** Whether it has caught up and follows events as they come, here or in the process that works on it. */
    get isLiveTracking(): boolean {
        return this.#work?.isLive ?? false;
    }

    get position(): bigint {
        return this.#work?.position ?? -1n;
    }

    get head(): bigint {
        return this.#work?.head ?? -1n;
    }

    get progress(): ProjectionProgress {
        const {position, head, isLiveTracking} = this;
        const lag = head > position ? head - position : 0n;
        const ratio = head < 0n || lag === 0n ? 1 : Number(position + 1n) / Number(head + 1n);
        return {
            position, head, lag,
            processed: this.#work?.processed ?? 0,
            eventsPerSecond: Math.round(this.#work?.eventsPerSecond ?? 0),
            etaMs: isLiveTracking ? 0 : timeFor(lag, this.#work?.positionsPerSecond ?? 0),
            ratio: isLiveTracking ? 1 : ratio
        };
    }

    /**
     * Reports progress whenever it has changed, the first time at once, until the signal aborts or the loop is left.
     *
     * @example
     * for await (const {ratio, etaMs} of projection.watch({signal})) console.log(ratio, etaMs);
     */
    async *watch({signal, intervalMs = WATCH_INTERVAL_MS}: WatchOptions = {}): AsyncGenerator<ProjectionProgress & {readonly state: ProjectionState}, void, undefined> {
        const left = new AbortController();
        const ending = signal === undefined ? left.signal : AbortSignal.any([left.signal, signal]);
        try {
            while (!ending.aborted) {
                const changed = this.#work?.next(['state', 'batch'], ending);
                const pause = delay(intervalMs, ending);
                yield {...this.progress, state: this.state};
                if (changed === undefined)
                    return;
                await Promise.all([changed, pause]);
            }
        } finally {
            left.abort();
        }
    }

    /**
     * Resolves when it is live, in this process or in another.
     *
     * @throws the projection's error when it is faulted; the signal's reason when it aborts
     */
    async untilLive({signal}: WaitOptions = {}): Promise<void> {
        while (!this.isLiveTracking) {
            signal?.throwIfAborted();
            if (this.#work === undefined || this.state === 'faulted')
                throw this.error ?? new Error(`Projection '${this.id}' is ${this.state}.`);
            await this.#work.next(['state'], signal);
        }
    }

    /** A plain form for `JSON.stringify`; positions as strings. */
    toJSON(): Record<string, unknown> {
        const {id, name, version, projectorName, projectorVersion, storeName, state, isActive, isReplaying, isLiveTracking} = this;
        const {position, head, lag, ...progress} = this.progress;
        return {
            id, name, version, projectorName, projectorVersion, storeName, state, isActive, isReplaying, isLiveTracking,
            progress: {position: position.toString(), head: head.toString(), lag: lag.toString(), ...progress},
            ...(this.error === undefined ? {} : {error: this.error.message})
        };
    }
}

const timeFor = (positions: bigint, perSecond: number): number | undefined =>
    perSecond > 0 ? Math.round(Number(positions) / perSecond * 1000) : undefined;
