import {StaleRecordError} from '../errors/index.ts';
import {delay} from '../shared/delay.ts';
import {sliceKey} from './checkpoint.ts';
import {FAULT, faultOf, writeFault} from './fault.ts';
import {FaultPolicy} from './fault-policy.ts';
import {HandlerFailure} from './handler-failure.ts';
import type {WorkerOptions} from './worker-options.ts';
import type {WorkerStatus} from './worker-status.ts';

/** What a worker does about failures: outages are waited out, handlers are tried again, and what keeps failing stops the slice or is put aside. */
export class Recovery {
    readonly #options: WorkerOptions;
    readonly #status: WorkerStatus;
    readonly #faults: FaultPolicy;

    constructor(options: WorkerOptions, status: WorkerStatus) {
        this.#options = options;
        this.#status = status;
        this.#faults = new FaultPolicy(options.tuning);
    }

    /** To be called when something has been committed: the database is there. */
    progressed(): void {
        this.#faults.progressed();
    }

    /** To be called when all is well again. */
    reset(): void {
        this.#faults.reset();
    }

    /**
     * Deals with what ended a session; resolves when the next one may begin.
     *
     * @param position Where the slice stands
     */
    async after(error: Error, position: bigint, signal: AbortSignal): Promise<void> {
        const pauseMs = this.#faults.failed(error);
        this.#tell(error, pauseMs);
        if (pauseMs !== undefined)
            await delay(pauseMs, signal);
        else if (this.#isPutAside)
            this.#options.runner.aside.park(error as HandlerFailure, this.#faults.attempts);
        else
            await this.#stopAt(error as HandlerFailure, position, signal);
    }

    get #isPutAside(): boolean {
        const {runner, tuning} = this.#options;
        return tuning.faultPolicy === 'dead-letter' && !runner.letters.isFull;
    }

    /** Leaves word for all processes that the projection has stopped, and why. */
    async #stopAt(failure: HandlerFailure, position: bigint, signal: AbortSignal): Promise<void> {
        const {slice, runner, log, id, tuning} = this.#options;
        try {
            await runner.release(position, [writeFault(sliceKey(FAULT, slice), faultOf(failure, this.#faults.attempts))]);
        } catch (error) {
            log.warn({err: error, projection: id}, 'The fault of a projection could not be written down');
            await delay(tuning.retryMs, signal);
        }
        this.#faults.reset();
    }

    #tell(error: Error, pauseMs: number | undefined): void {
        const {id, log} = this.#options;
        const isFinal = pauseMs === undefined;
        this.#status.set(isFinal && !this.#isPutAside ? 'faulted' : 'waiting', error);
        if (error instanceof HandlerFailure)
            log[isFinal ? 'error' : 'warn']({err: error, projection: id, event: error.eventId, position: error.position.toString(), attempt: this.#faults.attempts},
                isFinal ? 'Projection handler keeps failing' : 'Projection handler failed and is tried again');
        else
            log.warn({err: error, projection: id, pauseMs},
                error instanceof StaleRecordError ? 'Another process has taken this projection over' : 'Projection waits for its database');
    }
}
