import type {ProjectionDefinition} from './projection-records.ts';
import type {ProjectionWorker} from './projection-worker.ts';
import type {ProjectionState} from './worker-status.ts';

export interface ProjectionProgress {
    /** Everything up to here has been handled; -1n: nothing yet. */
    readonly position: bigint;
    /** The end of the event store, as far as it is known. */
    readonly head: bigint;
    /** Events handled since the start of the process. */
    readonly processed: number;
    /** From 0 to 1: how much of the event store lies behind. */
    readonly ratio: number;
}

/** One version of a projection, as `getProjection` shows it. It is always up to date. */
export class Projection {
    /** `name@version`. */
    readonly id: string;
    readonly name: string;
    readonly version: number;
    readonly projectorName: string;
    readonly projectorVersion: number;
    readonly storeName: string;
    readonly #worker: ProjectionWorker | undefined;
    readonly #isActive: () => boolean;

    constructor(definition: ProjectionDefinition, worker: ProjectionWorker | undefined, isActive: () => boolean) {
        this.id = `${definition.name}@${definition.version}`;
        this.name = definition.name;
        this.version = definition.version;
        this.projectorName = definition.projectorName;
        this.projectorVersion = definition.projectorVersion;
        this.storeName = definition.storeName;
        this.#worker = worker;
        this.#isActive = isActive;
    }

    get state(): ProjectionState {
        return this.#worker?.state ?? 'unavailable';
    }

    /** What went wrong, in the states `waiting` and `faulted`. */
    get error(): Error | undefined {
        return this.#worker?.error;
    }

    /** Whether read models and effects use this version. */
    get isActive(): boolean {
        return this.#isActive();
    }

    get isReplaying(): boolean {
        return this.state === 'replaying';
    }

    /** Whether it has caught up and follows events as they come. */
    get isLiveTracking(): boolean {
        return this.state === 'live';
    }

    get position(): bigint {
        return this.#worker?.position ?? -1n;
    }

    get head(): bigint {
        return this.#worker?.head ?? -1n;
    }

    get progress(): ProjectionProgress {
        const {position, head} = this;
        const ratio = head < 0n || position >= head ? 1 : Number(position + 1n) / Number(head + 1n);
        return {position, head, processed: this.#worker?.processed ?? 0, ratio: this.isLiveTracking ? 1 : ratio};
    }

    /** Resolves when it is live. @throws the projection's error when it is faulted; the signal's reason when it aborts */
    async untilLive({signal}: {readonly signal?: AbortSignal} = {}): Promise<void> {
        await this.#worker?.untilState(['live', 'faulted'], signal);
        if (!this.isLiveTracking)
            throw this.error ?? new Error(`Projection '${this.id}' is ${this.state}.`);
    }

    /** A plain form for `JSON.stringify`; positions as strings. */
    toJSON(): Record<string, unknown> {
        const {id, name, version, projectorName, projectorVersion, storeName, state, isActive, isReplaying, isLiveTracking} = this;
        const {position, head, processed, ratio} = this.progress;
        return {
            id, name, version, projectorName, projectorVersion, storeName, state, isActive, isReplaying, isLiveTracking,
            progress: {position: position.toString(), head: head.toString(), processed, ratio},
            ...(this.error === undefined ? {} : {error: this.error.message})
        };
    }
}
