import {UnavailableError} from 'woltage';

export const closedError = (cause?: unknown): UnavailableError =>
    new UnavailableError('The Kafka broker was closed while it was waited for; messages that were under way may have been published.', {code: 'CLOSED', cause});

/** What a call gives; a failure as soon as the signal aborts, whatever becomes of the call. */
export function unlessAborted<R>(signal: AbortSignal, call: () => Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
        if (signal.aborted) {
            reject(closedError());
            return;
        }
        const abort = (): void => reject(closedError());
        signal.addEventListener('abort', abort);
        call().then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
}
