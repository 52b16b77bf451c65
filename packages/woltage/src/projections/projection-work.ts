import type {Instances} from './instances.ts';
import type {ProjectionWorker} from './projection-worker.ts';
import type {ProjectionState, StatusChange} from './worker-status.ts';

/** The worst that a slice can be in decides for the whole. */
const SEVERITY: readonly ProjectionState[] = ['faulted', 'waiting', 'stopped', 'replaying'];

const min = (values: readonly bigint[]): bigint => values.reduce((a, b) => b < a ? b : a);
const max = (values: readonly bigint[]): bigint => values.reduce((a, b) => b > a ? b : a);

/** The work on one version of a projection: one slice, or several where it is partitioned. */
export class ProjectionWork {
    readonly workers: readonly ProjectionWorker[];

    constructor(workers: readonly ProjectionWorker[]) {
        this.workers = workers;
    }

    get state(): ProjectionState {
        const states = this.workers.map(({status}) => status.state);
        for (const state of SEVERITY) {
            if (states.includes(state))
                return state;
        }
        if (states.every(state => state === 'standby'))
            return 'standby';
        return this.isLive ? 'live' : 'replaying';
    }

    get error(): Error | undefined {
        const {state} = this;
        return this.workers.find(({status}) => status.state === state)?.status.error;
    }

    /** Whether all of it has caught up, here or in other processes. */
    get isLive(): boolean {
        return this.workers.every(({status}) => status.isLive);
    }

    /** Everything up to here has been handled and committed. */
    get position(): bigint {
        return min(this.workers.map(({position}) => position));
    }

    get head(): bigint {
        return max(this.workers.flatMap(({progress, position}) => [progress.head, position]));
    }

    get processed(): number {
        return this.workers.reduce((sum, {progress}) => sum + progress.processed, 0);
    }

    get eventsPerSecond(): number {
        return this.workers.reduce((sum, {progress}) => sum + progress.rate.eventsPerSecond, 0);
    }

    /** How fast the slowest slice moves forward. */
    get positionsPerSecond(): number {
        const [slowest] = [...this.workers].sort((a, b) => a.position < b.position ? -1 : 1);
        return slowest?.progress.rate.positionsPerSecond ?? 0;
    }

    async start(): Promise<void> {
        await Promise.all(this.workers.map(worker => worker.start()));
    }

    async stop(): Promise<void> {
        await Promise.all(this.workers.map(worker => worker.stop()));
    }

    wake(): void {
        for (const worker of this.workers)
            worker.wake();
    }

    /** Resolves when everything up to the position has been handled and committed. @throws UnavailableError `POSITION_TIMEOUT` */
    async reached(position: bigint, timeoutMs: number, signal?: AbortSignal): Promise<void> {
        await Promise.all(this.workers.map(worker => worker.reached(position, timeoutMs, signal)));
    }

    /** Resolves at the next change of one of these kinds, or when the signal aborts. */
    async next(changes: readonly StatusChange[], signal?: AbortSignal): Promise<void> {
        const done = new AbortController();
        const ending = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
        await Promise.race(this.workers.map(({status}) => status.next(changes, ending)));
        done.abort();
    }
}

/** How many slices of a partitioned projection this process should work on. */
export class SliceShare {
    readonly #instances: Instances;
    readonly #count: number;
    #workers: readonly ProjectionWorker[] = [];
    #reserved = 0;

    constructor(count: number, instances: Instances) {
        this.#count = count;
        this.#instances = instances;
    }

    /** The slices that are shared out. */
    set workers(workers: readonly ProjectionWorker[]) {
        this.#workers = workers;
    }

    /**
     * Asks for one more slice.
     *
     * @returns A function to call when it has been taken, or could not be; `undefined` when this process has its share
     */
    readonly reserve = (): (() => void) | undefined => {
        if (this.#count > 1 && this.#owned + this.#reserved >= this.#fair)
            return undefined;
        this.#reserved++;
        return () => {
            this.#reserved--;
        };
    };

    readonly mustYield = (): boolean => this.#count > 1 && this.#owned > this.#fair;

    get #owned(): number {
        return this.#workers.filter(({isOwner}) => isOwner).length;
    }

    get #fair(): number {
        return Math.ceil(this.#count / this.#instances.count);
    }
}
