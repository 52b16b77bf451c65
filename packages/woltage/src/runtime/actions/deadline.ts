import {UnavailableError} from '../../errors/index.ts';
import {systemClock, type Clock} from '../../shared/clock.ts';

/**
 * Runs something that nobody repeats, for some ms at most: its signal aborts then, and whoever waits for it goes on.
 *
 * @throws UnavailableError `ACTION_TIMEOUT`
 */
export async function withDeadline<R>(ms: number, clock: Clock = systemClock, run: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const abort = new AbortController();
    const over = new AbortController();
    const late = clock.delay(ms, over.signal).then(() => {
        if (over.signal.aborted)
            return undefined as never;
        const error = new UnavailableError(`The action took longer than ${ms} ms. What it has done until then is done.`, {code: 'ACTION_TIMEOUT'});
        abort.abort(error);
        throw error;
    });
    try {
        return await Promise.race([run(abort.signal), late]);
    } finally {
        over.abort();
    }
}
