import type {Clock} from './clock.ts';

export interface TimeLimit {
    readonly clock: Clock;
    /** How long it may take, in ms of the clock. */
    readonly ms: number;
    /** What its signal aborts with when the time is over. */
    readonly late: () => Error;
    /** Ends it earlier: its signal aborts with the same reason. */
    readonly ending: AbortSignal;
}

/**
 * Runs something until it is done, its time is over, or it is ended: its signal aborts then, and whoever waits goes on. When it is over nothing of it is left at `ending`, which may live long.
 *
 * @throws the signal's reason, and what `work` throws
 */
export async function withinTime<R>({clock, ms, late, ending}: TimeLimit, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    ending.throwIfAborted();
    // Linked by hand: Node holds what AbortSignal.any makes for as long as somebody listens to it, and remembers some of it even after that.
    const controller = new AbortController();
    const over = new AbortController();
    let end = (): void => undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
        const abort = (reason: unknown): void => {
            controller.abort(reason);
            reject(reason);
        };
        end = () => abort(ending.reason);
        ending.addEventListener('abort', end);
        clock.delay(ms, over.signal).then(() => over.signal.aborted ? undefined : abort(late()), reject);
    });
    try {
        return await Promise.race([work(controller.signal), aborted]);
    } finally {
        ending.removeEventListener('abort', end);
        over.abort();
    }
}
