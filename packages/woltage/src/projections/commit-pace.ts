import type {ProjectionTuning} from './tuning.ts';
import type {UnitOfWork} from './unit-of-work.ts';

/** The longest that a batch goes on once an effect has run, in ms: what a crash would repeat stays small. */
const COMMIT_AFTER_EFFECT_MS = 20;

/** Knows when a batch ought to be committed: bounded by events, bytes and time. */
export class CommitPace {
    readonly #tuning: ProjectionTuning;
    #events = 0;
    #began = 0;
    #hasFired = false;

    constructor(tuning: ProjectionTuning) {
        this.#tuning = tuning;
    }

    /** How many events have been handled, or begun, since the last commit. */
    get events(): number {
        return this.#events;
    }

    /** When the first of them was begun, by `performance.now()`. */
    get began(): number {
        return this.#began;
    }

    /** To be called when an event is begun. */
    begin(): void {
        if (this.#events++ === 0)
            this.#began = performance.now();
    }

    /** To be called when an effect has run. */
    fired(): void {
        this.#hasFired = true;
    }

    /** To be called when everything has been committed. */
    settled(): void {
        this.#events = 0;
        this.#hasFired = false;
    }

    isDue(work: UnitOfWork): boolean {
        const {commitEvents, commitEveryMs, commitBytes} = this.#tuning;
        return this.#events >= commitEvents || work.wantsCommit || work.pendingBytes > commitBytes
            || performance.now() - this.#began > (this.#hasFired ? COMMIT_AFTER_EFFECT_MS : commitEveryMs);
    }
}
